package stripe_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

// call makes a plain request, as an SDK of another language would.
func (s *shop) call(t *testing.T, method, path, body string, header http.Header) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	if req.Header.Get("Authorization") == "" {
		req.SetBasicAuth(s.server.SecretKey(), "")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.Unmarshal(must[[]byte](t)(io.ReadAll(resp.Body)), &answer); err != nil {
		t.Fatal(err)
	}
	return resp, answer
}

func TestKeys(t *testing.T) {
	s := open(t, stripe.Config{SecretKey: "sk_test_abc123", RestrictedKeys: []string{"rk_test_def456"}})
	for _, tt := range []struct {
		authorization string
		status        int
	}{
		{"Bearer sk_test_abc123", 200}, {"Bearer rk_test_def456", 200}, {"Bearer sk_test_wrong0000", 401}, {"Bearer sk_live_abc123", 401},
		{"Basic c2tfdGVzdF9hYmMxMjM6", 200}, {"Bearer ", 401},
	} {
		resp, body := s.call(t, http.MethodGet, "/v1/balance", "", http.Header{"Authorization": {tt.authorization}})
		if resp.StatusCode != tt.status || resp.Header.Get("Request-Id") == "" {
			t.Errorf("%s: %d %v", tt.authorization, resp.StatusCode, body)
		}
		if raw := cmp.Diff(nil, body); strings.Contains(raw, "wrong") {
			t.Errorf("the key is told back: %v", body)
		}
	}
	for _, bad := range []stripe.Config{
		{}, {Dir: t.TempDir(), SecretKey: "pk_test_x"}, {Dir: t.TempDir(), SecretKey: "sk_test_x", RestrictedKeys: []string{"rk_live_y"}},
		{Dir: t.TempDir(), ConnectedAccounts: []string{"x"}},
	} {
		if server, err := stripe.Open(bad); err == nil {
			t.Errorf("%+v was opened: %v", bad, server.Close())
		}
	}
}

func TestLiveKeysMakeLiveObjects(t *testing.T) {
	s := open(t, stripe.Config{SecretKey: "sk_live_abc123"})
	i := s.paid(t, "pm_card_visa")
	session := s.sell(t, 100)
	if !i.Livemode || !session.Livemode || !strings.HasPrefix(session.ID, "cs_live_") {
		t.Errorf("%+v %+v", i, session)
	}
}

