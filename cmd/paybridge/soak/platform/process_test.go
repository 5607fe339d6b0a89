package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
	"paybridge/internal/backoff"
	"paybridge/standin/servicebus"
)

// asHost makes the test's binary the process that is killed.
const asHost = "PAYBRIDGE_TEST_PLATFORM_HOST"

func TestMain(m *testing.M) {
	if os.Getenv(asHost) == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// rig starts processes on the same data, with ends that nobody can reach, and
// keeps their lines.
type rig struct {
	t    *testing.T
	spec Spec
	// held keeps the lines from being taken while it is locked.
	held sync.Mutex

	mu    sync.Mutex
	lines []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	packtest.Consult(t)
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	packed, err := pack.Pack(t.Context(), pack.Config{Root: root, Dist: filepath.Join(dir, "dist")})
	if err != nil {
		t.Fatal(err)
	}
	const nowhere = "http://127.0.0.1:1"
	return &rig{t: t, spec: Spec{
		Dist: packed.Dist, Data: filepath.Join(dir, "data"), MaxDeliveryCount: 1, FunctionKeys: map[string]string{"default": "a key"},
		Settings: map[string]string{
			"DataverseUrl": nowhere, "StripeApiBase": nowhere, "StripeSecretKey": "sk_test_platform", "StripeWebhookSecret": "whsec_platform",
			"ReconcileSchedule": "0 0 0 1 1 *",
		},
	}}
}

func (r *rig) start() *Process {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asHost+"=1")
	p, err := Start(r.t.Context(), cmd, r.spec, func(line []byte) {
		r.held.Lock()
		defer r.held.Unlock()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, string(line))
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(p.Kill)
	return p
}

// until waits until the process is as it should be.
func (r *rig) until(p *Process, what string, is func(State) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for {
		s, err := p.State(ctx)
		if err != nil {
			r.t.Fatalf("waiting until %s: %v", what, err)
		}
		if is(s) {
			return
		}
		if err := backoff.Wait(ctx, 10*time.Millisecond); err != nil {
			r.t.Fatalf("waiting until %s: %v in state %+v", what, err, s)
		}
	}
}

// count returns how many lines there are with this message that say so.
func (r *rig) count(message, says string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, line := range r.lines {
		var l struct {
			Message string `json:"msg"`
		}
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == message && strings.Contains(line, says) {
			n++
		}
	}
	return n
}

// TestNoLineIsLostByAKill lets the handler print while nobody reads, and kills
// the host before anybody does.
func TestNoLineIsLostByAKill(t *testing.T) {
	r := newRig(t)
	p := r.start()
	const messages = 40
	r.held.Lock()
	bodies := make([][]byte, messages)
	for i := range bodies {
		bodies[i] = fmt.Appendf(nil, "poison %d", i)
	}
	if err := p.Send(t.Context(), local.EventsQueue, bodies...); err != nil {
		t.Fatal(err)
	}
	r.until(p, "the poison is gone", func(s State) bool { return s.Queues[local.EventsQueue] == servicebus.Counts{} })
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		p.Kill()
	}()
	<-dead(t, p)
	r.held.Unlock()
	<-killed
	if n := r.count("hint", `"review"`); n != messages {
		t.Errorf("%d lines about %d messages", n, messages)
	}
}

// dead is closed when the process does not answer any more.
func dead(t *testing.T, p *Process) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := p.State(t.Context()); err != nil || backoff.Wait(t.Context(), 10*time.Millisecond) != nil {
				return
			}
		}
	}()
	return gone
}

// TestDeadLettersOutliveTheHost kills the host while it has a message for the
// last time: the next one on the same data gives it up, and lists it whenever
// it is asked.
func TestDeadLettersOutliveTheHost(t *testing.T) {
	r := newRig(t)
	p := r.start()
	const row, event = `{"v":1,"payment":"11111111-1111-4111-8111-111111111111"}`, `{"v":1,"event":"evt_1","type":"charge.refunded","livemode":false,"paymentIntent":"pi_1"}`
	for queue, body := range map[string]string{local.RequestsQueue: row, local.EventsQueue: event} {
		if err := p.Send(t.Context(), queue, []byte(body)); err != nil {
			t.Fatal(err)
		}
		r.until(p, "a message of "+queue+" is locked", func(s State) bool { return s.Queues[queue].Locked == 1 })
	}
	for range 2 {
		p.Kill()
		p = r.start()
		letters, err := p.DeadLetters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(letters) != 2 || letters[0].Body != event || letters[0].Queue != local.EventsQueue || letters[1].Body != row || letters[1].Deliveries != 1 {
			t.Errorf("the dead letters are %+v", letters)
		}
		s, err := p.State(t.Context())
		if err != nil || s.Queues[local.EventsQueue] != (servicebus.Counts{DeadLetter: 1}) || s.Queues[local.RequestsQueue] != (servicebus.Counts{DeadLetter: 1}) {
			t.Errorf("the queues are %v (%v)", s.Queues, err)
		}
	}
}

// TestKilledHandlerIsStartedAgain by its host, which lives on.
func TestKilledHandlerIsStartedAgain(t *testing.T) {
	r := newRig(t)
	p := r.start()
	before, err := p.State(t.Context())
	if err != nil || before.HandlerPID == 0 {
		t.Fatalf("%+v, %v", before, err)
	}
	if !p.KillHandler(t.Context()) {
		t.Fatal("there was no handler to kill")
	}
	r.until(p, "another handler has started", func(s State) bool {
		return s.HandlerPID != 0 && s.HandlerPID != before.HandlerPID && r.count("starting", "") == 2
	})
	p.Kill()
	if p.KillHandler(t.Context()) {
		t.Error("a handler without a host was killed")
	}
}

// TestStartSaysWhyThereIsNone ends before it is ready.
func TestStartSaysWhyThereIsNone(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asHost+"=1")
	spec := Spec{Dist: filepath.Join(t.TempDir(), "none"), Data: t.TempDir()}
	var said strings.Builder
	_, err := Start(t.Context(), cmd, spec, func(line []byte) { said.Write(line) })
	if err == nil || !strings.Contains(err.Error(), "ended before it was ready") {
		t.Errorf("the error is %v; it said %s", err, said.String())
	}
}
