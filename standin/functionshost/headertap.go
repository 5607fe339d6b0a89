package functionshost

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The real host's web server keeps the spelling of headers that it does not
// know and their order, and a handler must cope with both. Go's server
// normalises every name and forgets the order, so the bytes of each connection
// are read along and the header blocks in them kept.

// headerTapListener taps every connection.
type headerTapListener struct{ net.Listener }

// Accept returns a connection that is read along.
func (l headerTapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: c, tap: &headerTap{}}, nil
}

type tappedConn struct {
	net.Conn
	tap *headerTap
}

// Read reads and shows the bytes to the tap.
func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.see(p[:n])
	return n, err
}

type tapKey struct{}

// withHeaderTap makes the tap of a connection known to its requests.
func withHeaderTap(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tappedConn); ok {
		return context.WithValue(ctx, tapKey{}, t.tap)
	}
	return ctx
}

// headerTap follows the requests on one connection.
type headerTap struct {
	mu     sync.Mutex
	buf    []byte     // of the header block or chunk line that is being read
	skip   int64      // bytes of a body still to come
	chunks bool       // within a chunked body
	trail  bool       // within the trailers of a chunked body
	lost   bool       // the stream could not be followed
	blocks [][]string // header lines of requests not yet asked for
}

// maxTapped bounds what is kept of a header block; net/http refuses longer
// ones.
const maxTapped = 2 << 20

func (t *headerTap) see(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(p) > 0 && !t.lost {
		if t.skip > 0 {
			n := min(t.skip, int64(len(p)))
			t.skip -= n
			p = p[n:]
			continue
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			t.buf = append(t.buf, p...)
			t.lost = len(t.buf) > maxTapped
			return
		}
		t.buf = append(t.buf, p[:i+1]...)
		p = p[i+1:]
		t.line()
	}
}

// line handles the buffer, which now ends with a line feed.
func (t *headerTap) line() {
	start := bytes.LastIndexByte(t.buf[:len(t.buf)-1], '\n') + 1
	last := strings.TrimRight(string(t.buf[start:]), "\r\n")
	switch {
	case t.trail:
		t.trail = last != ""
		t.buf = t.buf[:0]
	case t.chunks:
		t.buf = t.buf[:0]
		size, _, _ := strings.Cut(last, ";")
		if strings.TrimSpace(size) == "" {
			return // the end of the chunk before
		}
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 63)
		t.lost = err != nil
		t.skip = n
		if n == 0 {
			t.chunks, t.trail = false, true
		}
	case last == "":
		if start == 0 {
			t.buf = t.buf[:0] // a stray empty line before a request
			return
		}
		t.block()
	}
}

// block takes the header block in the buffer and finds out how its body ends.
func (t *headerTap) block() {
	lines := strings.Split(strings.TrimRight(string(t.buf), "\r\n"), "\n")
	t.buf = t.buf[:0]
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], "\r")
	}
	t.blocks = append(t.blocks, lines[1:])
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "content-length":
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 63)
			t.lost = err != nil
			t.skip = n
		case "transfer-encoding":
			t.chunks = true
		}
	}
	if t.chunks {
		t.skip = 0
	}
}

func (t *headerTap) next() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.blocks) == 0 {
		return nil
	}
	lines := t.blocks[0]
	t.blocks = t.blocks[1:]
	return lines
}

// wireHeaders returns the headers of a request as the host's web server lists
// them: known ones first, in its own order and spelling, then the others as
// they came. It is called once for each request, in their order.
func wireHeaders(r *http.Request) []header {
	tap, _ := r.Context().Value(tapKey{}).(*headerTap)
	var lines []string
	if tap != nil {
		lines = tap.next()
	}
	if lines == nil {
		return nil
	}
	rank := knownHeaders()
	var headers []header
next:
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = textproto.TrimString(value)
		for i := range headers {
			if strings.EqualFold(headers[i].name, name) {
				headers[i].values = append(headers[i].values, value)
				continue next
			}
		}
		if known := textproto.CanonicalMIMEHeaderKey(name); rank[known] != 0 {
			name = known
		}
		headers = append(headers, header{name, []string{value}})
	}
	slices.SortStableFunc(headers, func(a, b header) int {
		return rankOf(rank, a.name) - rankOf(rank, b.name)
	})
	return headers
}

func rankOf(rank map[string]int, name string) int {
	if n := rank[name]; n != 0 {
		return n
	}
	return len(rank) + 1
}

// knownHeaders :: canonical name → place, from 1. The places of those that the
// captures show are sure, those of the others a guess.
func knownHeaders() map[string]int {
	names := []string{
		"Accept", "Connection", "Host", "User-Agent",
		"Cache-Control", "Content-Type", "Date", "Keep-Alive", "Pragma", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
		"Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Expect",
		"From", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Max-Forwards",
		"Origin", "Proxy-Authorization", "Range", "Referer", "Traceparent", "Tracestate", "Upgrade-Insecure-Requests",
		"Content-Length",
	}
	places := make(map[string]int, len(names))
	for i, name := range names {
		places[name] = i + 1
	}
	return places
}
