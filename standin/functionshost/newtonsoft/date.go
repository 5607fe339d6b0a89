package newtonsoft

import (
	"strings"
	"time"
)

// Zone is the kind of a .NET DateTime.
type Zone int

// The kinds of a DateTime. Local is printed with the offset of the host, which
// runs in UTC.
const (
	Unspecified Zone = iota
	UTC
	Local
)

// DateTime is a date as .NET holds it: a time of at most 100 ns precision and
// whether its zone is known.
type DateTime struct {
	Time time.Time // always with location UTC
	Zone Zone
}

// ISO returns the date as Json.NET writes it, with up to seven decimals.
func (d DateTime) ISO() string {
	s := d.Time.Format("2006-01-02T15:04:05.9999999")
	switch d.Zone {
	case UTC:
		return s + "Z"
	case Local:
		return s + "+00:00"
	default:
		return s
	}
}

// Invariant returns the date as DateTime.ToString does in the invariant
// culture: month first, whole seconds, no zone.
func (d DateTime) Invariant() string { return d.Time.Format("01/02/2006 15:04:05") }

// ParseDate reads a string that Json.NET takes for a date: 19 to 40 characters
// of the form yyyy-MM-ddTHH:mm:ss, then up to seven decimals, then Z, an offset
// or nothing. A time with an offset becomes the local time of a host in UTC.
func ParseDate(s string) (DateTime, bool) {
	if len(s) < 19 || len(s) > 40 || s[10] != 'T' {
		return DateTime{}, false
	}
	base, err := time.Parse("2006-01-02T15:04:05", s[:19])
	if err != nil {
		return DateTime{}, false
	}
	rest := s[19:]
	if strings.HasPrefix(rest, ".") {
		n := 1
		for n < len(rest) && n <= 7 && isDigit(rest[n]) {
			n++
		}
		if n == 1 {
			return DateTime{}, false
		}
		fraction, unit := time.Duration(0), 100*time.Millisecond
		for _, c := range rest[1:n] {
			fraction += time.Duration(c-'0') * unit
			unit /= 10
		}
		base = base.Add(fraction)
		rest = rest[n:]
	}
	switch rest {
	case "":
		return DateTime{base, Unspecified}, true
	case "Z":
		return DateTime{base, UTC}, true
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return DateTime{}, false
	}
	return DateTime{base.Add(-offset), Local}, true
}

// parseOffset reads +hh, +hhmm or +hh:mm, with either sign.
func parseOffset(s string) (time.Duration, bool) {
	sign := time.Duration(1)
	switch {
	case strings.HasPrefix(s, "+"):
	case strings.HasPrefix(s, "-"):
		sign = -1
	default:
		return 0, false
	}
	digits := s[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if len(digits) != 2 && len(digits) != 4 {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
	}
	hours := time.Duration(digits[0]-'0')*10 + time.Duration(digits[1]-'0')
	var minutes time.Duration
	if len(digits) == 4 {
		minutes = time.Duration(digits[2]-'0')*10 + time.Duration(digits[3]-'0')
	}
	return sign * (hours*time.Hour + minutes*time.Minute), true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
