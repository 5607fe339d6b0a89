package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// demonstration shows one payment travelling end to end, from the outside: it
// talks to the two ends over HTTP as anybody could, and reads the hops in
// between from what the handler logs.
type demonstration struct {
	t     *terminal
	urls  local.Endpoints
	in    crm.Mapping
	start time.Time
	last  time.Time
}

// demonstrate saves a payment row as a person in the CRM does, pays as the
// customer does, and waits until the row says so. It needs both stand-ins.
func demonstrate(ctx context.Context, t *terminal, l *local.Local, hops *hopReader) error {
	if l.Stripe == nil || l.Dataverse == nil {
		t.say("\nThe demonstration needs both stand-ins; with a real end connected it is left out.")
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the row did not become Completed within a minute"))
	defer cancel()
	now := time.Now()
	d := &demonstration{t: t, urls: l.Endpoints(), in: l.Mapping(), start: now, last: now}
	if d.in.Request == "" {
		t.say("\nThe demonstration starts with a request in the CRM; the mapping has no column for one, so it is left out.")
		return nil
	}
	t.say("\nOne payment, end to end:")

	row, err := d.makeRow(ctx)
	if err != nil {
		return err
	}
	d.hop(time.Now(), "CRM", "payment row %s saved: pay 12.50 EUR", row)
	at, err := hops.wait(ctx, func(h hop) bool { return h.Function == "crmwebhook" && h.Payment == row })
	if err != nil {
		return err
	}
	d.hop(at, "step", "crmwebhook took the change and put it on the queue")
	if at, err = hops.wait(ctx, func(h hop) bool { return h.Message == "row change" && h.Payment == row && h.Status == "Pending" }); err != nil {
		return err
	}
	intent, status, err := d.readRow(ctx, row)
	if err != nil {
		return err
	}
	d.hop(at, "queue", "paymentrequest made PaymentIntent %s; the row shows %s", intent, status)
	if _, err := d.stripe(ctx, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", d.urls.Stripe+"/shop/thanks"); err != nil {
		return err
	}
	d.hop(time.Now(), "Stripe", "the customer paid with pm_card_visa")
	at, err = hops.wait(ctx, func(h hop) bool {
		return h.Function == "stripewebhook" && h.Type == "payment_intent.succeeded" && h.Payment == row
	})
	if err != nil {
		return err
	}
	d.hop(at, "webhook", "payment_intent.succeeded verified and put on the queue")
	if at, err = hops.wait(ctx, func(h hop) bool { return h.Message == "hint" && h.Payment == row && h.Status == "Completed" }); err != nil {
		return err
	}
	d.hop(at, "queue", "crmupdate read both ends and wrote the row")
	if _, status, err = d.readRow(ctx, row); err != nil {
		return err
	}
	d.hop(time.Now(), "CRM", "the row shows %s", status)
	if status != "Completed" {
		return fmt.Errorf("the row shows %s", status)
	}
	t.say("look at it:")
	t.say("  curl -H 'Authorization: Bearer user:Ann' '%s/api/data/v9.2/%s(%s)'", d.urls.Dataverse, d.in.SetName, row)
	return nil
}

// hop prints what happened and how long it took since the hop before.
func (d *demonstration) hop(at time.Time, where, format string, args ...any) {
	if at.Before(d.last) {
		at = d.last
	}
	d.t.say("  %6.0f ms  +%-4.0f %-8s %s", milliseconds(at.Sub(d.start)), milliseconds(at.Sub(d.last)), where, fmt.Sprintf(format, args...))
	d.last = at
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (d *demonstration) makeRow(ctx context.Context) (string, error) {
	euro, err := d.euro(ctx)
	if err != nil {
		return "", err
	}
	columns := map[string]any{
		d.in.Amount: json.Number("12.50"), d.in.Request: d.in.RequestValues[payment.RequestPay],
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + euro + ")",
	}
	if d.in.Description != "" {
		columns[d.in.Description] = "Order 1001"
	}
	body, err := json.Marshal(columns)
	if err != nil {
		return "", err
	}
	made, err := d.dataverse(ctx, http.MethodPost, d.urls.Dataverse+"/api/data/v9.2/"+d.in.SetName, string(body))
	if err != nil {
		return "", err
	}
	id, _ := made[d.in.IDColumn].(string)
	return id, nil
}

// euro returns the id of the currency's row.
func (d *demonstration) euro(ctx context.Context) (string, error) {
	found, err := d.dataverse(ctx, http.MethodGet, d.urls.Dataverse+"/api/data/v9.2/transactioncurrencies?$select=isocurrencycode&$filter="+url.QueryEscape("isocurrencycode eq 'EUR'"), "")
	if err != nil {
		return "", err
	}
	list, _ := found["value"].([]any)
	if len(list) == 0 {
		return "", errors.New("the CRM has no currency EUR")
	}
	euro, _ := list[0].(map[string]any)
	return fmt.Sprint(euro["transactioncurrencyid"]), nil
}

// readRow returns what the row records and shows.
func (d *demonstration) readRow(ctx context.Context, row string) (intent, status string, err error) {
	read, err := d.dataverse(ctx, http.MethodGet, d.urls.Dataverse+"/api/data/v9.2/"+d.in.SetName+"("+row+")?$select="+d.in.Status+","+d.in.PaymentIntent, "")
	status, _ = read[d.in.Status+"@OData.Community.Display.V1.FormattedValue"].(string)
	intent, _ = read[d.in.PaymentIntent].(string)
	return intent, status, err
}

func (d *demonstration) stripe(ctx context.Context, path string, form ...string) (map[string]any, error) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return call(ctx, http.MethodPost, d.urls.Stripe+path, http.Header{
		"Authorization": {"Bearer " + d.urls.StripeSecretKey}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, values.Encode())
}

// dataverse acts as Ann, a person in the CRM.
func (d *demonstration) dataverse(ctx context.Context, method, url, body string) (map[string]any, error) {
	return call(ctx, method, url, http.Header{
		"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"},
		"Prefer": {`return=representation,odata.include-annotations="OData.Community.Display.V1.FormattedValue"`},
	}, body)
}

func call(ctx context.Context, method, url string, header http.Header, body string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode > 299 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, req.URL.Path, resp.Status, text)
	}
	var answer map[string]any
	return answer, json.Unmarshal(text, &answer)
}
