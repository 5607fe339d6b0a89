package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"paybridge/standin/servicebus"
)

// Client reaches a namespace of another process.
type Client struct {
	// URL is where Handler is served, such as http://127.0.0.1:7074.
	URL string
}

// Instance returns the name of the run that answers.
func (c Client) Instance(ctx context.Context) (string, error) {
	out, err := c.call(ctx, "/instance", request{})
	return out.Instance, err
}

// Send enqueues up to 100 messages, all or none of them.
func (c Client) Send(ctx context.Context, queue string, messages ...servicebus.Message) error {
	_, err := c.call(ctx, "/send", request{Queue: queue, Messages: messages})
	return err
}

// Counts returns how many messages the queue has.
func (c Client) Counts(ctx context.Context, queue string) (servicebus.Counts, error) {
	out, err := c.call(ctx, "/counts", request{Queue: queue})
	if err != nil || out.Counts == nil {
		return servicebus.Counts{}, err
	}
	return *out.Counts, nil
}

// Properties returns the settings of the queue.
func (c Client) Properties(ctx context.Context, queue string) (servicebus.QueueProperties, error) {
	out, err := c.call(ctx, "/properties", request{Queue: queue})
	if err != nil || out.Properties == nil {
		return servicebus.QueueProperties{}, err
	}
	return *out.Properties, nil
}

// Peek shows up to n messages, no more than 100, from the sequence number on.
func (c Client) Peek(ctx context.Context, queue string, from int64, n int) ([]*servicebus.Received, error) {
	out, err := c.call(ctx, "/peek", request{Queue: queue, From: from, Max: n})
	return out.messages(), err
}

// Receive locks and returns up to n messages, no more than 100. It waits for
// the first one as long as it is told to, a second to half a minute, and
// returns none when there was none.
func (c Client) Receive(ctx context.Context, queue string, n int, wait time.Duration) ([]*servicebus.Received, error) {
	out, err := c.call(ctx, "/receive", request{Queue: queue, Max: n, WaitMS: wait.Milliseconds()})
	return out.messages(), err
}

// Complete removes the messages for good. Those whose lock is lost stay, and
// the error is an ErrLockLost.
func (c Client) Complete(ctx context.Context, queue string, messages ...*servicebus.Received) error {
	_, err := c.call(ctx, "/complete", request{Queue: queue, Locks: locks(messages)})
	return err
}

// Abandon gives the messages back. Its error is like that of Complete.
func (c Client) Abandon(ctx context.Context, queue string, messages ...*servicebus.Received) error {
	_, err := c.call(ctx, "/abandon", request{Queue: queue, Locks: locks(messages)})
	return err
}

func locks(messages []*servicebus.Received) []lock {
	out := make([]lock, len(messages))
	for i, m := range messages {
		out[i] = lock{SequenceNumber: m.SequenceNumber, Token: m.LockToken}
	}
	return out
}

func (a answer) messages() []*servicebus.Received {
	out := make([]*servicebus.Received, len(a.Received))
	for i, m := range a.Received {
		out[i] = fromWire(m)
	}
	return out
}

func (c Client) call(ctx context.Context, path string, in request) (answer, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return answer{}, fmt.Errorf("encoding the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("reaching the local queues: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out answer
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&out); err != nil {
		return answer{}, fmt.Errorf("reading the answer of the local queues (%s): %w", resp.Status, err)
	}
	if out.Error != nil {
		return answer{}, &Error{text: out.Error.Text, cause: codes[out.Error.Code]}
	}
	return out, nil
}
