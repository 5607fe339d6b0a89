package dataverse

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// multipart writes an answer in parts, line for line as the platform does.
type multipart struct {
	mark string
	buf  bytes.Buffer
}

func newMultipart(kind string) *multipart { return &multipart{mark: newBoundary(kind)} }

// contentType has the boundary without quotes.
func (m *multipart) contentType() string { return "multipart/mixed; boundary=" + m.mark }

// partHeaders are the headers of an answer within a batch, in their order.
func partHeaders() []string {
	return []string{"REQ_ID", "OData-Version", "Content-Type", "ETag", "Location", "OData-EntityId", "Preference-Applied", "Retry-After"}
}

// part writes the answer to one operation. Content-ID is a header of the MIME part and
// not of the HTTP answer in it.
func (m *multipart) part(op *operation, a *response) {
	fmt.Fprintf(&m.buf, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", m.mark)
	if op.contentID != "" {
		fmt.Fprintf(&m.buf, "Content-ID: %s\r\n", op.contentID)
	}
	h := a.header.Clone()
	h.Set("OData-Version", "4.0")
	if a.status >= http.StatusBadRequest {
		h["REQ_ID"] = []string{uuid.NewString()}
	} else if op.method == http.MethodGet && h.Get("Content-Type") == jsonType {
		h.Set("Content-Type", jsonType+"; odata.streaming=true")
	}
	if op.method == http.MethodPost && h.Get("OData-EntityId") != "" {
		h.Set("Location", h.Get("OData-EntityId"))
	}
	fmt.Fprintf(&m.buf, "\r\nHTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	for _, name := range partHeaders() {
		for key, values := range h {
			if strings.EqualFold(key, name) {
				fmt.Fprintf(&m.buf, "%s: %s\r\n", name, values[0])
			}
		}
	}
	m.buf.WriteString("\r\n")
	m.buf.Write(a.body)
	m.buf.WriteString("\r\n")
}

// nest writes the answers to a changeset.
func (m *multipart) nest(inner *multipart) {
	fmt.Fprintf(&m.buf, "--%s\r\nContent-Type: %s\r\n\r\n", m.mark, inner.contentType())
	m.buf.Write(inner.end())
}

func (m *multipart) end() []byte {
	fmt.Fprintf(&m.buf, "--%s--\r\n", m.mark)
	return m.buf.Bytes()
}
