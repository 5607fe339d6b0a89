package dataverse

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// batchPart is the answer to one item of a batch.
type batchPart struct {
	// changeset says that the responses came in a multipart of their own.
	changeset bool
	responses []batchResponse
}

// batchResponse is the answer to one operation.
type batchResponse struct {
	contentID int // zero if there was none
	status    int
	header    http.Header
	body      []byte
}

// parseBatch reads the body of an answer to a batch.
//
// mime/multipart and net/http are not used because what is on the wire is not
// quite MIME: line ends are CRLF or LF, the last delimiter or the blank line
// before the status line may be missing, and the status line has been seen
// with a space in "HTTP/ 1.1". So the text is cut at the delimiter lines, and
// in each piece a response starts at the first line with "HTTP/".
func parseBatch(boundary string, body []byte) ([]batchPart, error) {
	pieces, err := splitParts(boundary, body)
	if err != nil {
		return nil, err
	}
	var parts []batchPart
	for _, piece := range pieces {
		header, rest := readHeader(piece)
		mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
		if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
			response, err := parseResponse(piece)
			if err != nil {
				return nil, err
			}
			parts = append(parts, batchPart{responses: []batchResponse{response}})
			continue
		}
		inner, err := splitParts(params["boundary"], rest)
		if err != nil {
			return nil, fmt.Errorf("in a changeset: %w", err)
		}
		part := batchPart{changeset: true}
		for _, p := range inner {
			response, err := parseResponse(p)
			if err != nil {
				return nil, fmt.Errorf("in a changeset: %w", err)
			}
			part.responses = append(part.responses, response)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// splitParts cuts a multipart body into its parts. Text before the first
// delimiter and after the last one is left out.
func splitParts(boundary string, body []byte) ([][]byte, error) {
	if boundary == "" {
		return nil, errors.New("a multipart without a boundary")
	}
	delimiter, final := []byte("--"+boundary), []byte("--"+boundary+"--")
	var parts [][]byte
	start := -1
	for at := 0; at < len(body); {
		line, next := nextLine(body, at)
		isFinal := bytes.Equal(line, final)
		if isFinal || bytes.Equal(line, delimiter) {
			if start >= 0 {
				parts = append(parts, body[start:at])
			}
			if len(parts) > MaxOperations {
				return nil, fmt.Errorf("more than %d parts", MaxOperations)
			}
			start = next
			if isFinal {
				return parts, nil
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		parts = append(parts, body[start:])
	}
	if start < 0 {
		return nil, errors.New("a multipart without parts")
	}
	return parts, nil
}

// parseResponse reads one part that holds an HTTP response.
func parseResponse(piece []byte) (batchResponse, error) {
	var r batchResponse
	for at := 0; at < len(piece); {
		line, next := nextLine(piece, at)
		if !bytes.HasPrefix(line, []byte("HTTP/")) {
			if name, value, ok := bytes.Cut(line, []byte(":")); ok && strings.EqualFold(string(name), "Content-ID") {
				// Ours are small numbers; anything else tells nothing.
				r.contentID, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
			}
			at = next
			continue
		}
		status, err := parseStatus(string(line))
		if err != nil {
			return r, err
		}
		r.status = status
		r.header, r.body = readHeader(piece[next:])
		r.body = bytes.TrimSpace(r.body)
		return r, nil
	}
	return r, errors.New("a part without a status line")
}

// parseStatus finds the status in "HTTP/1.1 204 No Content".
func parseStatus(line string) (int, error) {
	for _, field := range strings.Fields(line)[1:] {
		if len(field) != 3 {
			continue
		}
		if status, err := strconv.Atoi(field); err == nil && status >= 100 && status <= 599 {
			return status, nil
		}
	}
	return 0, errors.New("a status line without a status")
}

// readHeader reads header lines up to a blank line, and returns them with what
// follows. A line that is no header, such as a body without the blank line
// before it, ends them too.
func readHeader(text []byte) (http.Header, []byte) {
	header := http.Header{}
	for at := 0; at < len(text); {
		line, next := nextLine(text, at)
		if len(line) == 0 {
			return header, text[next:]
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || bytes.ContainsAny(name, " \t{\"<") {
			return header, text[at:]
		}
		header.Add(textproto.CanonicalMIMEHeaderKey(string(name)), string(bytes.TrimSpace(value)))
		at = next
	}
	return header, nil
}

// nextLine returns the line at a position without its end, and where the next
// one starts.
func nextLine(text []byte, at int) (line []byte, next int) {
	end := bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		return bytes.TrimRight(text[at:], " \t\r"), len(text)
	}
	return bytes.TrimRight(text[at:at+end], " \t\r"), at + end + 1
}
