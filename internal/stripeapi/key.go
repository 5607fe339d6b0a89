package stripeapi

import (
	"paybridge/internal/outcome"

	"github.com/stripe/stripe-go/v76"
)

// maxKey is Stripe's bound on an idempotency key, in characters.
//
// Source: https://docs.stripe.com/api/idempotent_requests.
const maxKey = 255

// checkKey refuses an idempotency key that Stripe would not take or that would
// not survive a header. None at all is a mistake of the program: stripe-go
// would make one up, and a repeated request would make a second object.
func checkKey(key string) error {
	const fault = "This is a fault of PayBridge: report it."
	if key == "" {
		return outcome.Reviewf("A request that makes something at Stripe has no idempotency key. %s", fault)
	}
	if len(key) > maxKey {
		return outcome.Reviewf("An idempotency key has %d characters, of which Stripe takes %d. %s", len(key), maxKey, fault)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return outcome.Reviewf("An idempotency key has at position %d a character that no header carries. %s", i+1, fault)
		}
	}
	return nil
}

// replayed reports whether an answer is one that Stripe had kept under the
// idempotency key. It shows the object as it was when it was made, so a Checkout
// Session that was paid since then still looks open.
//
// Source: https://docs.stripe.com/error-low-level, "Idempotency".
func replayed(r *stripe.APIResponse) bool {
	return r != nil && r.Header.Get("Idempotent-Replayed") == "true"
}
