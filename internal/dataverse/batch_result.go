package dataverse

import (
	"errors"
	"fmt"
	"net/http"
)

// results gives each item its part of the answer.
func (p *batchPlan) results(parts []batchPart) ([]BatchResult, error) {
	if len(parts) > len(p.items) {
		return nil, fmt.Errorf("sending a batch: reading the answer: %d parts for %d items", len(parts), len(p.items))
	}
	results, failed := make([]BatchResult, len(p.items)), false
	for i, item := range p.items {
		switch {
		case i < len(parts) && item.Read != nil:
			results[i] = readResult(*item.Read, parts[i])
		case i < len(parts):
			results[i] = changesetResult(item.Changeset, p.firstID[i], parts[i])
		case failed:
			results[i] = BatchResult{Failed: -1, Err: ErrNotProcessed}
		default:
			results[i] = BatchResult{Failed: -1, Err: errors.New("sending a batch: the answer has no part for this item")}
		}
		failed = failed || results[i].Err != nil
	}
	return results, nil
}

func readResult(read Read, part batchPart) BatchResult {
	r, err := read.request()
	result := BatchResult{Failed: -1, Err: err}
	if err != nil {
		return result
	}
	if len(part.responses) != 1 || part.changeset {
		result.Err = fmt.Errorf("%s: the answer does not fit the batch", r.operation)
		return result
	}
	answer := part.responses[0]
	if answer.failed() {
		result.Err = newError(r.operation, answer.status, answer.header, answer.body)
		return result
	}
	if read.Key.IsZero() {
		var found page
		found, result.Err = readPage(r.operation, answer.body)
		result.Rows, result.More = found.Rows, found.NextLink != ""
		return result
	}
	result.Row, result.Err = readRow(r.operation, answer.header, answer.body)
	return result
}

// changesetResult reads the answer to a changeset: one response for each
// operation, or only the one of the operation that failed.
func changesetResult(changeset []Operation, firstID int, part batchPart) BatchResult {
	result := BatchResult{Failed: -1}
	for _, answer := range part.responses {
		if !answer.failed() {
			continue
		}
		operation := "writing a changeset"
		if i := answer.contentID - firstID; i >= 0 && i < len(changeset) {
			result.Failed, operation = i, changeset[i].gerund()
		} else if len(changeset) == 1 {
			result.Failed, operation = 0, changeset[0].gerund()
		}
		result.Err = newError(operation, answer.status, answer.header, answer.body)
		return result
	}
	if len(part.responses) != len(changeset) {
		result.Err = fmt.Errorf("writing a changeset: %d responses for %d operations", len(part.responses), len(changeset))
		return result
	}
	written := make([]Written, len(changeset))
	for i, answer := range part.responses {
		// Both orders are the same; the Content-ID only has to agree.
		if answer.contentID != 0 && answer.contentID != firstID+i {
			result.Err = errors.New("writing a changeset: the responses are in another order than the operations")
			return result
		}
		w, err := changeset[i].written(answer.status, answer.header, answer.body)
		if err != nil {
			result.Err = err
			return result
		}
		written[i] = w
	}
	result.Written = written
	return result
}

func (r batchResponse) failed() bool {
	return r.status < http.StatusOK || r.status >= http.StatusMultipleChoices
}