func TestRefusedRequests(t *testing.T) {
	s := open(t, stripe.Config{})
	i := s.paid(t, "pm_card_visa")
	long := strings.Repeat("x", 501)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		code, param              string
	}{
		{"unknown parameter", "POST", "/v1/payment_intents", "amount=500&currency=usd&colour=red", 400, "parameter_unknown", "colour"},
		{"unknown nested parameter", "POST", "/v1/refunds", "payment_intent=" + i.ID + "&evidence[a]=b", 400, "parameter_unknown", "evidence[a]"},
		{"missing parameter", "POST", "/v1/payment_intents", "currency=usd", 400, "parameter_missing", "amount"},
		{"empty parameter", "POST", "/v1/payment_intents", "amount=500&currency=", 400, "parameter_invalid_empty", "currency"},
		{"not a number", "POST", "/v1/payment_intents", "amount=5.00&currency=usd", 400, "parameter_invalid_integer", "amount"},
		{"metadata too long", "POST", "/v1/payment_intents", "amount=500&currency=usd&metadata[a]=" + long, 400, "", "metadata"},
		{"unknown id", "GET", "/v1/payment_intents/pi_none", "", 404, "resource_missing", "intent"},
		{"unknown charge", "GET", "/v1/charges/ch_none", "", 404, "resource_missing", "id"},
		{"unknown payment method", "POST", "/v1/payment_intents", "amount=500&currency=usd&payment_method=pm_none", 404, "resource_missing", "payment_method"},
		{"unknown URL", "GET", "/v1/nothing", "", 404, "", ""},
		{"limit", "GET", "/v1/events?limit=101", "", 400, "parameter_invalid_integer", "limit"},
		{"expansion", "GET", "/v1/payment_intents/" + i.ID + "?expand[]=amount", "", 400, "", "expand"},
		{"deep expansion", "GET", "/v1/payment_intents?expand[]=data.latest_charge.payment_intent.latest_charge.refunds", "", 400, "", "expand"},
		{"page mark", "GET", "/v1/charges?starting_after=ch_none", "", 404, "resource_missing", "starting_after"},
		{"two page marks", "GET", "/v1/charges?starting_after=ch_1&ending_before=ch_2", "", 400, "", ""},
		{"wrong method type", "POST", "/v1/payment_intents", "amount=500&currency=usd&payment_method_types[]=card&payment_method=pm_usBankAccount_success", 400, "payment_intent_incompatible_payment_method", "payment_method"},
		{"no return_url", "POST", "/v1/payment_intents", "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true", 400, "", ""},
		{"session without items", "POST", "/v1/checkout/sessions", "mode=payment&success_url=https://a.example", 400, "parameter_missing", "line_items"},
		{"session with a bad URL", "POST", "/v1/checkout/sessions", "mode=payment&success_url=nowhere&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=100&line_items[0][price_data][product_data][name]=a", 400, "url_invalid", "success_url"},
	} {
		resp, body := s.call(t, tt.method, tt.path, tt.body, nil)
		bad, _ := body["error"].(map[string]any)
		text := func(name string) string { value, _ := bad[name].(string); return value }
		if resp.StatusCode != tt.status || text("code") != tt.code || text("param") != tt.param || text("type") != "invalid_request_error" || text("message") == "" {
			t.Errorf("%s: %d %v", tt.name, resp.StatusCode, bad)
		}
	}
	if got := s.server.Counts(); got.Events["payment_intent.created"] != 1 {
		t.Errorf("a refused request left an event: %v", got.Events)
	}
}

func TestIdempotency(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now})
	key := http.Header{"Idempotency-Key": {"one"}}
	const params = "amount=500&currency=usd&metadata[a]=1&metadata[b]=2"
	first, made := s.call(t, http.MethodPost, "/v1/payment_intents", params, key)
	again, same := s.call(t, http.MethodPost, "/v1/payment_intents", "metadata[b]=2&metadata[a]=1&amount=500&currency=usd", key)
	if diff := cmp.Diff(made, same); diff != "" || first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" ||
		again.Header.Get("Original-Request") != first.Header.Get("Request-Id") {
		t.Errorf("%s %v", diff, again.Header)
	}
	resp, body := s.call(t, http.MethodPost, "/v1/payment_intents", "amount=600&currency=usd", key)
	if bad, _ := body["error"].(map[string]any); resp.StatusCode != 400 || bad["type"] != "idempotency_error" {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	// A declined payment is an answer like another and is replayed.
	declined := http.Header{"Idempotency-Key": {"two"}}
	const bad = "amount=500&currency=usd&payment_method=pm_card_chargeDeclined&confirm=true&payment_method_types[]=card"
	one, _ := s.call(t, http.MethodPost, "/v1/payment_intents", bad, declined)
	two, _ := s.call(t, http.MethodPost, "/v1/payment_intents", bad, declined)
	if one.StatusCode != 402 || two.StatusCode != 402 || two.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %d %v", one.StatusCode, two.StatusCode, two.Header)
	}
	// A request that was refused before it began is not kept.
	refused := http.Header{"Idempotency-Key": {"three"}}
	s.call(t, http.MethodPost, "/v1/payment_intents", "amount=1&currency=usd", refused)
	if resp, body := s.call(t, http.MethodPost, "/v1/payment_intents", params, refused); resp.StatusCode != 200 {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	at.pass(25 * time.Hour)
	if _, other := s.call(t, http.MethodPost, "/v1/payment_intents", params, key); other["id"] == made["id"] {
		t.Error("the key is kept for ever")
	}
	if got := s.server.Counts().Events["payment_intent.created"]; got != 4 {
		t.Errorf("%d intents", got)
	}
}

