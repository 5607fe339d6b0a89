package stripe_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"paybridge/standin/stripe"
)

func TestDeliveryIsSignedOverItsBytes(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now, Delivery: stripe.Delivery{Orderly: true}})
	endpoint := s.listen(t)
	s.paid(t, "pm_card_visa")
	s.idle(t)
	for _, h := range s.hooks.all() {
		mac := hmac.New(sha256.New, []byte(endpoint.Secret))
		mac.Write([]byte(strconv.FormatInt(at.now().Unix(), 10)))
		mac.Write([]byte{'.'})
		mac.Write(h.body)
		want := "t=" + strconv.FormatInt(at.now().Unix(), 10) + ",v1=" + hex.EncodeToString(mac.Sum(nil))
		if got := h.header.Get("Stripe-Signature"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if h.header.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(h.header.Get("User-Agent"), "Stripe/1.0") ||
			h.header.Get("Content-Length") != strconv.Itoa(len(h.body)) {
			t.Errorf("%v", h.header)
		}
		if !strings.HasPrefix(string(h.body), "{\n  \"id\": \"evt_") {
			t.Errorf("%s", h.body)
		}
	}
}

func TestDeliveryIsRetriedUntilItIsTaken(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true, Backoff: []time.Duration{time.Millisecond, time.Millisecond}}})
	s.listen(t)
	s.hooks.status = func(n int) int { return []int{500, 302, 204, 410, 503, 400}[n-1] }
	must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(500), Currency: stripego.String("usd")}))
	s.idle(t)
	if got := len(s.hooks.all()); got != 3 {
		t.Fatalf("%d attempts", got)
	}
	count := func(success bool) int {
		t.Helper()
		n := 0
		list := s.Events.List(&stripego.EventListParams{DeliverySuccess: &success})
		for list.Next() {
			n++
		}
		return n
	}
	if count(true) != 1 || count(false) != 0 {
		t.Errorf("%d delivered, %d not", count(true), count(false))
	}
	must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(500), Currency: stripego.String("usd")}))
	s.idle(t)
	if got := len(s.hooks.all()); got != 6 || count(true) != 1 || count(false) != 1 {
		t.Errorf("%d attempts, %d delivered, %d not", got, count(true), count(false))
	}
	if got := s.server.Counts(); got.Delivered != 1 || got.Undelivered != 5 {
		t.Errorf("%+v", got)
	}
}

func TestDeliveriesComeTwiceAndOutOfOrder(t *testing.T) {
	s := open(t, stripe.Config{Seed: 7, Delivery: stripe.Delivery{Twice: 0.3, Late: 0.3, LateBy: 50 * time.Millisecond}})
	endpoint := s.listen(t)
	for range 10 {
		s.paid(t, "pm_card_visa")
	}
	s.idle(t)
	var ids []string
	for _, h := range s.hooks.all() {
		ids = append(ids, must[stripego.Event](t)(webhook.ConstructEvent(h.body, h.header.Get("Stripe-Signature"), endpoint.Secret)).ID)
	}
	unique := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(unique) != 30 || len(ids) < 32 {
		t.Errorf("%d deliveries of %d events", len(ids), len(unique))
	}
	if got := s.server.Counts(); got.Repeated != len(ids)-len(unique) || got.Late == 0 {
		t.Errorf("%d deliveries of %d events are counted as %+v", len(ids), len(unique), got)
	}
	var made []string
	list := s.Events.List(&stripego.EventListParams{})
	for list.Next() {
		made = append([]string{list.Event().ID}, made...)
	}
	first := slices.CompactFunc(slices.Clone(ids), func(a, b string) bool { return a == b })
	if slices.Equal(first[:10], made[:10]) {
		t.Error("everything came in order")
	}
}

func TestOrderlyDelivery(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true}})
	endpoint := s.listen(t)
	for range 10 {
		s.paid(t, "pm_card_visa")
	}
	if diff := cmp.Diff(s.typesOf(t), s.sent(t, endpoint.Secret)); diff != "" {
		t.Error(diff)
	}
}

