package dataverse

import (
	"bytes"
	"mime"
	"net/http"
	"net/textproto"
	"strings"
)

const maxOperations = 1000

// operation is one request inside a batch.
type operation struct {
	contentID      string
	method, target string
	header         http.Header
	body           []byte
}

// batchItem is one step of a batch: a lone operation or a changeset.
type batchItem struct {
	operations []operation
	changeset  bool
}

func malformed(format string, args ...any) error { return badPayload(nil, format, args...) }

// boundary reads the boundary of a multipart/mixed content type. Widely used clients
// write characters there that a strict parser refuses, so there is a plain reading too.
func boundary(contentType string) (string, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err == nil && media == "multipart/mixed" && params["boundary"] != "" {
		return params["boundary"], nil
	}
	kind, rest, _ := strings.Cut(contentType, ";")
	if strings.EqualFold(strings.TrimSpace(kind), "multipart/mixed") {
		for param := range strings.SplitSeq(rest, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			if value = strings.Trim(value, `"`); strings.EqualFold(name, "boundary") && value != "" {
				return value, nil
			}
		}
	}
	return "", malformed("The content type '%s' is not multipart/mixed with a boundary.", contentType)
}

// parseBatch reads the body of a $batch request. Lines may end in LF alone unless strict.
func parseBatch(contentType string, body []byte, strict bool) ([]batchItem, error) {
	mark, err := boundary(contentType)
	if err != nil {
		return nil, err
	}
	if strict && bytes.Count(body, []byte("\n")) != bytes.Count(body, []byte("\r\n")) {
		return nil, malformed("The batch has a line that does not end in CRLF.")
	}
	sections, err := split(body, mark)
	if err != nil {
		return nil, err
	}
	var items []batchItem
	total := 0
	for _, section := range sections {
		item, err := parseItem(section)
		if err != nil {
			return nil, err
		}
		if total += len(item.operations); total > maxOperations {
			return nil, malformed("The current batch message contains too many parts. Only batch messages with a maximum number of '%d' operations are allowed.", maxOperations)
		}
		items = append(items, item)
	}
	return items, nil
}

// split cuts a multipart body into its parts. The closing delimiter must be there.
func split(body []byte, mark string) ([][]byte, error) {
	var parts [][]byte
	start := -1
	for at := 0; at < len(body); {
		line, next := nextLine(body, at)
		text := strings.TrimRight(string(line), " \t")
		last := text == "--"+mark+"--"
		if text == "--"+mark || last {
			if start >= 0 {
				parts = append(parts, trimBreak(body[start:at]))
			}
			if last {
				return parts, nil
			}
			start = next
		}
		at = next
	}
	return nil, malformed("The batch ends before the delimiter '--%s--'.", mark)
}

// nextLine returns the line at a position without its line break, and where the next one starts.
func nextLine(text []byte, at int) (line []byte, next int) {
	end := bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		return text[at:], len(text)
	}
	return bytes.TrimSuffix(text[at:at+end], []byte("\r")), at + end + 1
}

// trimBreak removes the line break that belongs to the delimiter after it.
func trimBreak(part []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r"))
}

// headers reads header lines up to an empty one.
func headers(text []byte) (http.Header, []byte, error) {
	h := http.Header{}
	for at := 0; at < len(text); {
		line, next := nextLine(text, at)
		if len(line) == 0 {
			return h, text[next:], nil
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, nil, malformed("The header line '%s' is not valid.", line)
		}
		h.Add(textproto.TrimString(name), textproto.TrimString(value))
		at = next
	}
	return h, nil, nil
}

func parseItem(section []byte) (batchItem, error) {
	h, content, err := headers(section)
	if err != nil {
		return batchItem{}, err
	}
	if !strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "multipart/") {
		op, err := parseOperation(h, content)
		return batchItem{operations: []operation{op}}, err
	}
	item := batchItem{changeset: true}
	mark, err := boundary(h.Get("Content-Type"))
	if err != nil {
		return item, err
	}
	sections, err := split(content, mark)
	if err != nil {
		return item, err
	}
	seen := map[string]bool{}
	for _, section := range sections {
		h, content, err := headers(section)
		if err != nil {
			return item, err
		}
		op, err := parseOperation(h, content)
		if err != nil {
			return item, err
		}
		switch {
		case op.contentID == "":
			return item, badURI("Content-ID header not present in one of the parts of the changeset.")
		case seen[op.contentID]:
			return item, malformed("The content ID '%s' was found more than once in the same change set or same batch.", op.contentID)
		case op.method == http.MethodGet:
			return item, malformed("An invalid HTTP method 'GET' was detected for a request in a change set. Requests in change sets only support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'.")
		}
		seen[op.contentID] = true
		item.operations = append(item.operations, op)
	}
	return item, nil
}

func parseOperation(mimeHeader http.Header, content []byte) (operation, error) {
	op := operation{contentID: mimeHeader.Get("Content-ID")}
	if kind := mimeHeader.Get("Content-Type"); !strings.HasPrefix(strings.ToLower(kind), "application/http") {
		return op, malformed("The content type '%s' is not allowed for a part of a batch; 'application/http' was expected.", kind)
	}
	line, next := nextLine(content, 0)
	// Some clients leave blanks in the URL, so it is all between the first and the last.
	method, rest, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	i := strings.LastIndex(rest, " ")
	if i < 1 || !strings.HasPrefix(rest[i+1:], "HTTP/") {
		return op, malformed("The request line '%s' is invalid. The request line at the start of each operation must be of the format 'HttpMethod RequestUrl HttpVersion'.", line)
	}
	op.method, op.target = method, strings.TrimSpace(rest[:i])
	switch op.method {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
	default:
		return op, malformed("The HTTP method '%s' is not recognized as a valid HTTP method.", op.method)
	}
	var err error
	if op.header, op.body, err = headers(content[next:]); err != nil {
		return op, err
	}
	if path, _, _ := strings.Cut(op.target, "?"); strings.HasSuffix(path, "$batch") {
		return op, malformed("A batch within a batch is not supported.")
	}
	return op, nil
}
