package leak

// The digits of a card's number, ISO/IEC 7812: those of the brands that Stripe
// takes have 13 to 19, and begin with 2 to 6.
const (
	fewestDigits = 13
	mostDigits   = 19
)

// cardNumbers returns where a text has the number of a card: a run of digits,
// perhaps in groups with a blank or a hyphen between, that stands alone and
// whose check digit is right. A hyphenated GUID is none: its groups have
// letters, or are too short together.
func cardNumbers(text string) [][]int {
	var found [][]int
	for i := 0; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		run, end := digits(text, i)
		alone := (i == 0 || !word(text[i-1])) && (end == len(text) || !word(text[end]))
		if alone && len(run) >= fewestDigits && len(run) <= mostDigits && run[0] >= '2' && run[0] <= '6' && luhn(run) {
			found = append(found, []int{i, end})
		}
		i = end
	}
	return found
}

// digits reads a run of digits with single separators in between, and says
// where it ends.
func digits(text string, from int) (run []byte, end int) {
	end = from
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case digit(c):
			run, end = append(run, c), i+1
		case (c == ' ' || c == '-') && i == end:
		default:
			return run, end
		}
	}
	return run, end
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// word reports whether a byte next to digits makes them part of something else:
// an id, a decimal, a time.
func word(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-' || c == ':'
}

// luhn checks the check digit, the last one.
func luhn(run []byte) bool {
	sum := 0
	for i := range run {
		d := int(run[len(run)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
