package newtonsoft

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Compact returns the token as JSON without white space, as JsonConvert
// serialises it.
func (t *Token) Compact() string {
	var b strings.Builder
	write(&b, t, -1)
	return b.String()
}

// Indented returns the token as JToken.ToString writes objects and arrays: two
// spaces a level, one member or item a line, and line feeds as on Linux.
func (t *Token) Indented() string {
	var b strings.Builder
	write(&b, t, 0)
	return b.String()
}

// Plain returns what ToString gives for the value itself in the invariant
// culture: a string without quotes, True, 1.5, 11/23/2026 18:21:00, nothing for
// null, and indented JSON for objects and arrays.
func (t *Token) Plain() string {
	switch {
	case t.IsNull():
		return ""
	case t.Kind == String:
		return t.Text
	case t.Kind == Bool && t.Bool:
		return "True"
	case t.Kind == Bool:
		return "False"
	case t.Kind == Float:
		return Double(t.Float)
	case t.Kind == Date:
		return t.Date.Invariant()
	default:
		return t.Indented()
	}
}

// Quote returns s as a JSON string with the escapes of Json.NET: besides the
// quote, the backslash and the control characters only U+0085, U+2028 and
// U+2029 are escaped.
func Quote(s string) string {
	var b strings.Builder
	quote(&b, s)
	return b.String()
}

// write appends the token; depth is the level of indentation, negative for
// none.
func write(b *strings.Builder, t *Token, depth int) {
	if t == nil {
		b.WriteString("null")
		return
	}
	switch t.Kind {
	case Null:
		b.WriteString("null")
	case Bool:
		b.WriteString(strconv.FormatBool(t.Bool))
	case Integer:
		b.WriteString(t.Int.String())
	case Float:
		writeFloat(b, t.Float)
	case String:
		quote(b, t.Text)
	case Date:
		quote(b, t.Date.ISO())
	case Array:
		list(b, '[', ']', len(t.Items), depth, func(i, inner int) { write(b, t.Items[i], inner) })
	case Object:
		list(b, '{', '}', len(t.Members), depth, func(i, inner int) {
			quote(b, t.Members[i].Name)
			b.WriteByte(':')
			if inner >= 0 {
				b.WriteByte(' ')
			}
			write(b, t.Members[i].Value, inner)
		})
	}
}

func list(b *strings.Builder, open, closing byte, n, depth int, item func(i, inner int)) {
	b.WriteByte(open)
	inner := depth
	if depth >= 0 {
		inner++
	}
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		newline(b, inner)
		item(i, inner)
	}
	if n > 0 {
		newline(b, depth)
	}
	b.WriteByte(closing)
}

func newline(b *strings.Builder, depth int) {
	if depth < 0 {
		return
	}
	b.WriteByte('\n')
	for range depth {
		b.WriteString("  ")
	}
}

// writeFloat appends a double as JsonTextWriter does: always with a decimal
// point or an exponent, and what is no number as a string.
func writeFloat(b *strings.Builder, f float64) {
	s := Double(f)
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		quote(b, s)
	case strings.ContainsAny(s, ".E"):
		b.WriteString(s)
	default:
		b.WriteString(s + ".0")
	}
}

// Double returns f as double.ToString("R") of .NET does in the invariant
// culture: the shortest digits that read back as f, with an exponent from 1E+15
// up and below 0.0001.
func Double(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	if e := exponent(f); e < -4 || e >= 15 {
		return strings.ToUpper(strconv.FormatFloat(f, 'e', -1, 64))
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// exponent returns the decimal exponent of the first digit of f.
func exponent(f float64) int {
	s := strconv.FormatFloat(f, 'e', -1, 64)
	_, exp, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exp)
	return n
}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	b.WriteByte('"')
}
