package functionshost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"paybridge/standin/functionshost/worker"
)

// processApp has a function for each thing that the handler process can do.
func processApp(t *testing.T, more string) string {
	t.Helper()
	return app(t, map[string]string{
		"host.json": hostJSON(more),
		"pid":       httpFunction("pid"),
		"exit":      httpFunction("exit"),
		"hang":      httpFunction("hang"),
	})
}

func expectStatus(t *testing.T, h *Host, path string, want int) string {
	t.Helper()
	res, body := call(t, http.MethodPost, h.URL()+"/api/"+path, "")
	if res.StatusCode != want || want == http.StatusInternalServerError && body != "" {
		t.Fatalf("%s: status %d, body %q, want status %d", path, res.StatusCode, body, want)
	}
	return body
}

func TestRunsARealProcess(t *testing.T) {
	var console bytes.Buffer
	h := startProcess(t, Config{
		ScriptRoot: processApp(t, ""), Settings: map[string]string{"GREETING": "hello"}, HandlerOutput: &console,
	})
	body := expectStatus(t, h, "pid", http.StatusOK)
	if want := fmt.Sprintf("%d hello", h.HandlerPID()); body != want {
		t.Errorf("body %q, want %q", body, want)
	}
	h.Close()
	await(t, "the end of the host", h.Done())
	if h.Err() != nil || h.HandlerPID() != 0 {
		t.Errorf("after Close the error is %v, the handler %d", h.Err(), h.HandlerPID())
	}
	if !strings.Contains(console.String(), "listening\n") {
		t.Errorf("the handler's output is %q", console.String())
	}
}

// A crash fails the call that was running, the next one waits for the new
// process, and the third crash ends the host.
func TestCrashes(t *testing.T) {
	h := startProcess(t, Config{ScriptRoot: processApp(t, "")})
	for crash := range 2 {
		before := expectStatus(t, h, "pid", http.StatusOK)
		if crash == 0 {
			h.KillHandler()
		} else {
			expectStatus(t, h, "exit?code=3", http.StatusInternalServerError)
		}
		waitForNewProcess(t, h, before)
	}
	if n := h.Stats().Restarts; n != 2 {
		t.Errorf("%d restarts, want 2", n)
	}
	h.KillHandler()
	await(t, "the end of the host", h.Done())
	if !errors.Is(h.Err(), worker.ErrCrashed) || !strings.Contains(h.Err().Error(), "restart retry count") {
		t.Errorf("the host ended with %v", h.Err())
	}
}

// waitForNewProcess calls until another process answers: a call may still
// reach a process that is dying.
func waitForNewProcess(t *testing.T, h *Host, before string) {
	t.Helper()
	for range 100 {
		res, body := call(t, http.MethodPost, h.URL()+"/api/pid", "")
		if res.StatusCode == http.StatusOK && body != before {
			return
		}
	}
	t.Fatal("no new process answers")
}

func TestExitZeroIsForGood(t *testing.T) {
	h := startProcess(t, Config{ScriptRoot: processApp(t, "")})
	expectStatus(t, h, "exit?code=0", http.StatusInternalServerError)
	for range 3 {
		expectStatus(t, h, "pid", http.StatusInternalServerError)
	}
	select {
	case <-h.Done():
		t.Error("the host has ended")
	default:
	}
	if n := h.Stats().Restarts; n != 0 {
		t.Errorf("%d restarts, want none", n)
	}
}

// Exit code 200 asks for a restart and never ends the host.
func TestExit200(t *testing.T) {
	h := startProcess(t, Config{ScriptRoot: processApp(t, "")})
	for range 4 {
		before := expectStatus(t, h, "pid", http.StatusOK)
		expectStatus(t, h, "exit?code=200", http.StatusInternalServerError)
		waitForNewProcess(t, h, before)
	}
}

// A function that runs too long costs the handler its life, and with it every
// other call, but does not count as a crash.
func TestFunctionTimeout(t *testing.T) {
	h := startProcess(t, Config{ScriptRoot: processApp(t, `,"functionTimeout":"00:00:01"`)})
	for range 3 {
		before := expectStatus(t, h, "pid", http.StatusOK)
		expectStatus(t, h, "hang", http.StatusInternalServerError)
		if after := expectStatus(t, h, "pid", http.StatusOK); after == before {
			t.Fatal("the handler was not restarted")
		}
	}
	if s := h.Stats(); s.Functions["hang"].Failures != 3 || s.Restarts != 3 {
		t.Errorf("the counts are %+v", s)
	}
}

func TestHandlerThatNeverListens(t *testing.T) {
	for _, code := range []string{"0", "1"} {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		h, err := Start(t.Context(), Config{
			ScriptRoot: processApp(t, ""), Addr: "127.0.0.1:0",
			Settings: map[string]string{"EXE": exe, "CHILD_EXIT": code},
		})
		if err == nil {
			h.Close()
			t.Errorf("exit code %s: the host has started", code)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	tests := map[string]map[string]string{
		"no functions":       {},
		"no executable":      {"f": httpFunction("f")},
		"only broken ones":   {"f": `{"bindings":[]}`},
		"wrong version":      {"f": httpFunction("f"), "host.json": `{"version":"1.0"}`},
		"no custom handler":  {"f": httpFunction("f"), "host.json": `{"version":"2.0"}`},
		"only disabled ones": {"f": `{"disabled":true,` + httpFunction("f")[1:]},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			h, err := Start(ctx, Config{ScriptRoot: app(t, files), Addr: "127.0.0.1:0", Settings: map[string]string{"EXE": "no-such-program"}})
			if err == nil {
				h.Close()
				t.Fatal("the host has started")
			}
		})
	}
}
