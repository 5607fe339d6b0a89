package stripeapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/internal/outbound"
	"paybridge/internal/outcome"
	"paybridge/internal/secret"
)

func TestTextsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		check func(string) error
		most  int
	}{
		"idempotency key": {checkKey, 255},
		"description":     {checkDescription, 1000},
	} {
		for n, want := range map[int]outcome.Class{c.most: outcome.Done, c.most + 1: outcome.Review} {
			if got := outcome.Of(c.check(strings.Repeat("x", n))); got != want {
				t.Errorf("%s of %d characters: %v, want %v", name, n, got, want)
			}
		}
	}
	for n, want := range map[int]string{maxName: strings.Repeat("ü", 250), maxName + 1: strings.Repeat("ü", 249) + "…"} {
		if got := clip(strings.Repeat("ü", n), maxName); got != want {
			t.Errorf("of a name of %d characters %d bytes are shown", n, len(got))
		}
	}
}

// TestLookingForUndeliveredEventsEnds: Stripe that always knows more keeps
// nobody for ever.
func TestLookingForUndeliveredEventsEnds(t *testing.T) {
	page := `{"object":"list","has_more":true,"data":[` + strings.TrimSuffix(strings.Repeat(`{"id":"evt_1","object":"event","created":1},`, PageSize), ",") + `]}`
	s := play(t, answer{body: page})
	u, err := s.Undelivered(t.Context(), time.Unix(1, 0), time.Unix(2, 0))
	if err != nil || u.Count != 1000 || !u.More || len(s.requests()) != 10 {
		t.Errorf("%+v in %d requests, %v", u, len(s.requests()), err)
	}
}

// TestHeadersOfAnswersAreBounded: an answer whose header is too large is an
// answer that did not come.
func TestHeadersOfAnswersAreBounded(t *testing.T) {
	for n, want := range map[int]outcome.Class{32 << 10: outcome.Done, outbound.MaxHeader + 8<<10: outcome.Again} {
		s := newStripe(t, map[string]answer{"/v1/payment_intents": {header: http.Header{"X": {strings.Repeat("x", n)}}, body: `{"object":"list","data":[]}`}})
		if err := New(Config{Key: secret.New(testKey), BaseURL: s.URL}).Ping(t.Context()); outcome.Of(err) != want {
			t.Errorf("a header of %d bytes: %v", n, err)
		}
	}
}
