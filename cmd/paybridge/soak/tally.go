package soak

import (
	"encoding/json"
	"io"
	"maps"
	"sync"
	"time"

	"paybridge/internal/secret/leak"
)

// tally counts what happens, and looks for secrets in everything that comes to
// light.
type tally struct {
	finder *leak.Finder
	log    io.Writer

	mu sync.Mutex
	counts
}

// counts are what a tally has counted so far.
type counts struct {
	begun    time.Time
	payments int
	faults   map[Fault]int
	// healths :: status of a health answer → how often.
	healths map[int]int
	// invocations and failed are those that the handler logged, messages what
	// they were given.
	invocations, failed, messages int
	// redelivered are batches with a message that was delivered more than once,
	// again what could not be done within an invocation, races how often
	// somebody wrote a row in between.
	redelivered, again, races int
	// leaks is how many secrets came to light, secrets the first of them.
	leaks   int
	secrets []leak.Finding
	// runs are those of reconcile that ended well, found what they put on the
	// queues, last the last of them.
	runs, found int
	last        reconciled
	// waits are how long rows took to agree after something had happened.
	waits []time.Duration
}

func newTally(log io.Writer) *tally {
	if log == nil {
		log = io.Discard
	}
	return &tally{log: log, counts: counts{begun: time.Now(), faults: map[Fault]int{}, healths: map[int]int{}}}
}

func (t *tally) fault(kind Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[kind]++
}

func (t *tally) led() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.payments++
}

func (t *tally) waited(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = append(t.waits, d)
}

func (t *tally) health(status int, text string) {
	t.search("the health answer", text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.healths[status]++
}

// mostSecrets bounds how many findings are shown.
const mostSecrets = 20

// search looks for secrets.
func (t *tally) search(where, text string) {
	found := t.finder.Find(where, text)
	if len(found) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaks += len(found)
	t.secrets = append(t.secrets, found[:min(len(found), mostSecrets-len(t.secrets))]...)
}

// logged is what is counted of a line of the handler.
type logged struct {
	Message    string `json:"msg"`
	Outcome    string `json:"outcome"`
	Queue      string `json:"queue"`
	Messages   int    `json:"messages"`
	Deliveries int    `json:"delivery_count_max"`
	Conflicts  int    `json:"conflicts"`
	Function   string `json:"function"`
	reconciled
}

// reconciled is what a run of reconcile found out of step.
type reconciled struct {
	Slow        bool   `json:"slow"`
	Undelivered int    `json:"undelivered"`
	Missed      int    `json:"missed"`
	Stale       int    `json:"stale"`
	Unlinked    int    `json:"unlinked"`
	Unanswered  int    `json:"unanswered"`
	Held        int    `json:"held"`
	Cut         string `json:"cut_short"`
	at          time.Time
}

func (r reconciled) found() int {
	return r.Undelivered + r.Missed + r.Stale + r.Unlinked + r.Unanswered
}

// line takes a line of the host's process: of the handler's log, of its own, or
// about a message that was sent.
func (t *tally) line(text []byte) {
	var l logged
	if json.Unmarshal(text, &l) != nil {
		l.Message = ""
	}
	where := "a log line"
	if l.Queue != "" {
		where = "a message on " + l.Queue
	}
	t.search(where, string(text))
	t.mu.Lock()
	defer t.mu.Unlock()
	// A log that cannot be kept is no reason to stop.
	_, _ = t.log.Write(append(text, '\n'))
	switch l.Message {
	case "invocation":
		t.invocations++
		if l.Function == "reconcile" && l.Outcome == "ok" {
			t.runs++
			t.found += l.found()
			t.last = l.reconciled
			t.last.at = time.Now()
		}
		if l.Outcome != "ok" {
			t.failed++
		}
		t.messages += l.Messages
		if l.Deliveries > 1 {
			t.redelivered++
		}
	case "hint", "row change":
		t.races += l.Conflicts
		if l.Outcome == "again" {
			t.again++
		}
	}
}

// snapshot are the counts at this moment.
func (t *tally) snapshot() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.counts
	now.faults, now.healths = maps.Clone(t.faults), maps.Clone(t.healths)
	return now
}
