package payment

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence writes the text of an error as a person reads it on a row: with a
// capital letter and a full stop.
func Sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// request is the id that Stripe gives a request, with what stands around it.
var request = regexp.MustCompile(` ?\(?\breq_\w+\)?`)

// Alike reports whether two texts tell a person the same. A refusal names the
// request that was refused, which is another one at each delivery; a row that
// was written for that alone would look as if something had happened.
func Alike(a, b string) bool {
	return a == b || request.ReplaceAllString(a, "") == request.ReplaceAllString(b, "")
}

// The beginnings of a row's last error tell the two directions apart, so that
// neither clears what the other has to say.
const (
	// ReviewPrefix begins what a person has to settle before the row can show
	// what Stripe says.
	ReviewPrefix = "Needs review: "
	// RefusalPrefix begins why a request of the CRM was not carried out.
	RefusalPrefix = "Request refused: "
)
