package functionshost

import (
	"encoding/base64"
	"encoding/binary"
	"mime"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"paybridge/standin/functionshost/newtonsoft"
)

// publicRequest is what the front knows of a request once its body was read.
type publicRequest struct {
	method  string
	url     string // absolute, as the client wrote path and query
	query   string // raw
	headers []header
	params  []param
	keyID   string // the function key that let it in, empty for none
	body    []byte // empty unless there was a Content-Length above zero
}

type header struct {
	name   string
	values []string
}

// httpEnvelope is the request of an HTTP trigger in JSON mode.
func httpEnvelope(f *function, r *publicRequest, now time.Time) *envelope {
	query := parseQuery(r.query)
	req := newtonsoft.NewObject()
	req.Set("Url", newtonsoft.NewString(r.url))
	req.Set("Method", newtonsoft.NewString(r.method))
	joined := newtonsoft.NewObject()
	for _, q := range query {
		joined.Set(q.name, newtonsoft.NewString(strings.Join(q.values, ",")))
	}
	req.Set("Query", joined)
	headers := newtonsoft.NewObject()
	for _, h := range r.headers {
		values := newtonsoft.NewArray()
		for _, v := range h.values {
			values.Items = append(values.Items, newtonsoft.NewString(v))
		}
		headers.Set(h.name, values)
	}
	req.Set("Headers", headers)
	params := newtonsoft.NewObject()
	for _, p := range r.params {
		if p.present {
			params.Set(p.name, newtonsoft.NewString(p.value))
		} else {
			params.Set(p.name, newtonsoft.NewNull())
		}
	}
	req.Set("Params", params)
	req.Set("Identities", newtonsoft.NewArray(identity(r.keyID)))
	if len(r.body) > 0 {
		req.Set("Body", newtonsoft.NewString(bodyText(contentType(r.headers), r.body)))
	}
	data := newtonsoft.NewObject()
	data.Set(f.trigger.Name, req)
	metadata := httpMetadata(r, query)
	addSys(metadata, f.name, now)
	return &envelope{data, metadata}
}

// httpMetadata is the binding data of an HTTP trigger. The body comes first and
// can take any name, even Query, Headers and sys.
func httpMetadata(r *publicRequest, query []header) *newtonsoft.Token {
	metadata := newtonsoft.NewObject()
	if len(r.body) > 0 {
		mergePayload(metadata, decodeText(r.body))
	}
	last := newtonsoft.NewObject()
	for _, q := range query {
		value := q.values[len(q.values)-1]
		last.Set(q.name, newtonsoft.NewString(value))
		if !strings.EqualFold(q.name, "code") {
			metadata.SetFold(q.name, encodedText(value))
		}
	}
	for _, p := range r.params {
		if p.present {
			metadata.SetFold(p.name, encodedText(p.value))
		}
	}
	if metadata.GetFold("Query") == nil {
		metadata.Set("Query", last)
	}
	if metadata.GetFold("Headers") == nil {
		headers := newtonsoft.NewObject()
		for _, h := range r.headers {
			headers.Set(h.name, newtonsoft.NewString(strings.Join(h.values, ",")))
		}
		metadata.Set("Headers", headers)
	}
	return metadata
}

// parseQuery splits a query in order; names differ by case.
func parseQuery(raw string) []header {
	var query []header
next:
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		for i := range query {
			if strings.EqualFold(query[i].name, name) {
				query[i].values = append(query[i].values, value)
				continue next
			}
		}
		query = append(query, header{name, []string{value}})
	}
	return query
}

// unescape decodes a part of a query; what cannot be decoded stays as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func contentType(headers []header) string {
	for _, h := range headers {
		if strings.EqualFold(h.name, "Content-Type") && len(h.values) > 0 {
			return h.values[0]
		}
	}
	return ""
}

// bodyText is how a body appears in the envelope: base64 for octet streams and
// multipart bodies, otherwise text.
func bodyText(contentType string, body []byte) string {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	}
	if media == "application/octet-stream" || strings.HasPrefix(media, "multipart/") {
		return base64.StdEncoding.EncodeToString(body)
	}
	return decodeText(body)
}

// decodeText reads bytes as a .NET StreamReader does: a byte order mark is
// removed and says whether they are UTF-16 or UTF-32; without one they are
// UTF-8. What is no text becomes U+FFFD.
func decodeText(b []byte) string {
	switch s := string(b); {
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return decodeUTF8(b[3:])
	case strings.HasPrefix(s, "\xff\xfe\x00\x00"):
		return decodeUTF32(b[4:], binary.LittleEndian)
	case strings.HasPrefix(s, "\x00\x00\xfe\xff"):
		return decodeUTF32(b[4:], binary.BigEndian)
	case strings.HasPrefix(s, "\xff\xfe"):
		return decodeUTF16(b[2:], binary.LittleEndian)
	case strings.HasPrefix(s, "\xfe\xff"):
		return decodeUTF16(b[2:], binary.BigEndian)
	default:
		return decodeUTF8(b)
	}
}

// decodeUTF8 puts one U+FFFD in the place of each maximal invalid part, as
// .NET and the Unicode standard do.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = invalidPart(b)
		}
		s.WriteRune(r)
		b = b[size:]
	}
	return s.String()
}

// invalidPart is the length of the longest start of b that could begin a
// character, at least 1.
func invalidPart(b []byte) int {
	for n := min(3, len(b)); n > 1; n-- {
		if !utf8.FullRune(b[:n]) {
			return n
		}
	}
	return 1
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	s := string(utf16.Decode(units))
	if len(b) > 0 {
		s += "\ufffd"
	}
	return s
}

func decodeUTF32(b []byte, order binary.ByteOrder) string {
	var s strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := rune(-1)
		if u := order.Uint32(b); u <= utf8.MaxRune {
			r = rune(u)
		}
		s.WriteRune(r)
	}
	if len(b) > 0 {
		s.WriteRune(utf8.RuneError)
	}
	return s.String()
}
