package e2e

import (
	"encoding/json"
	"regexp"
	"strings"

	"paybridge/cmd/paybridge/local"
)

// secretLooks is what anything secret of Stripe's or of Entra's looks like.
var secretLooks = regexp.MustCompile(`whsec_\w|[sr]k_(test|live)_\w|_secret_\w|(?i:bearer [\w.-]+)|eyJ[\w-]{10,}\.[\w-]+`)

// keepsSecrets fails the test when anything secret came to light: in what the
// handler printed, in a message on a queue or in a row.
func (w *world) keepsSecrets() {
	w.t.Helper()
	w.secretFree("the handler's output", w.output.String())
	for _, name := range []string{local.EventsQueue, local.EventsQueue + "/$DeadLetterQueue"} {
		for _, body := range w.peek(name) {
			w.secretFree("a message on "+name, body)
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
		w.secretFree("the rows of "+table, string(text))
	}
}

func (w *world) secretFree(what, text string) {
	w.t.Helper()
	if at := secretLooks.FindStringIndex(text); at != nil {
		w.t.Errorf("%s shows a secret: …%s…", what, text[max(0, at[0]-80):min(len(text), at[1]+10)])
	}
	urls := w.Endpoints()
	secrets := []string{urls.StripeSecretKey, urls.StripeWebhookSecret, w.config.Settings["DataverseClientSecret"]}
	for _, key := range w.config.FunctionKeys {
		secrets = append(secrets, key)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, strings.TrimPrefix(secret, "whsec_")) {
			w.t.Errorf("%s shows a secret that the app was given", what)
		}
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