// The file is copied while the server runs: what kill -9 at that instant would leave.
func TestPendingDeliveriesSurvive(t *testing.T) {
	dir := t.TempDir()
	hooks := &hooks{}
	web := httptest.NewServer(hooks)
	t.Cleanup(web.Close)
	first := must[*stripe.Server](t)(stripe.Open(stripe.Config{Dir: dir}))
	first.HoldDeliveries()
	endpoint := must[stripe.Endpoint](t)(first.Register(web.URL, []string{"payment_intent.succeeded"}))
	api := httptest.NewServer(first)
	made := must[*stripego.PaymentIntent](t)(sdk(api.URL, first.SecretKey()).PaymentIntents.New(paying(900, "pm_card_visa")))
	api.Close()
	left := t.TempDir()
	file := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "stripe.db")))
	if err := os.WriteFile(filepath.Join(left, "stripe.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if len(hooks.all()) != 0 {
		t.Fatal("delivered although held")
	}
	s := open(t, stripe.Config{Dir: left, Delivery: stripe.Delivery{Orderly: true}})
	if s.server.SecretKey() != first.SecretKey() || s.server.Account() != first.Account() {
		t.Error("the account changed")
	}
	s.hooks = hooks
	if diff := cmp.Diff([]string{"payment_intent.succeeded"}, s.sent(t, endpoint.Secret)); diff != "" {
		t.Error(diff)
	}
	if got := must[*stripego.PaymentIntent](t)(s.PaymentIntents.Get(made.ID, nil)); got.Status != "succeeded" || got.ClientSecret != made.ClientSecret {
		t.Errorf("%+v", got)
	}
}

func TestRollingASecretSignsTwice(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now, Delivery: stripe.Delivery{Orderly: true}})
	endpoint := s.listen(t)
	renewed := must[string](t)(s.server.RollSecret(endpoint.ID, time.Hour))
	check := func(wantOld bool) {
		t.Helper()
		s.paid(t, "pm_card_visa")
		s.idle(t)
		all := s.hooks.all()
		h := all[len(all)-1]
		header := h.header.Get("Stripe-Signature")
		ignore := webhook.ConstructEventOptions{IgnoreTolerance: true}
		if _, err := webhook.ConstructEventWithOptions(h.body, header, renewed, ignore); err != nil {
			t.Error(err)
		}
		if _, err := webhook.ConstructEventWithOptions(h.body, header, endpoint.Secret, ignore); (err == nil) != wantOld {
			t.Errorf("the old secret: %v", err)
		}
	}
	check(true)
	at.pass(time.Hour)
	check(false)
}

func TestEndpoints(t *testing.T) {
	s := open(t, stripe.Config{})
	params := func(events ...string) *stripego.WebhookEndpointParams {
		return &stripego.WebhookEndpointParams{URL: stripego.String("http://127.0.0.1:1/hook"), EnabledEvents: stripego.StringSlice(events)}
	}
	made := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.New(params("payment_intent.succeeded", "charge.refunded")))
	if !strings.HasPrefix(made.Secret, "whsec_") || made.Status != "enabled" {
		t.Errorf("%+v", made)
	}
	if got := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Get(made.ID, nil)); got.Secret != "" || len(got.EnabledEvents) != 2 {
		t.Errorf("%+v", got)
	}
	_, err := s.WebhookEndpoints.New(params("payment_intent.succeeded", "payment_intent.failed"))
	if bad := refusal(t, err); bad.HTTPStatusCode != 400 || bad.Param != "enabled_events[1]" {
		t.Errorf("%+v", bad)
	}
	off := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Update(made.ID, &stripego.WebhookEndpointParams{Disabled: stripego.Bool(true)}))
	if off.Status != "disabled" {
		t.Errorf("%+v", off)
	}
	s.paid(t, "pm_card_visa")
	s.idle(t)
	if got := s.server.Counts(); got.Undelivered != 0 {
		t.Errorf("a disabled endpoint was called: %+v", got)
	}
	list := s.WebhookEndpoints.List(&stripego.WebhookEndpointListParams{})
	if !list.Next() || list.WebhookEndpoint().ID != made.ID {
		t.Error("not listed")
	}
	if got := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Del(made.ID, nil)); !got.Deleted {
		t.Errorf("%+v", got)
	}
	_, err = s.WebhookEndpoints.Get(made.ID, nil)
	if bad := refusal(t, err); bad.HTTPStatusCode != 404 || bad.Code != stripego.ErrorCodeResourceMissing {
		t.Errorf("%+v", bad)
	}
}

func TestRegisteredEndpointsAreKnown(t *testing.T) {
	s := open(t, stripe.Config{})
	first := s.listen(t)
	second := s.listen(t)
	if diff := cmp.Diff([]stripe.Endpoint{second, first}, must[[]stripe.Endpoint](t)(s.server.Endpoints())); diff != "" {
		t.Error(diff)
	}
	if err := s.server.Unregister(first.ID); err != nil {
		t.Fatal(err)
	}
	if got := must[[]stripe.Endpoint](t)(s.server.Endpoints()); len(got) != 1 || got[0] != second {
		t.Errorf("%+v", got)
	}
	if err := s.server.Unregister(first.ID); err == nil {
		t.Error("unregistered twice")
	}
}

