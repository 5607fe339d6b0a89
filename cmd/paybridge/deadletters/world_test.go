package deadletters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/deadletters"
	"paybridge/cmd/paybridge/queues"
	"paybridge/functions/crmupdate"
	"paybridge/functions/paymentrequest"
	"paybridge/internal/backoff"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	standindataverse "paybridge/standin/dataverse"
	standinstripe "paybridge/standin/stripe"
)

const org = "contoso.crm.dynamics.com"

// world is both ends, real HTTP between, and the functions over them.
type world struct {
	t              *testing.T
	crmURL, apiURL string
	key            string
	ends           []*httptest.Server
	comparer       deadletters.Comparer
	// refuse is what Dataverse refuses of a batch, nothing where it is nil.
	refuse       func(method, path string) *standindataverse.Fault
	hint, change func(context.Context, customhandler.Batch) (customhandler.Outputs, error)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	crmEnd, err := standindataverse.Open(standindataverse.Config{Dir: t.TempDir(), Tables: standindataverse.PayBridgeTables(), PartFaults: func(method, path string, _ http.Header) *standindataverse.Fault {
		if w.refuse == nil {
			return nil
		}
		return w.refuse(method, path)
	}})
	if err != nil {
		t.Fatal(err)
	}
	stripeEnd, err := standinstripe.Open(standinstripe.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	crmServer, apiServer := httptest.NewServer(crmEnd), httptest.NewServer(stripeEnd)
	t.Cleanup(func() {
		crmServer.Close()
		apiServer.Close()
		if err := crmEnd.Close(); err != nil {
			t.Error(err)
		}
		if err := stripeEnd.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := dataverse.New(crmServer.URL, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := crm.New(client, crm.PaymentMapping())
	api := stripeapi.New(stripeapi.Config{Key: secret.New(stripeEnd.SecretKey()), BaseURL: apiServer.URL})
	log, wait := slog.New(slog.DiscardHandler), backoff.Policy{Base: time.Millisecond, Cap: 20 * time.Millisecond}
	w.crmURL, w.apiURL, w.key, w.ends = crmServer.URL, apiServer.URL, stripeEnd.SecretKey(), []*httptest.Server{crmServer, apiServer}
	w.comparer = deadletters.Comparer{Rows: rows, Mapping: crm.PaymentMapping(), Stripe: api, Org: org}
	w.hint = crmupdate.Function(crmupdate.Config{Rows: rows, Stripe: api, Org: org, Budget: 20 * time.Second, Backoff: wait, Logger: log}).Handle
	w.change = paymentrequest.Function(paymentrequest.Config{Rows: rows, Stripe: api, Org: org, Budget: 20 * time.Second, Backoff: wait, Logger: log, Now: time.Now}).Handle
	return w
}

// call sends a request and returns the answer's JSON.
func (w *world) call(method, url string, header http.Header, body string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		w.t.Fatalf("%s %s: %s %s %v", method, url, resp.Status, text, err)
	}
	var answer map[string]any
	if len(text) > 0 && json.Unmarshal(text, &answer) != nil {
		w.t.Fatalf("%s %s: %s", method, url, text)
	}
	return answer
}

func (w *world) odata(method, path, body string) map[string]any {
	w.t.Helper()
	return w.call(method, w.crmURL+"/api/data/v9.2/"+path, http.Header{
		"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"},
	}, body)
}

// row saves a payment row over 12.50 EUR, with further columns as JSON.
func (w *world) row(columns string) string {
	w.t.Helper()
	made := w.odata(http.MethodPost, "pb_payments", fmt.Sprintf(`{"pb_name":"Order","pb_amount":12.5,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"%s}`,
		standindataverse.CurrencyID("EUR"), columns))
	return made["pb_paymentid"].(string)
}

// version tells whether a row was written.
func (w *world) version(row string) string {
	w.t.Helper()
	return w.odata(http.MethodGet, "pb_payments("+row+")", "")["@odata.etag"].(string)
}

// needsReview reports whether the timeline says that an event needs a person.
func (w *world) needsReview(event string) bool {
	w.t.Helper()
	list := w.odata(http.MethodGet, "pb_paymentevents?$filter="+url.QueryEscape("pb_stripeeventid eq '"+event+"'"), "")["value"].([]any)
	return len(list) == 1 && list[0].(map[string]any)["pb_outcome"] == 884200002.0
}

// asks are columns that ask for something.
func asks(r payment.Request) string {
	return fmt.Sprintf(`,"pb_request":%d`, crm.PaymentMapping().RequestValues[r])
}

// paid makes a PaymentIntent that is paid and returns it. The marks are
// metadata, name after name.
func (w *world) paid(minor int, marks ...string) map[string]any {
	w.t.Helper()
	form := url.Values{"amount": {fmt.Sprint(minor)}, "currency": {"eur"}, "payment_method_types[]": {"card"}, "payment_method": {"pm_card_visa"}, "confirm": {"true"}}
	for i := 0; i < len(marks); i += 2 {
		form.Set("metadata["+marks[i]+"]", marks[i+1])
	}
	return w.call(http.MethodPost, w.apiURL+"/v1/payment_intents", http.Header{
		"Authorization": {"Bearer " + w.key}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, form.Encode())
}

// letter is a dead letter as it is read from a queue.
func (w *world) letter(kind deadletters.Kind, body []byte) *deadletters.Letter {
	w.t.Helper()
	box := &memory{letters: []queues.DeadLetter{{SequenceNumber: 1, Body: body}}}
	letters, more, err := deadletters.Read(w.t.Context(), box, deadletters.Queue{Name: "q", Kind: kind}, 0, 10)
	if err != nil || more || len(letters) != 1 {
		w.t.Fatalf("%v, %v, %v", letters, more, err)
	}
	return letters[0]
}

// compare gives a letter its verdict.
func (w *world) compare(l *deadletters.Letter) deadletters.Verdict {
	w.t.Helper()
	w.comparer.Compare(w.t.Context(), []*deadletters.Letter{l}, func(_, _ int) {})
	return l.Verdict
}

// deliver lets the function behind the queue work on the letter, and both
// functions on what that sends.
func (w *world) deliver(l *deadletters.Letter) {
	w.t.Helper()
	var hints, changes [][]byte
	if l.Change != nil {
		changes = [][]byte{l.Body}
	} else {
		hints = [][]byte{l.Body}
	}
	for range 10 {
		var sent customhandler.Outputs
		switch {
		case len(hints) > 0:
			sent = w.work(w.hint, hints)
			hints, changes = sent["unfinished"], append(changes, sent["changes"]...)
		case len(changes) > 0:
			changes = w.work(w.change, changes)["unfinished"]
		default:
			return
		}
	}
	w.t.Fatal("the functions do not come to an end")
}

func (w *world) work(do func(context.Context, customhandler.Batch) (customhandler.Outputs, error), bodies [][]byte) customhandler.Outputs {
	w.t.Helper()
	var batch customhandler.Batch
	for _, body := range bodies {
		batch.Messages = append(batch.Messages, customhandler.Message{Body: body, DeliveryCount: 1})
	}
	sent, err := do(w.t.Context(), batch)
	if err != nil {
		w.t.Fatal(err)
	}
	return sent
}
