package dataverse

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

const (
	// MaxOperations is how many operations Dataverse takes in a batch.
	MaxOperations = 1000
	// maxBatch bounds the body of a batch, in bytes.
	maxBatch = 16 << 20
)

// ErrNotProcessed is the error of the items of a batch that come after one
// that failed: Dataverse stopped there and did nothing for them.
var ErrNotProcessed = errors.New("not processed: an earlier item of the batch failed")

// BatchItem is one item of a batch: a read or a changeset, one of the two.
type BatchItem struct {
	Read *Read
	// Changeset are writes that happen together or not at all.
	Changeset []Operation
}

// Read reads one row, or with an empty key the rows that a query selects:
// the first page of them.
type Read struct {
	Set   string
	Key   Key
	Query Query
}

// BatchOptions says how a batch is done. The zero value is fine.
type BatchOptions struct {
	// ContinueOnError goes on with the items after one that failed. Without it
	// they end in [ErrNotProcessed].
	ContinueOnError bool
}

// BatchResult is what became of one item.
type BatchResult struct {
	// Row is the row that a read by key found.
	Row Row
	// Rows are what a read by query found; More says that there are further
	// pages.
	Rows []Row
	More bool
	// Written has one entry for each operation of a changeset that happened.
	Written []Written
	// Err is what went wrong, usually an [*Error]. Nothing of a changeset with
	// an error has happened.
	Err error
	// Failed is the index in the changeset of the operation that Err is about,
	// -1 if there was no error or Dataverse did not tell.
	Failed int
}

// Batch sends several items as one request and returns one result for each, in
// order. Each item stands for itself: what happened before a failed item stays.
// The error is about the batch as a whole, of which then nothing is known
// unless it is an [*Error], which says that nothing was done.
//
// A batch holds 1 to 1000 operations. It is repeated like any other request if
// none of them is a Create.
func (c *Client) Batch(ctx context.Context, items []BatchItem, opts *BatchOptions) ([]BatchResult, error) {
	const operation = "sending a batch"
	plan, err := newBatchPlan(items)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	r := request{
		operation: operation, method: http.MethodPost, path: "$batch", header: http.Header{},
		body: plan.body, contentType: `multipart/mixed; boundary="` + plan.boundary + `"`, repeat: plan.repeat,
	}
	if opts != nil && opts.ContinueOnError {
		r.header.Set("Prefer", "odata.continue-on-error")
	}
	resp, body, err := c.exchange(ctx, r)
	if err != nil {
		return nil, err
	}
	// A batch that stopped at an item has the item's status and is a multipart
	// still; one that was refused as a whole is not a multipart.
	mediaType, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
		if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
			return nil, fmt.Errorf("%s: the answer is not a multipart", operation)
		}
		return nil, newError(operation, resp.StatusCode, resp.Header, body)
	}
	parts, err := parseBatch(params["boundary"], body)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the answer: %w", operation, err)
	}
	return plan.results(parts)
}