func TestEventsThatNeverWere(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true}})
	endpoint := s.listen(t)
	if err := s.server.Silence("payment_intent.succeeded", 1); err != nil {
		t.Fatal(err)
	}
	s.paid(t, "pm_card_visa")
	if got := s.sent(t, endpoint.Secret); slices.Contains(got, "payment_intent.succeeded") {
		t.Errorf("%v", got)
	}
	s.paid(t, "pm_card_visa")
	if got := s.sent(t, endpoint.Secret); !slices.Contains(got, "payment_intent.succeeded") {
		t.Errorf("%v", got)
	}
	list := s.Events.List(&stripego.EventListParams{Types: stripego.StringSlice([]string{"payment_intent.succeeded", "charge.*"})})
	list.Next()
	event := list.Event()
	if event.Type != "payment_intent.succeeded" || event.Request.ID == "" || event.PendingWebhooks != 0 {
		t.Errorf("%+v", event)
	}
	if err := s.server.Resend(event.ID, endpoint.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.sent(t, endpoint.Secret); got[len(got)-1] != "payment_intent.succeeded" || len(got) != 6 {
		t.Errorf("%v", got)
	}
	if n := must[int](t)(s.server.DeleteEvents("charge.succeeded")); n != 2 {
		t.Errorf("%d deleted", n)
	}
	if err := s.server.DeleteEvent(event.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.typesOf(t); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestEventsAreKeptThirtyDays(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now})
	s.paid(t, "pm_card_visa")
	at.pass(31 * 24 * time.Hour)
	if got := s.typesOf(t); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestConnectedAccounts(t *testing.T) {
	s := open(t, stripe.Config{ConnectedAccounts: []string{"acct_1Other"}, Delivery: stripe.Delivery{Orderly: true}})
	s.listen(t)
	own := s.hooks
	s.hooks = &hooks{}
	web := httptest.NewServer(s.hooks)
	t.Cleanup(web.Close)
	must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.New(&stripego.WebhookEndpointParams{
		URL: &web.URL, EnabledEvents: stripego.StringSlice([]string{"payment_intent.created"}), Connect: stripego.Bool(true),
	}))
	params := &stripego.PaymentIntentParams{Amount: stripego.Int64(500), Currency: stripego.String("usd")}
	params.SetStripeAccount("acct_1Other")
	i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(params))
	s.idle(t)
	if len(own.all()) != 0 || len(s.hooks.all()) != 1 {
		t.Fatalf("%d and %d deliveries", len(own.all()), len(s.hooks.all()))
	}
	var event stripego.Event
	if err := json.Unmarshal(s.hooks.all()[0].body, &event); err != nil || event.Account != "acct_1Other" {
		t.Errorf("%v %+v", err, event)
	}
	if _, err := s.PaymentIntents.Get(i.ID, nil); refusal(t, err).Code != stripego.ErrorCodeResourceMissing {
		t.Error("the platform sees a connected account's intent")
	}
	if err := s.server.Pay(i.ID, "pm_card_visa"); err != nil {
		t.Error(err)
	}
	params.SetStripeAccount("acct_1Stranger")
	_, err := s.PaymentIntents.New(params)
	if bad := refusal(t, err); bad.HTTPStatusCode != 403 || bad.Code != "account_invalid" {
		t.Errorf("%+v", bad)
	}
}

func TestWaitIdleEndsWithItsContext(t *testing.T) {
	s := open(t, stripe.Config{})
	s.listen(t)
	s.server.HoldDeliveries()
	s.paid(t, "pm_card_visa")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.server.WaitIdle(ctx); err == nil {
		t.Error("idle although deliveries are held")
	}
	s.server.ReleaseDeliveries()
	s.idle(t)
}

func TestASlowEndpointIsGivenUp(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true, Timeout: 20 * time.Millisecond, Backoff: []time.Duration{}}})
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		// The server notices that the client is gone only once the body was read.
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(web.Close)
	must[stripe.Endpoint](t)(s.server.Register(web.URL, []string{"payment_intent.created"}))
	s.paid(t, "pm_card_visa")
	s.idle(t)
	if got := s.server.Counts(); got.Undelivered != 1 || got.Delivered != 0 {
		t.Errorf("%+v", got)
	}
}
