package customhandler

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// Request is what came to an HTTP trigger. However it is printed, logged or
// marshalled, only its method and the size of its body show: the query and the
// headers hold the caller's function key.
type Request struct {
	Method string
	// Header has the names as the host spells them: use its methods.
	Header Header
	Query  Query
	// Params are the parts of the route in braces; one that was left out is
	// empty.
	Params map[string]string
	// ContentType is the Content-Type header, empty where there is none.
	ContentType string
	// Body is what the caller sent, decoded where the host sends base64.
	Body []byte
	// HasBody tells an absent body from an empty one. The host leaves the body
	// out when it is empty, and also when the caller sent it in chunks without
	// a Content-Length: what was sent is then not to be had.
	HasBody bool
	// Binary says that the caller declared the body to be no text: it is of the
	// type application/octet-stream or a multipart one.
	Binary bool
	// Exact says that Body is known to be the caller's bytes. Of a text body
	// the host removes a byte order mark and replaces what is not UTF-8, so it
	// is exact when it has the length that the caller declared and nothing in
	// it was replaced. A body that truly holds U+FFFD is not Exact either,
	// though its bytes are right: a signature over them still decides.
	Exact bool
}

// Header is the headers of a request, all values of each name.
type Header map[string][]string

// Values returns all values of a header, whatever the case of its name.
func (h Header) Values(name string) []string {
	var spellings []string
	for key := range h {
		if strings.EqualFold(key, name) {
			spellings = append(spellings, key)
		}
	}
	if len(spellings) == 1 {
		return h[spellings[0]]
	}
	slices.Sort(spellings)
	var all []string
	for _, key := range spellings {
		all = append(all, h[key]...)
	}
	return all
}

// Get returns the first value of a header, whatever the case of its name, and
// "" where there is none.
func (h Header) Get(name string) string {
	if values := h.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Query is the query parameters of a request. A repeated one arrives as its
// values joined by commas.
type Query map[string]string

// UnmarshalJSON reads an object of strings, or a string that holds one as
// older hosts send it.
func (q *Query) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		data = []byte(text)
	}
	return json.Unmarshal(data, (*map[string]string)(q))
}

// summary is all that is ever printed of a request.
func (r Request) summary() string {
	return r.Method + " request, body of " + strconv.Itoa(len(r.Body)) + " bytes"
}

// private is what is printed of headers and queries.
const private = "[not shown]"

// String returns the method and the size of the body.
func (r Request) String() string { return r.summary() }

// Format prints the same for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.summary()) }

// LogValue logs the method and the size of the body.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.summary()) }

// MarshalText makes encoders print no more than the other methods do.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.summary()), nil }

// Format prints the same for every verb.
func (h Header) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, private) }

// LogValue keeps the headers out of logs.
func (h Header) LogValue() slog.Value { return slog.StringValue(private) }

// MarshalText keeps the headers out of encoders.
func (h Header) MarshalText() ([]byte, error) { return []byte(private), nil }

// Format prints the same for every verb.
func (q Query) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, private) }

// LogValue keeps the query out of logs.
func (q Query) LogValue() slog.Value { return slog.StringValue(private) }

// MarshalText keeps the query out of encoders.
func (q Query) MarshalText() ([]byte, error) { return []byte(private), nil }
