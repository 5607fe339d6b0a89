package dataverse

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// batchPlan is a batch on its way: the body to send and what is needed to
// match the answer to the items.
type batchPlan struct {
	items    []BatchItem
	firstID  []int // the Content-ID of the first operation of each item
	boundary string
	body     []byte
	repeat   repeat
}

// newBatchPlan writes the body of a batch. Dataverse wants CRLF throughout, an
// absolute path with the version in each part, and a Content-ID on each part
// of a changeset; these are counted over the whole batch, so that an answer
// can never be taken for another item's.
func newBatchPlan(items []BatchItem) (*batchPlan, error) {
	if len(items) == 0 {
		return nil, errors.New("it is empty")
	}
	p := &batchPlan{items: items, boundary: "batch_" + uuid.NewString()}
	var buffer bytes.Buffer
	count := 0
	for i, item := range items {
		p.firstID = append(p.firstID, count+1)
		var err error
		switch {
		case (item.Read == nil) == (len(item.Changeset) == 0):
			err = errors.New("it has to be a read or a changeset")
		case item.Read != nil:
			count++
			err = p.writeRead(&buffer, *item.Read)
		default:
			err = p.writeChangeset(&buffer, item.Changeset, count+1)
			count += len(item.Changeset)
		}
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		if count > MaxOperations {
			return nil, fmt.Errorf("it has more than %d operations", MaxOperations)
		}
		if buffer.Len() > maxBatch {
			return nil, fmt.Errorf("it is larger than %d bytes", maxBatch)
		}
	}
	buffer.WriteString("--" + p.boundary + "--\r\n")
	p.body = buffer.Bytes()
	return p, nil
}

func (p *batchPlan) writeRead(w *bytes.Buffer, read Read) error {
	r, err := read.request()
	if err != nil {
		return err
	}
	w.WriteString("--" + p.boundary + "\r\n")
	writePart(w, r, 0)
	return nil
}

func (p *batchPlan) writeChangeset(w *bytes.Buffer, changeset []Operation, id int) error {
	boundary := "changeset_" + uuid.NewString()
	w.WriteString("--" + p.boundary + "\r\n")
	w.WriteString(`Content-Type: multipart/mixed; boundary="` + boundary + "\"\r\n\r\n")
	for i, op := range changeset {
		r, err := op.request()
		if err != nil {
			return fmt.Errorf("operation %d: %s: %w", i+1, op.gerund(), err)
		}
		if r.repeat == onlyOnce {
			p.repeat = onlyOnce
		}
		w.WriteString("--" + boundary + "\r\n")
		writePart(w, r, id+i)
	}
	w.WriteString("--" + boundary + "--\r\n\r\n")
	return nil
}

// writePart writes one request as a part. Everything in it was checked by
// whoever made the request, so no value can end a line.
func writePart(w *bytes.Buffer, r request, contentID int) {
	w.WriteString("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
	if contentID > 0 {
		w.WriteString("Content-ID: " + strconv.Itoa(contentID) + "\r\n")
	}
	w.WriteString("\r\n" + r.method + " " + apiPath + r.path)
	if r.query != "" {
		w.WriteString("?" + r.query)
	}
	w.WriteString(" HTTP/1.1\r\nAccept: application/json\r\n")
	for _, name := range []string{"If-Match", "If-None-Match", "Prefer"} {
		if value := r.header.Get(name); value != "" {
			w.WriteString(name + ": " + value + "\r\n")
		}
	}
	if r.body != nil {
		w.WriteString("Content-Type: application/json; type=entry\r\n")
		w.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	w.WriteString("\r\n")
	w.Write(r.body)
	w.WriteString("\r\n")
}

// request turns the read into the request that the Web API wants.
func (b Read) request() (request, error) {
	if b.Key.IsZero() {
		return listRequest(b.Set, b.Query)
	}
	return getRequest(b.Set, b.Key, b.Query)
}
