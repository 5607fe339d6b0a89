package stripeapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/secret/leak"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"
)

// TestAnswerLost has Stripe do what was asked and the answer not arrive.
func TestAnswerLost(t *testing.T) {
	for name, fault := range map[string]stripe.Fault{
		"connection cut":     {Drop: true, AfterCommit: true},
		"server error":       {Status: 500, AfterCommit: true},
		"bad gateway":        {Status: 502, AfterCommit: true},
		"lock timeout":       {Status: 429, Code: "lock_timeout"},
		"key still in use":   {Status: 409, Code: "idempotency_key_in_use"},
		"throttled for long": {Status: 429, Code: "rate_limit", RetryAfter: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTill(t, -1)
			fail := func(path string, do func() error) {
				t.Helper()
				s.server.FaultNext("POST", path, 1, fault)
				err := do()
				if err == nil && fault.Drop {
					// net/http itself repeats a request that has an idempotency
					// key when a connection that it kept is cut.
					return
				}
				wantClass(t, err, outcome.Again)
				if got := outcome.RetryAfter(err); got != fault.RetryAfter {
					t.Errorf("retry after %s, want %s", got, fault.RetryAfter)
				}
			}
			fail("/v1/payment_intents", func() error { return errorOf(s.CreateIntent(t.Context(), "", intentRequest())) })
			in := s.create(t, nil)
			if n := s.intents(t); n != 1 {
				t.Errorf("%d intents, want 1", n)
			}
			fail("/v1/checkout/sessions", func() error { return errorOf(s.CreateSession(t.Context(), "", sessionRequest())) })
			s.createSession(t, nil)
			if found, err := s.FindSessions(t.Context(), "", row, s.time()); err != nil || len(found) != 1 {
				t.Errorf("%d sessions, %v, want 1", len(found), err)
			}
			fail("/v1/payment_intents/"+in.ID, func() error { return errorOf(s.UpdateIntent(t.Context(), "", in.ID, 2500, "eur")) })
			if in, err := s.UpdateIntent(t.Context(), "", in.ID, 2500, "eur"); err != nil || in.Amount != 2500 {
				t.Errorf("UpdateIntent = %+v, %v", in, err)
			}
			s.pay(t, in.ID, "pm_card_visa")
			r := stripeapi.RefundRequest{Key: "refund-1500", Intent: in.ID, Amount: 1500, Total: 1500, Link: rowLink}
			fail("/v1/refunds", func() error { return errorOf(s.CreateRefund(t.Context(), "", r)) })
			if _, err := s.CreateRefund(t.Context(), "", r); err != nil {
				t.Error(err)
			}
			if all := s.refunds(t, in.ID); len(all) != 1 {
				t.Errorf("%d refunds, want 1", len(all))
			}
		})
	}
}

// TestKeptServerError has Stripe make the intent, answer 500 and keep that
// answer under the key: only a search finds what was made.
func TestKeptServerError(t *testing.T) {
	s := openTill(t, -1)
	s.server.FaultNext("POST", "/v1/payment_intents", 1, stripe.Fault{Status: 500, Stored: true})
	for range 3 {
		_, err := s.CreateIntent(t.Context(), "", intentRequest())
		wantClass(t, err, outcome.Again)
		if stripeapi.IsStale(err) || stripeapi.IsIdempotencyConflict(err) {
			t.Errorf("%v passes for something else", err)
		}
	}
	if found := s.find(t); len(found) != 1 || found[0].Amount != 4990 {
		t.Errorf("found %+v, want the one intent", found)
	}
}

// TestKeyForgotten has a redelivery after Stripe forgot the key: what was made
// is found by search, as the caller has to before it makes something.
func TestKeyForgotten(t *testing.T) {
	s := openTill(t, time.Minute)
	made := s.create(t, nil)
	s.pass(25 * time.Hour)
	if found := s.find(t); len(found) != 1 || found[0].ID != made.ID {
		t.Errorf("found %+v, want %s", found, made.ID)
	}
}

// TestClientSecretStays makes, changes, finds and ends what has a client
// secret, and looks for the secret in every result, error and output.
func TestClientSecretStays(t *testing.T) {
	s := openTill(t, -1)
	read := capture(t)
	var told []any
	keep := func(value any, err error) { told = append(told, value, err) }
	made := s.create(t, nil)
	keep(made, nil)
	keep(s.CreateIntent(t.Context(), "", intentRequest()))
	changed := intentRequest()
	changed.Amount = 1
	keep(s.CreateIntent(t.Context(), "", changed))
	changed.Key = "other"
	keep(s.CreateIntent(t.Context(), "", changed))
	keep(s.UpdateIntent(t.Context(), "", made.ID, 2500, "eur"))
	keep(s.UpdateIntent(t.Context(), "", made.ID, 1, "eur"))
	keep(s.FindIntents(t.Context(), "", row))
	session := s.createSession(t, nil)
	if err := s.server.PaySession(session.ID, stripe.Payer{}); err != nil {
		t.Fatal(err)
	}
	keep(s.FindSessions(t.Context(), "", row, s.time()))
	keep(s.ExpireSession(t.Context(), "", session.ID))
	s.pay(t, made.ID, "pm_card_visa")
	keep(s.CancelIntent(t.Context(), "", made.ID)) // Stripe's refusal repeats the whole intent
	keep(s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{Key: "r", Intent: made.ID, Amount: 1, Total: 1, Link: rowLink}))
	keep(s.Refunds(t.Context(), "", made.ID))

	real, err := s.merchant.PaymentIntents.Get(made.ID, nil)
	if err != nil || !strings.Contains(real.ClientSecret, "_secret_") {
		t.Fatalf("the intent has no client secret: %v", err)
	}
	texts := []string{read()}
	for _, value := range told {
		body, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		texts = append(texts, string(body), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value))
	}
	for _, text := range texts {
		leak.New(s.server.SecretKey(), real.ClientSecret).Assert(t, "what is told", text)
	}
}

// capture takes what is written to the process's outputs from now on.
func capture(t *testing.T) (read func() string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = out, out
	t.Cleanup(func() { os.Stdout, os.Stderr = stdout, stderr })
	return func() string {
		os.Stdout, os.Stderr = stdout, stderr
		defer out.Close()
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
}

func errorOf[T payment.Intent | payment.Session | payment.IssuedRefund](_ T, err error) error {
	return err
}
