package stripe

import (
	"crypto/rand"
	"strings"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// randomText returns n characters of Stripe's alphabet. They are cryptographically random, so that ids stay unique
// over restarts whatever the seed of the chaos is.
func randomText(n int) string {
	var out strings.Builder
	buf := make([]byte, n)
	for out.Len() < n {
		// Read never fails: crypto/rand ends the process instead.
		_, _ = rand.Read(buf)
		for _, b := range buf {
			// 248 is the largest multiple of 62 in a byte: beyond it some letters would be likelier.
			if b < 248 && out.Len() < n {
				out.WriteByte(alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return out.String()
}

// newID makes an id in the present shape of Stripe's: the prefix, a 1, and 23 characters.
func newID(prefix string) string { return prefix + "_1" + randomText(23) }

// newPaymentID is newID for what belongs to a PaymentIntent: those start with a 3.
func newPaymentID(prefix string) string { return prefix + "_3" + randomText(23) }