func TestAKeyInUseIsRefused(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := open(t, stripe.Config{Faults: func(*http.Request) *stripe.Fault {
		first := false
		once.Do(func() { first = true })
		if first {
			close(entered)
			<-leave
		}
		return nil
	}})
	key := http.Header{"Idempotency-Key": {"one"}}
	done := make(chan int)
	go func() {
		resp, _ := s.call(t, http.MethodPost, "/v1/payment_intents", "amount=500&currency=usd", key)
		done <- resp.StatusCode
	}()
	<-entered
	resp, body := s.call(t, http.MethodPost, "/v1/payment_intents", "amount=500&currency=usd", key)
	if bad, _ := body["error"].(map[string]any); resp.StatusCode != 409 || bad["code"] != "idempotency_key_in_use" {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	close(leave)
	if status := <-done; status != 200 {
		t.Errorf("%d", status)
	}
}

func TestFaults(t *testing.T) {
	s := open(t, stripe.Config{})
	post := func(key string) (*http.Response, map[string]any) {
		return s.call(t, http.MethodPost, "/v1/payment_intents", "amount=500&currency=usd", http.Header{"Idempotency-Key": {key}})
	}
	s.server.FaultNext(http.MethodPost, "/v1/payment_intents", 1, stripe.Fault{Status: 429, Code: "lock_timeout", RetryAfter: 2 * time.Second})
	resp, body := post("a")
	if bad, _ := body["error"].(map[string]any); resp.StatusCode != 429 || bad["code"] != "lock_timeout" || resp.Header.Get("Retry-After") != "2" {
		t.Errorf("%d %v %v", resp.StatusCode, body, resp.Header)
	}
	s.server.FaultNext("", "/v1/", 1, stripe.Fault{Status: 500, AfterCommit: true})
	if resp, _ := post("b"); resp.StatusCode != 500 || s.server.Counts().Events["payment_intent.created"] != 1 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := post("b"); resp.StatusCode != 200 || resp.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	s.server.FaultNext("", "/v1/", 1, stripe.Fault{Status: 500, Stored: true})
	post("c")
	if resp, _ := post("c"); resp.StatusCode != 500 || resp.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a stored 500: %d %v", resp.StatusCode, resp.Header)
	}
	made := s.server.Counts().Events["payment_intent.created"]
	s.server.FaultNext("", "/v1/", 1, stripe.Fault{Status: 500, Stored: true, Undone: true})
	for range 2 {
		if resp, _ := post("c2"); resp.StatusCode != 500 || s.server.Counts().Events["payment_intent.created"] != made {
			t.Errorf("a stored 500 without a change: %d", resp.StatusCode)
		}
	}
	s.server.FaultNext("", "/v1/", 1, stripe.Fault{Drop: true, AfterCommit: true})
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/payment_intents", strings.NewReader("amount=500&currency=usd")))
	req.SetBasicAuth(s.server.SecretKey(), "")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	before := s.server.Counts().Events["payment_intent.created"]
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("the connection was not dropped")
	}
	if s.server.Counts().Events["payment_intent.created"] != before+1 {
		t.Error("the dropped request did not take place")
	}
	s.server.FaultNext("", "/v1/", 1, stripe.Fault{Delay: time.Millisecond})
	if resp, _ := post("d"); resp.StatusCode != 200 {
		t.Errorf("only a delay: %d", resp.StatusCode)
	}
	if got := s.server.Counts().Requests["POST /v1/payment_intents"]; got != 9 {
		t.Errorf("%d requests counted", got)
	}
}

