package platform

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Process is the running process, seen from the soak.
type Process struct {
	control string
	cmd     *exec.Cmd
	in      io.Closer
	reading sync.WaitGroup
	once    sync.Once
	ended   chan struct{}
}

// longestLine bounds a line of the process: a message of Service Bus, escaped.
const longestLine = 4 << 20

// Start starts the command, which must run Serve with its standard error for
// the handler, and returns once it is ready. Every line that it prints, and
// every line of the handler, is handed to line, several at a time.
func Start(ctx context.Context, cmd *exec.Cmd, spec Spec, line func([]byte)) (*Process, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	handler, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the host's process: %w", err)
	}
	p := &Process{cmd: cmd, in: in, ended: make(chan struct{})}
	first := make(chan ready, 1)
	p.reading.Go(func() {
		defer close(p.ended)
		read(out, first, line)
	})
	p.reading.Go(func() { each(handler, line) })
	if _, err := in.Write(append(text, '\n')); err != nil {
		return nil, errors.Join(fmt.Errorf("telling the host's process what to run: %w", err), p.abandon())
	}
	select {
	case r, ok := <-first:
		if !ok {
			return nil, errors.Join(errors.New("the host's process ended before it was ready"), p.abandon())
		}
		p.control = r.Control
		return p, nil
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), p.abandon())
	}
}

// read hands on what the process prints. Other lines may come before the one
// that says that all is ready.
func read(from io.Reader, first chan<- ready, line func([]byte)) {
	defer close(first)
	waiting := true
	each(from, func(text []byte) {
		if waiting {
			var r ready
			if json.Unmarshal(text, &r) == nil && r.Control != "" {
				waiting = false
				first <- r
				return
			}
		}
		line(text)
	})
}

// each hands on line after line until whoever prints is gone, the last one
// also where it was cut off.
func each(from io.Reader, line func([]byte)) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, 64<<10), longestLine)
	for scanner.Scan() {
		line(scanner.Bytes())
	}
}

func (p *Process) abandon() error {
	p.Kill()
	return nil
}

// Kill sends SIGKILL and returns when the process is gone and all that it and
// the handler had printed was read. On Linux the handler dies with it, which is
// what the end of its lines tells; elsewhere it may live on, and its pipe is
// taken away from it after a while.
func (p *Process) Kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		read := make(chan struct{})
		go func() {
			defer close(read)
			p.reading.Wait()
		}()
		patience := time.NewTimer(survivor)
		defer patience.Stop()
		select {
		case <-read:
		case <-patience.C:
		}
		_ = p.cmd.Wait() // closes the pipes
		<-read
		_ = p.in.Close()
	})
}

// survivor is how long the lines of a handler are read that outlives its host.
const survivor = 30 * time.Second

// Ended is closed when the process is gone, killed or not.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// KillHandler sends SIGKILL to the handler. It reports false when there was
// none to kill.
func (p *Process) KillHandler(ctx context.Context) bool {
	s, err := p.State(ctx)
	if err != nil || s.HandlerPID == 0 {
		return false
	}
	handler, err := os.FindProcess(s.HandlerPID)
	if err != nil {
		return false
	}
	defer func() { _ = handler.Release() }()
	return handler.Kill() == nil
}

// State asks how the process is doing.
func (p *Process) State(ctx context.Context) (State, error) {
	var s State
	return s, p.ask(ctx, http.MethodGet, "/state", nil, &s)
}

// DeadLetters returns what lies in the dead-letter queues.
func (p *Process) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	var list []DeadLetter
	return list, p.ask(ctx, http.MethodGet, "/dead", nil, &list)
}

// Send puts messages on a queue.
func (p *Process) Send(ctx context.Context, queue string, bodies ...[]byte) error {
	return p.ask(ctx, http.MethodPost, "/messages/"+queue, bodies, nil)
}

func (p *Process) ask(ctx context.Context, method, path string, body, result any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.control+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking the host's process: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err = io.ReadAll(resp.Body); err != nil {
		return fmt.Errorf("asking the host's process: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the host's process for %s: %s", path, bytes.TrimSpace(text))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
