// Package platform runs what Azure runs, the Functions host with the handler
// and the queues, in a process of its own, so that the soak can kill it like
// the machine that it is on and start it again on the same data.
package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/servicebus"
)

// Spec says what the process runs. It reaches it over its standard input,
// because it holds keys.
type Spec struct {
	// Dist is the packed script root, Data the folder of the queues.
	Dist, Data string
	// Port is where the functions are.
	Port int
	// Settings are the app settings; they name both ends, so that the process
	// runs no stand-in of its own for them.
	Settings map[string]string
	// FunctionKeys are demanded, as in Azure.
	FunctionKeys map[string]string
	// MaxDeliveryCount is that of both queues, zero for the default.
	MaxDeliveryCount int
}

// ready is the first line that the process prints.
type ready struct {
	Control string
}

// message is a line about a message that the functions put on a queue.
type message struct {
	Message string `json:"msg"`
	Queue   string `json:"queue"`
	Body    string `json:"body"`
}

// Serve is the process: it reads its Spec from in, prints on out where it
// listens, then every message and what the host logs, and goes when in ends,
// which is when whoever started it goes. Only SIGKILL ends it sooner. The
// handler prints on handler: a file, which is handed to it, so that its lines
// outlive this process.
func Serve(ctx context.Context, in io.Reader, out, handler io.Writer) error {
	decoder := json.NewDecoder(in)
	var spec Spec
	if err := decoder.Decode(&spec); err != nil {
		return fmt.Errorf("reading what to run: %w", err)
	}
	lines := &lines{to: out}
	l, err := local.Start(ctx, local.Config{
		Dist: spec.Dist, Data: spec.Data, FunctionsPort: spec.Port, Settings: spec.Settings, RequireKeys: true, FunctionKeys: spec.FunctionKeys,
		HandlerOutput: handler, Logger: slog.New(slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: slog.LevelError})),
		Queue: func(p *servicebus.QueueProperties) {
			if spec.MaxDeliveryCount > 0 {
				p.MaxDeliveryCount = spec.MaxDeliveryCount
			}
		},
		Sent: func(queue string, body []byte) {
			lines.print(message{Message: sentMessage, Queue: queue, Body: string(body)})
		},
	})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listening for the soak: %w", err), l.Close())
	}
	server := &http.Server{Handler: control(l), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	lines.print(ready{Control: "http://" + listener.Addr().String()})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, in)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
	return errors.Join(server.Close(), l.Close())
}

// sentMessage marks the lines about messages.
const sentMessage = "message sent"

// lines writes whole lines, each in one piece.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

// Write takes whole lines.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func (l *lines) print(v any) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err == nil {
		_, _ = io.WriteString(l, b.String())
	}
}
