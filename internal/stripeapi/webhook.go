package stripeapi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"paybridge/internal/secret"

	"github.com/stripe/stripe-go/v76/webhook"
)

// Tolerance is how far the time in a signature may be from now, in either
// direction. It is what Stripe's libraries allow for the past.
const Tolerance = webhook.DefaultTolerance

// maxSignatureHeader bounds the Stripe-Signature header in bytes. Stripe's own
// is about 100 bytes long, and 70 more for each secret that is being rolled.
const maxSignatureHeader = 2 << 10

// The reasons for which Verify refuses a request. Each text is meant for the
// person who reads the endpoint's answer in Stripe's Dashboard.
var (
	ErrNoSecret           = errors.New("no webhook signing secret is configured")
	ErrNoSignature        = errors.New("the Stripe-Signature header is missing")
	ErrMalformedSignature = errors.New("the Stripe-Signature header is malformed")
	ErrExpired            = errors.New("the signature is too old; send the event again")
	ErrFromFuture         = errors.New("the signature's time is in the future; check the clock of the receiving machine")
	ErrNoMatch            = errors.New("the signature does not match; check that the endpoint's signing secret is the one that is configured")
)

// Verify checks the Stripe-Signature header of a webhook request over the
// exact bytes of its body and returns the index of the first secret that made
// the signature. The list has the current secret first and may hold the
// previous one, because Stripe signs with both for up to 24 hours after a
// secret was rolled, and with the old one alone until this process is told.
// An empty secret is passed over, since anybody could sign with it.
//
// The error is one of the package's Err values. The time window is checked
// here and not by stripe-go: stripe-go only knows the machine's clock, and
// accepts a signature from any time in the future.
func Verify(body []byte, header string, secrets []secret.Secret, now time.Time) (matched int, err error) {
	at, err := signedAt(header)
	if err != nil {
		return -1, err
	}
	window := int64(Tolerance / time.Second)
	switch {
	case at < now.Unix()-window:
		return -1, ErrExpired
	case at > now.Unix()+window:
		return -1, ErrFromFuture
	}
	configured := false
	for i, s := range secrets {
		if s.IsZero() {
			continue
		}
		configured = true
		switch err := webhook.ValidatePayloadIgnoringTolerance(body, header, s.Reveal()); {
		case err == nil:
			return i, nil
		case !errors.Is(err, webhook.ErrNoValidSignature):
			return -1, ErrMalformedSignature
		}
	}
	if !configured {
		return -1, ErrNoSecret
	}
	return -1, ErrNoMatch
}

// signedAt returns the t of a Stripe-Signature header in Unix seconds. A
// header with two of them is malformed: which one the signature is over would
// depend on the reader.
func signedAt(header string) (int64, error) {
	if header == "" {
		return 0, ErrNoSignature
	}
	if len(header) > maxSignatureHeader {
		return 0, ErrMalformedSignature
	}
	at, found := int64(0), false
	for pair := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return 0, ErrMalformedSignature
		}
		if name != "t" {
			continue
		}
		t, err := strconv.ParseInt(value, 10, 64)
		if err != nil || found {
			return 0, ErrMalformedSignature
		}
		at, found = t, true
	}
	if !found {
		return 0, ErrMalformedSignature
	}
	return at, nil
}

// Sign returns the Stripe-Signature header that Stripe sends with a body, to
// ask an app whether it takes what is signed with a secret.
func Sign(body []byte, s secret.Secret, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), webhook.ComputeSignature(at, body, s.Reveal()))
}
