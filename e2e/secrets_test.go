package e2e

import (
	"encoding/json"
	"maps"
	"slices"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/secret/leak"
)

// keepsSecrets fails the test when anything secret came to light: in what the
// handler printed, in what it answered to calls of the test, in a message on a
// queue or in a row.
func (w *world) keepsSecrets() {
	w.t.Helper()
	urls := w.Endpoints()
	finder := leak.New(append(slices.Collect(maps.Values(w.config.FunctionKeys)),
		urls.StripeSecretKey, urls.StripeWebhookSecret, w.config.Settings["DataverseClientSecret"])...)
	secretFree := func(where, text string) {
		w.t.Helper()
		finder.Assert(w.t, where, text)
	}
	secretFree("the handler's output", w.output.String())
	secretFree("an answer", w.answers.String())
	for _, queue := range []string{local.EventsQueue, local.RequestsQueue} {
		for _, name := range []string{queue, queue + "/$DeadLetterQueue"} {
			for _, body := range w.peek(name) {
				secretFree("a message on "+name, body)
			}
		}
	}
	for _, table := range []string{w.Mapping().Table, "pb_paymentevent"} {
		rows, err := w.Dataverse.Rows(table)
		if err != nil {
			w.t.Error(err)
			return
		}
		text, err := json.Marshal(rows)
		if err != nil {
			w.t.Error(err)
			return
		}
		secretFree("the rows of "+table, string(text))
	}
}

// peek returns the bodies of the messages on a queue.
func (w *world) peek(name string) []string {
	w.t.Helper()
	queue, err := w.Queues.Queue(name)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	// The test's own context has ended by the time of its cleanup.
	ctx, cancel := patient()
	defer cancel()
	messages, err := queue.Peek(ctx, 0, 1000)
	if err != nil {
		w.t.Error(err)
	}
	bodies := make([]string, len(messages))
	for i, m := range messages {
		bodies[i] = string(m.Body)
	}
	return bodies
}
