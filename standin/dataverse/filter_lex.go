package dataverse

import "strings"

type tokenKind int

const (
	tokenEnd tokenKind = iota
	// tokenWord is a name, a path, a keyword or any literal but a text: what it is shows where it stands.
	tokenWord
	tokenString
	tokenPunctuation
)

type token struct {
	kind tokenKind
	// text of a string literal is without quotes and escapes.
	text string
	at   int
}

// lex cuts a filter expression or the inside of a key into tokens; the last one is tokenEnd.
func lex(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '\'':
			value, next, ok := lexString(text, i)
			if !ok {
				return nil, badURI("There is an unterminated string literal at position %d in '%s'.", len(text), text)
			}
			tokens = append(tokens, token{tokenString, value, i})
			i = next
		case strings.IndexByte("(),=[]", c) >= 0:
			tokens = append(tokens, token{tokenPunctuation, string(c), i})
			i++
		case wordByte(c):
			start := i
			for i < len(text) && wordByte(text[i]) {
				i++
			}
			tokens = append(tokens, token{tokenWord, text[start:i], start})
		default:
			return nil, badURI("Syntax error: character '%c' is not valid at position %d in '%s'.", c, i, text)
		}
	}
	return append(tokens, token{kind: tokenEnd, at: len(text)}), nil
}

// lexString reads a quoted text that starts at i; a doubled quote stands for one.
func lexString(text string, i int) (value string, next int, ok bool) {
	var b strings.Builder
	for i++; i < len(text); i++ {
		if text[i] != '\'' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-+.:/$@{}", c) >= 0 || c >= 0x80
}
