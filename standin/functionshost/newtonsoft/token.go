// Package newtonsoft reads and writes JSON the way Json.NET does with its
// default settings, because the Functions host is written in .NET and what it
// does to a value on the way through is visible from outside: a string that
// looks like an ISO date becomes a date, 1.10 becomes 1.1, 1e400 becomes the
// string "Infinity", a name that comes twice keeps its last value, and a token
// that is turned into a string is indented.
//
// Only standard JSON is read: Json.NET's own liberties (comments, single
// quotes, unquoted names, hexadecimal and octal numbers) are refused, so a
// handler that relies on them is found out early.
package newtonsoft

import (
	"math/big"
	"strings"
	"time"
)

// Kind says what a Token holds.
type Kind int

// The kinds of token that Json.NET tells apart.
const (
	Null Kind = iota
	Bool
	Integer
	Float
	String
	Date
	Array
	Object
)

// Token is one JSON value. Which fields mean something depends on Kind.
type Token struct {
	Kind    Kind
	Bool    bool
	Int     *big.Int
	Float   float64
	Text    string   // String
	Date    DateTime // Date
	Items   []*Token // Array
	Members []Member // Object, in order
}

// Member is one property of an object.
type Member struct {
	Name  string
	Value *Token
}

// Get returns the member with exactly this name, nil when there is none or the
// token is no object.
func (t *Token) Get(name string) *Token {
	if t == nil {
		return nil
	}
	for _, m := range t.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// GetFold returns the last member whose name is equal without regard to case,
// nil when there is none.
func (t *Token) GetFold(name string) *Token {
	var found *Token
	if t == nil {
		return nil
	}
	for _, m := range t.Members {
		if strings.EqualFold(m.Name, name) {
			found = m.Value
		}
	}
	return found
}

// IsNull reports whether the token is absent or JSON null.
func (t *Token) IsNull() bool { return t == nil || t.Kind == Null }

// Set gives the object's member of that name a value, in the place where the
// name first stood, or adds it at the end.
func (t *Token) Set(name string, value *Token) {
	for i := range t.Members {
		if t.Members[i].Name == name {
			t.Members[i].Value = value
			return
		}
	}
	t.Members = append(t.Members, Member{name, value})
}

// SetFold is Set with names that differ only in case taken as one. The name
// that came first keeps its spelling, as in a case-insensitive .NET dictionary.
func (t *Token) SetFold(name string, value *Token) {
	for i := range t.Members {
		if strings.EqualFold(t.Members[i].Name, name) {
			t.Members[i].Value = value
			return
		}
	}
	t.Members = append(t.Members, Member{name, value})
}

// NewObject returns an object without members.
func NewObject() *Token { return &Token{Kind: Object} }

// NewArray returns an array of these items.
func NewArray(items ...*Token) *Token { return &Token{Kind: Array, Items: items} }

// NewString returns a string token. It is never taken for a date.
func NewString(s string) *Token { return &Token{Kind: String, Text: s} }

// NewInteger returns an integer token.
func NewInteger(n int64) *Token { return &Token{Kind: Integer, Int: big.NewInt(n)} }

// NewBool returns a Boolean token.
func NewBool(b bool) *Token { return &Token{Kind: Bool, Bool: b} }

// NewNull returns JSON null.
func NewNull() *Token { return &Token{Kind: Null} }

// NewTime returns a date token: UTC when utc is set, otherwise a local time as
// a host that runs in UTC prints it (with the offset +00:00).
func NewTime(t time.Time, utc bool) *Token {
	zone := Local
	if utc {
		zone = UTC
	}
	return &Token{Kind: Date, Date: DateTime{Time: t.UTC(), Zone: zone}}
}
