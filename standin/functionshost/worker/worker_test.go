package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test binary a handler when it is started as one, and a
// host of such a handler with WORKER_TEST_HOST.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT") != "":
		os.Exit(handlerMain())
	case os.Getenv("WORKER_TEST_HOST") != "":
		os.Exit(hostMain())
	}
	os.Exit(m.Run())
}

func handlerMain() int {
	if os.Getenv("WORKER_TEST_SILENT") != "" {
		select {}
	}
	fmt.Println("to stdout")
	fmt.Fprintln(os.Stderr, "a warning")
	fmt.Fprint(os.Stderr, "trouble")
	err := http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), http.NotFoundHandler())
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func hostMain() int {
	w, err := Start(context.Background(), self())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(w.addr())
	select {}
}

// self is the configuration of a handler that is this binary.
func self(env ...string) Config {
	exe, _ := os.Executable()
	return Config{Path: exe, Env: env}
}

func TestConsole(t *testing.T) {
	var logged, printed bytes.Buffer
	cfg := self()
	cfg.Logger, cfg.Output = slog.New(slog.NewTextHandler(&logged, nil)), &printed
	w, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	for _, want := range []string{
		`level=INFO msg="to stdout" category=Host.Function.Console`,
		`level=WARN msg="a warning" category=Host.Function.Console`,
		`level=ERROR msg=trouble category=Host.Function.Console`,
	} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("%s is not in\n%s", want, logged.String())
		}
	}
	if strings.Count(printed.String(), "\n") != 3 {
		t.Errorf("the lines are %q", printed.String())
	}
	if _, err := w.Session(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a session after Close: %v", err)
	}
}

// TestFileIsTheHandlersOwn: what is printed to a file does not go through this
// process, and so does not get lost with it.
func TestFileIsTheHandlersOwn(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "console"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var logged bytes.Buffer
	cfg := self()
	cfg.Logger, cfg.Output = slog.New(slog.NewTextHandler(&logged, nil)), file
	w, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	printed, err := os.ReadFile(file.Name())
	if want := "to stdout\na warning\ntrouble"; err != nil || string(printed) != want {
		t.Errorf("printed %q (%v), want %q", printed, err, want)
	}
	if strings.Contains(logged.String(), category) {
		t.Errorf("the host read it: %s", logged.String())
	}
}

// A handler that never listens is killed at the end of the initialization
// timeout; that counts as a crash.
func TestInitializationTimeout(t *testing.T) {
	cfg := self("WORKER_TEST_SILENT=1")
	cfg.InitializationTimeout = 50 * time.Millisecond
	w, err := Start(t.Context(), cfg)
	if err == nil {
		w.Close()
	}
	if !errors.Is(err, ErrCrashed) {
		t.Errorf("the error is %v", err)
	}
}

func TestCrashCounter(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	steps := []struct {
		after time.Duration
		again bool
	}{
		{0, true}, {29 * time.Minute, true}, {31 * time.Minute, true}, {time.Minute, true}, {time.Minute, false},
	}
	var c crashCounter
	for i, step := range steps {
		now = now.Add(step.after)
		if got := c.crashed(now); got != step.again {
			t.Errorf("crash %d: again %v, want %v", i+1, got, step.again)
		}
	}
}

func TestStderrLevels(t *testing.T) {
	tests := []struct {
		line  string
		plain bool
		want  slog.Level
	}{
		{"hello", false, slog.LevelError},
		{"WARNING: hello", false, slog.LevelWarn},
		{"hello", true, slog.LevelInfo},
		{"it Failed", true, slog.LevelError},
		{"error, or a warning", true, slog.LevelWarn},
	}
	for _, test := range tests {
		if got := stderrLevel(test.line, test.plain); got != test.want {
			t.Errorf("%q, plain %v: %v, want %v", test.line, test.plain, got, test.want)
		}
	}
}

// connect opens a connection that ends with the process behind it.
func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
