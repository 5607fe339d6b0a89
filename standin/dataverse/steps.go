package dataverse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// jobsBucket holds the posts that are still to be made, by the GUID of their
// system job.
var jobsBucket = []byte("jobs")

// stepJob is one post that a step has to make.
type stepJob struct {
	// ID is the GUID of the system job.
	ID       string `json:"id"`
	Step     string `json:"step"`
	Endpoint string `json:"endpoint"`
	Table    string `json:"table"`
	Message  string `json:"message"`
	// Request and Correlation are the GUIDs of the headers.
	Request     string `json:"request"`
	Correlation string `json:"correlation"`
	Body        []byte `json:"body"`
	Exceeded    bool   `json:"exceeded,omitempty"`
	// NotBefore is when the post may be made, Attempts how many were made.
	NotBefore time.Time `json:"notBefore"`
	Attempts  int       `json:"attempts"`
	// Again asks for a second post although the first was taken.
	Again bool `json:"again,omitempty"`
}

// enqueueSteps makes a system job for each enabled step that listens to a
// change, in the transaction of the change: neither is there without the other.
func (x *tx) enqueueSteps(changes []Change) (int, error) {
	made := 0
	steps := x.schema.tables["sdkmessageprocessingstep"]
	for _, change := range changes {
		if change.Table == "asyncoperation" {
			continue
		}
		err := x.each(steps, func(step *Row) error {
			if !x.listens(step, change) {
				return nil
			}
			made++
			return x.enqueue(step, change)
		})
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// listens reports whether an enabled asynchronous step is registered for the
// change: for its message and table, and for an Update for one of the columns
// that were sent, changed or not. No columns means all.
func (x *tx) listens(step *Row, change Change) bool {
	if step.Values["statecode"] != jsonNumber("0") || step.Values["mode"] != jsonNumber("1") {
		return false
	}
	message, _ := step.Values["sdkmessageid"].(Ref)
	filter, _ := step.Values["sdkmessagefilterid"].(Ref)
	if message.ID != seedID("sdkmessage", change.Message) || filter.ID != "" && filter.ID != filterID(change.Message, change.Table) {
		return false
	}
	columns, _ := step.Values["filteringattributes"].(string)
	if change.Message != messageUpdate || columns == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(columns, ","), func(name string) bool {
		return slices.Contains(change.Columns, strings.TrimSpace(name))
	})
}

// enqueue stores the post and the row of its system job.
func (x *tx) enqueue(step *Row, change Change) error {
	endpoint, _ := step.Values["eventhandler"].(Ref)
	job := stepJob{
		ID: uuid.NewString(), Step: step.ID, Endpoint: endpoint.ID, Table: change.Table, Message: change.Message,
		Request: uuid.NewString(), Correlation: uuid.NewString(),
	}
	var err error
	if job.Body, job.Exceeded, err = x.executionContext(&job, change); err != nil {
		return err
	}
	x.cfg.Steps.draw(&job)
	row := &Row{ID: job.ID, Values: map[string]any{
		"name": step.Values["name"], "messagename": change.Message, "correlationid": job.Correlation,
		"owningextensionid": Ref{Table: "sdkmessageprocessingstep", ID: step.ID}, "regardingobjectid": change.ID, "primaryentitytype": change.Table,
		"statecode": jsonNumber("0"), "statuscode": jsonNumber(fmt.Sprint(jobWaiting)),
	}}
	jobs := x.schema.tables["asyncoperation"]
	x.stampNew(jobs, row)
	if err := x.put(jobs, nil, row); err != nil {
		return err
	}
	return x.putJob(job)
}

func (x *tx) putJob(job stepJob) error {
	raw, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("encoding a system job: %w", err)
	}
	if err := x.bolt.Bucket(jobsBucket).Put([]byte(job.ID), raw); err != nil {
		return fmt.Errorf("storing a system job: %w", err)
	}
	return nil
}

// endJob notes how a system job ended. One that succeeded disappears when its
// step says so.
func (x *tx) endJob(job stepJob, status int, friendly string) error {
	if err := x.bolt.Bucket(jobsBucket).Delete([]byte(job.ID)); err != nil {
		return fmt.Errorf("removing a system job: %w", err)
	}
	jobs := x.schema.tables["asyncoperation"]
	row, err := x.get(jobs, job.ID)
	if row == nil || err != nil {
		return err
	}
	step, err := x.get(x.schema.tables["sdkmessageprocessingstep"], job.Step)
	if err != nil {
		return err
	}
	if status == jobSucceeded && step != nil && step.Values["asyncautodelete"] == true {
		return x.remove(jobs, row)
	}
	after := row.clone()
	after.Values["statecode"], after.Values["statuscode"] = jsonNumber("3"), jsonNumber(fmt.Sprint(status))
	if friendly != "" {
		after.Values["friendlymessage"] = friendly
	}
	return x.put(jobs, row, after)
}
