package payment

import (
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

// The beginnings of a row's last error tell the two directions apart, so that
// neither clears what the other has to say.
const (
	// ReviewPrefix begins what a person has to settle before the row can show
	// what Stripe says.
	ReviewPrefix = "Needs review: "
	// RefusalPrefix begins why a request of the CRM was not carried out.
	RefusalPrefix = "Request refused: "
)
