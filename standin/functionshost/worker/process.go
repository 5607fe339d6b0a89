package worker

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// pipeGrace is how long the pipes of a dead process may be kept open by a
// process that it had started itself.
const pipeGrace = time.Second

// generation is one life of the process.
type generation struct {
	cmd    *exec.Cmd
	client *http.Client
	stderr *lastLines
	gone   chan struct{} // closed when the process has ended

	deliberate bool // guarded by Worker.mu
	exitCode   int  // valid once gone is closed

	kills  sync.Mutex // so that no signal goes to a process id that was reaped
	reaped bool
}

// spawn starts the process. It makes it the current one, not yet ready.
func (w *Worker) spawn() (*generation, error) {
	gen := &generation{
		cmd:    exec.Command(w.cfg.Path, w.cfg.Args...),
		client: NewClient(),
		stderr: &lastLines{keep: 3},
		gone:   make(chan struct{}),
	}
	port, id := strconv.Itoa(w.cfg.Port), uuid.NewString()
	gen.cmd.Dir = w.cfg.Dir
	gen.cmd.Env = append(append([]string(nil), w.cfg.Env...),
		"FUNCTIONS_CUSTOMHANDLER_PORT="+port, "FUNCTIONS_HTTPWORKER_PORT="+port,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id)
	stdout, stderr := w.console(gen)
	gen.cmd.Stdout, gen.cmd.Stderr = stdout, stderr
	if file, ok := w.cfg.Output.(*os.File); ok {
		gen.cmd.Stdout, gen.cmd.Stderr = file, file
	}
	gen.cmd.WaitDelay = pipeGrace
	isolate(gen.cmd)

	started := make(chan error)
	go func() {
		// On Linux the child is told to die with the thread that made it, so
		// that thread must live exactly as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := gen.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		gen.wait()
		stdout.flush()
		stderr.flush()
		gen.client.CloseIdleConnections()
		close(gen.gone)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting the handler: %w", err)
	}
	w.mu.Lock()
	w.current = gen
	w.mu.Unlock()
	return gen, nil
}

func (g *generation) wait() {
	err := g.cmd.Wait()
	g.kills.Lock()
	defer g.kills.Unlock()
	g.reaped = true
	g.exitCode = g.cmd.ProcessState.ExitCode()
	// The exit code is the process's own; only its pipes outlived it.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) && g.exitCode == exitForGood {
		g.exitCode = -1
	}
}

func (g *generation) pid() int {
	if g.ended() {
		return 0
	}
	return g.cmd.Process.Pid
}

func (g *generation) ended() bool {
	select {
	case <-g.gone:
		return true
	default:
		return false
	}
}

// kill sends SIGKILL to the process and what it started.
func (g *generation) kill() {
	g.kills.Lock()
	defer g.kills.Unlock()
	if !g.reaped {
		killGroup(g.cmd)
	}
}

// failure is how the host quotes the end of the process: its last lines on
// stderr.
func (g *generation) failure() string {
	if text := g.stderr.String(); text != "" {
		return text
	}
	return g.cmd.ProcessState.String()
}

// NewClient returns a client whose connections end with one life of the
// process.
func NewClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
	}}
}
