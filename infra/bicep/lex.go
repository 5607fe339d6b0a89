package bicep

import (
	"fmt"
	"strings"
)

// kind is the kind of a token.
type kind int

const (
	end kind = iota
	newline
	word
	number
	text
	mark
)

// token is a piece of a file. Of a text, parts are its literals and the source
// of what is interpolated.
type token struct {
	kind  kind
	value string
	parts []piece
	line  int
}

// piece is a literal, or the source of an interpolated expression.
type piece struct {
	text         string
	interpolated bool
	line         int
}

// marks are the operators, longer ones first.
var marks = []string{"::", "==", "!=", "<=", ">=", "=~", "!~", "&&", "||", "??", ".?", "@", "{", "}", "[", "]", "(", ")", ",", ":", ".", "?", "=", "<", ">", "!", "+", "-", "*", "/", "%"}

type lexer struct {
	source string
	at     int
	line   int
	tokens []token
}

// lex takes a source apart. Its error names the line.
func lex(source string, line int) ([]token, error) {
	l := &lexer{source: source, line: line}
	for l.at < len(l.source) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{kind: end, line: l.line}), nil
}

func (l *lexer) rest() string { return l.source[l.at:] }

func (l *lexer) add(k kind, length int) {
	l.tokens = append(l.tokens, token{kind: k, value: l.rest()[:length], line: l.line})
	l.at += length
}

func (l *lexer) next() error {
	rest := l.rest()
	switch c := rest[0]; {
	case c == '\n':
		l.add(newline, 1)
		l.line++
	case c == ' ' || c == '\t' || c == '\r':
		l.at++
	case strings.HasPrefix(rest, "//"):
		l.at += strings.IndexByte(rest+"\n", '\n')
	case strings.HasPrefix(rest, "/*"):
		length := strings.Index(rest, "*/")
		if length < 0 {
			return fmt.Errorf("line %d: the comment has no end", l.line)
		}
		l.line += strings.Count(rest[:length], "\n")
		l.at += length + 2
	case strings.HasPrefix(rest, "'''"):
		return l.verbatim()
	case c == '\'':
		return l.text()
	case digit(c):
		l.add(number, span(rest, digit))
	case letter(c):
		l.add(word, span(rest, func(c byte) bool { return letter(c) || digit(c) }))
	default:
		for _, m := range marks {
			if strings.HasPrefix(rest, m) {
				l.add(mark, len(m))
				return nil
			}
		}
		return fmt.Errorf("line %d: %q has no meaning", l.line, rest[:1])
	}
	return nil
}

// verbatim reads a text in three quotes, in which nothing is special. A line
// break right after the quotes does not count.
func (l *lexer) verbatim() error {
	body, _, ok := strings.Cut(l.rest()[3:], "'''")
	if !ok {
		return fmt.Errorf("line %d: the text has no end", l.line)
	}
	l.tokens = append(l.tokens, token{kind: text, parts: []piece{{text: strings.TrimPrefix(body, "\n")}}, line: l.line})
	l.line += strings.Count(body, "\n")
	l.at += len(body) + 6
	return nil
}

// text reads a text in single quotes, with what is interpolated as source.
func (l *lexer) text() error {
	t := token{kind: text, line: l.line}
	var literal strings.Builder
	for l.at++; l.at < len(l.source); l.at++ {
		switch rest := l.rest(); {
		case rest[0] == '\'':
			t.parts = append(t.parts, piece{text: literal.String()})
			l.tokens = append(l.tokens, t)
			l.at++
			return nil
		case rest[0] == '\n':
			return fmt.Errorf("line %d: the text has no end", l.line)
		case rest[0] == '\\' && len(rest) > 1:
			escaped, ok := map[byte]string{'\\': `\`, '\'': "'", 'n': "\n", 'r': "\r", 't': "\t", '$': "$"}[rest[1]]
			if !ok {
				return fmt.Errorf("line %d: \\%c means nothing in a text", l.line, rest[1])
			}
			literal.WriteString(escaped)
			l.at++
		case strings.HasPrefix(rest, "${"):
			length := interpolation(rest)
			if length < 0 {
				return fmt.Errorf("line %d: ${ has no end", l.line)
			}
			t.parts = append(t.parts, piece{text: literal.String()}, piece{text: rest[2:length], interpolated: true, line: l.line})
			literal.Reset()
			l.at += length
		default:
			literal.WriteByte(rest[0])
		}
	}
	return fmt.Errorf("line %d: the text has no end", l.line)
}

// interpolation returns where the brace is that ends the ${ that rest begins
// with, -1 where there is none. Texts inside may hold braces.
func interpolation(rest string) int {
	depth, quoted := 0, false
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '\n':
			return -1
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// span returns how many bytes at the beginning of s are of the class.
func span(s string, class func(byte) bool) int {
	n := 0
	for n < len(s) && class(s[n]) {
		n++
	}
	return n
}