func TestRateLimit(t *testing.T) {
	s := open(t, stripe.Config{RateLimit: 1})
	for range 3 {
		resp, body := s.call(t, http.MethodGet, "/v1/balance", "", nil)
		if bad, _ := body["error"].(map[string]any); resp.StatusCode == 429 && bad["code"] == "rate_limit" {
			return
		}
	}
	t.Error("three requests at once were served with a limit of one a second")
}

func TestConcurrentRequestsAreOneAfterTheOther(t *testing.T) {
	s := open(t, stripe.Config{})
	s.listen(t)
	i := s.paid(t, "pm_card_visa")
	var wg sync.WaitGroup
	var mu sync.Mutex
	refunded := 0
	for range 20 {
		wg.Go(func() {
			_, err := s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(100)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				refunded++
			}
		})
	}
	wg.Wait()
	if ch := s.charge(t, i.LatestCharge.ID); refunded != 10 || ch.AmountRefunded != 1000 || !ch.Refunded {
		t.Errorf("%d refunds, %d of 1000", refunded, ch.AmountRefunded)
	}
	s.idle(t)
}

func TestControlOverHTTP(t *testing.T) {
	s := open(t, stripe.Config{SettleAfter: -1})
	control := func(path string, fields url.Values) map[string]any {
		t.Helper()
		resp, body := s.call(t, http.MethodPost, "/_standin/"+path, fields.Encode(), nil)
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %d %v", path, resp.StatusCode, body)
		}
		return body
	}
	session := s.sell(t, 600)
	control("checkout/sessions/"+session.ID+"/pay", url.Values{"method": {"pm_usBankAccount_success"}})
	i := s.session(t, session.ID).PaymentIntent
	control("payment_intents/"+i.ID+"/settle", nil)
	d := control("payment_intents/"+i.ID+"/dispute", url.Values{"inquiry": {"true"}})
	control("disputes/"+d["dispute"].(string)+"/escalate", nil)
	control("disputes/"+d["dispute"].(string)+"/close", url.Values{"outcome": {"won"}})
	r := must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID}))
	control("refunds/"+r.ID+"/fail", url.Values{"reason": {"lost_or_stolen_card"}})
	control("silences", url.Values{"type": {"charge.succeeded"}})
	control("faults", url.Values{"path": {"/v1/balance"}, "status": {"500"}})
	if resp, _ := s.call(t, http.MethodGet, "/v1/balance", "", nil); resp.StatusCode != 500 {
		t.Errorf("no fault: %d", resp.StatusCode)
	}
	if _, body := s.call(t, http.MethodGet, "/_standin/counts", "", nil); body["events"].(map[string]any)["charge.refunded"] != float64(1) {
		t.Errorf("%v", body)
	}
	if resp, _ := s.call(t, http.MethodGet, "/_standin/idle", "", nil); resp.StatusCode != 200 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := s.call(t, http.MethodDelete, "/_standin/events?type=charge.refunded", "", nil); resp.StatusCode != 200 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := s.call(t, http.MethodPost, "/_standin/payment_intents/pi_none/settle", "", nil); resp.StatusCode != 400 {
		t.Errorf("an unknown intent: %d", resp.StatusCode)
	}
}

func TestAccountAndBalance(t *testing.T) {
	s := open(t, stripe.Config{})
	i := s.paid(t, "pm_card_visa")
	must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(300)}))
	if got := must[*stripego.Account](t)(s.Accounts.Get()); got.ID != s.server.Account() || !got.ChargesEnabled {
		t.Errorf("%+v", got)
	}
	if got := must[*stripego.Balance](t)(s.Balance.Get(nil)); got.Available[0].Amount != 700 {
		t.Errorf("%+v", got)
	}
	list := s.BalanceTransactions.List(&stripego.BalanceTransactionListParams{})
	if !list.Next() || list.BalanceTransaction().Amount != -300 || list.BalanceTransaction().Type != "refund" {
		t.Errorf("%+v", list.BalanceTransaction())
	}
}
