package dataverse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// Condition is what has to be true of a row for a write to happen. The zero
// Condition is what the write's own documentation says.
type Condition struct {
	header, value string
}

// IfMatch lets a write happen only while the row has the version that it was
// read with ([Row.ETag]). Otherwise the write ends in an error for which
// [IsConcurrencyConflict] holds.
func IfMatch(etag string) Condition { return Condition{header: "If-Match", value: etag} }

// IfExists lets a write happen only if the row is there, whatever its version.
func IfExists() Condition { return Condition{header: "If-Match", value: "*"} }

// IfAbsent lets a write happen only if the row is not there. Otherwise it ends
// in an error for which [IsDuplicate] holds.
func IfAbsent() Condition { return Condition{header: "If-None-Match", value: "*"} }

var etagForm = regexp.MustCompile(`^(W/)?"[!#-~]{1,64}"$`)

func (c Condition) check() error {
	if c.header == "" || c.value == "*" || etagForm.MatchString(c.value) {
		return nil
	}
	return errors.New("the ETag is not one that Dataverse gave out")
}

// WriteOptions says how a write is done. The zero value is fine.
type WriteOptions struct {
	Condition Condition
	// Representation asks for the row as it is after the write; Select limits
	// its columns.
	Representation bool
	Select         []string
	// Solution is the unique name of the solution that a component goes into,
	// such as a security role; empty for rows that are data.
	Solution string
}

// Written is what a write tells.
type Written struct {
	// Created says that the row is new. After an upsert it is only known if
	// the representation was asked for.
	Created bool
	// ID is the GUID of the row where Dataverse told it, else zero: a write by
	// alternate key without representation does not tell it.
	ID uuid.UUID
	// Row is the row after the write where it was asked for.
	Row Row
}

// Method is what an [Operation] does.
type Method int

// The methods. Their rules are those of the functions of the [Client] with the
// same names.
const (
	Create Method = iota + 1
	Update
	Upsert
	Delete
)

// Operation is one write.
type Operation struct {
	Method Method
	Set    string
	// Key is empty for Create and needed for all others.
	Key     Key
	Values  Values
	Options WriteOptions
}

// Create makes a new row; Dataverse gives it a GUID. It is not repeated once
// it may have reached Dataverse, because that could make two rows: whoever
// must not lose it uses Upsert with a key and IfAbsent.
func (c *Client) Create(ctx context.Context, set string, values Values, opts *WriteOptions) (Written, error) {
	return c.Write(ctx, Operation{Method: Create, Set: set, Values: values, Options: value(opts)})
}

// Update changes a row that is there. Without a condition it is IfExists: an
// update never creates a row. After a lost answer the update is sent again,
// and one that had happened the first time then ends in a concurrency conflict;
// reading the row tells.
func (c *Client) Update(ctx context.Context, set string, key Key, values Values, opts *WriteOptions) (Written, error) {
	return c.Write(ctx, Operation{Method: Update, Set: set, Key: key, Values: values, Options: value(opts)})
}

// Upsert changes a row or makes it if it is not there; with IfAbsent it only
// makes it. Two upserts that race for the same new key are settled by Dataverse
// with an error for the loser, who is sent again and then updates.
func (c *Client) Upsert(ctx context.Context, set string, key Key, values Values, opts *WriteOptions) (Written, error) {
	return c.Write(ctx, Operation{Method: Upsert, Set: set, Key: key, Values: values, Options: value(opts)})
}

// Delete removes a row. A row that is not there is an error for which
// [IsNotFound] holds, also when a first attempt removed it and its answer was
// lost.
func (c *Client) Delete(ctx context.Context, set string, key Key, opts *WriteOptions) error {
	_, err := c.Write(ctx, Operation{Method: Delete, Set: set, Key: key, Options: value(opts)})
	return err
}

// Write does one operation.
func (c *Client) Write(ctx context.Context, op Operation) (Written, error) {
	r, err := op.request()
	if err != nil {
		return Written{}, fmt.Errorf("%s: %w", op.gerund(), err)
	}
	resp, body, err := c.do(ctx, r)
	if err != nil {
		return Written{}, err
	}
	return op.written(resp.StatusCode, resp.Header, body)
}

func value(opts *WriteOptions) WriteOptions {
	if opts == nil {
		return WriteOptions{}
	}
	return *opts
}

// gerund names the operation in errors: the table, never the key or a value.
func (op Operation) gerund() string {
	verb := "writing"
	switch op.Method {
	case Create:
		verb = "creating"
	case Update:
		verb = "updating"
	case Upsert:
		verb = "upserting"
	case Delete:
		verb = "deleting"
	}
	set := op.Set
	if checkName(set) != nil {
		set = "a table"
	}
	return verb + " a row of " + set
}

// request turns the operation into the request that the Web API wants.
func (op Operation) request() (request, error) {
	r := request{operation: op.gerund(), header: http.Header{}}
	condition := op.Options.Condition
	switch op.Method {
	case Create:
		r.method, r.repeat = http.MethodPost, onlyOnce
		if !op.Key.IsZero() || condition != (Condition{}) {
			return r, errors.New("a create takes neither a key nor a condition")
		}
	case Update:
		r.method = http.MethodPatch
		if condition == (Condition{}) {
			condition = IfExists()
		}
		if condition == IfAbsent() {
			return r, errors.New("an update of an absent row is an upsert")
		}
	case Upsert:
		r.method = http.MethodPatch
		if condition == (Condition{}) {
			r.repeat = alsoAfterRace
		} else if condition != IfAbsent() {
			return r, errors.New("an upsert of a row that exists is an update")
		}
	case Delete:
		r.method = http.MethodDelete
		if condition == IfAbsent() || op.Options.Representation {
			return r, errors.New("a delete takes no row and leaves none")
		}
	default:
		return r, fmt.Errorf("method %d is not known", op.Method)
	}
	if err := condition.check(); err != nil {
		return r, err
	}
	if condition.header != "" {
		r.header.Set(condition.header, condition.value)
	}
	if err := setSolution(r.header, op.Options.Solution); err != nil {
		return r, err
	}
	return r, op.fill(&r)
}

// fill adds address and body.
func (op Operation) fill(r *request) (err error) {
	if op.Method == Create {
		err, r.path = checkName(op.Set), op.Set
	} else {
		r.path, err = rowPath(op.Set, op.Key)
	}
	if err != nil {
		return err
	}
	if op.Options.Representation {
		r.header.Set("Prefer", "return=representation")
		if r.query, err = (Query{Select: op.Options.Select}).options(); err != nil {
			return err
		}
	}
	if op.Method != Delete {
		r.body, err = op.Values.encode(op.Key)
	}
	return err
}

// written reads the answer to a write that happened.
func (op Operation) written(status int, header http.Header, body []byte) (Written, error) {
	w := Written{Created: op.Method == Create || status == http.StatusCreated}
	if op.Options.Condition == IfAbsent() {
		w.Created = true
	}
	// The entity id ends in a GUID, or in the alternate key that was used.
	id := header.Get("OData-EntityId")
	if from := strings.LastIndexByte(id, '('); from >= 0 && strings.HasSuffix(id, ")") {
		if guid, err := parseGUID(id[from+1 : len(id)-1]); err == nil {
			w.ID = guid
		}
	}
	if !op.Options.Representation {
		return w, nil
	}
	if err := json.Unmarshal(body, &w.Row); err != nil {
		return w, fmt.Errorf("%s: reading the row that it returns: %w", op.gerund(), err)
	}
	if w.Row.ETag == "" {
		w.Row.ETag = header.Get("ETag")
	}
	return w, nil
}
