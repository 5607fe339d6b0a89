package stripeapi

import (
	"regexp"
	"strings"
	"unicode"
)

// Stripe's messages repeat what they complain about: a key in "Invalid API Key
// provided: sk_test_…", the client secret of an intent, in theory the number
// of a card.
var (
	keyLike    = regexp.MustCompile(`\b(?:sk|rk|pk|whsec)_[\w*.-]+`)
	secretLike = regexp.MustCompile(`\w*_secret_[\w*.-]+`)
	codeLike   = regexp.MustCompile(`\b(code)=[^\s&'"<>]+`)
	cardLike   = regexp.MustCompile(`\b\d(?:[ -]?\d){12,18}\b`)
)

// clean makes a text of Stripe's fit for a log, a row and an error: on one
// line, at most n characters long, with "[secret]" in the place of anything
// that looks like one.
func (c *Client) clean(s string, n int) string {
	if key := c.key.Reveal(); key != "" {
		s = strings.ReplaceAll(s, key, "[secret]")
	}
	return clean(s, n)
}

func clean(s string, n int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	s = secretLike.ReplaceAllString(s, "[secret]")
	s = keyLike.ReplaceAllString(s, "[secret]")
	s = codeLike.ReplaceAllString(s, "$1=[secret]")
	s = cardLike.ReplaceAllString(s, "[number]")
	i := 0
	for at := range s {
		if i == n {
			return s[:at] + "…"
		}
		i++
	}
	return s
}

// Redact puts "[secret]" in the place of anything in a text from outside that
// looks like a key or a client secret of Stripe's, and "[number]" in that of a
// card's.
func Redact(s string) string {
	s = secretLike.ReplaceAllString(s, "[secret]")
	s = keyLike.ReplaceAllString(s, "[secret]")
	return cardLike.ReplaceAllString(s, "[number]")
}
