// Package environment reads what a Dataverse environment has of what PayBridge
// needs, and says what is missing or different: tables with their columns,
// choices and alternate keys, the security role and the application user, the
// service endpoint and its steps, the currencies.
//
// It only reads. Setup makes of it what is missing; doctor reports it. Both
// compare by the functions of this package, so what one calls right the other
// does too.
package environment

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"paybridge/internal/dataverse"
)

// Names of what setup makes in an environment, by which it is found again.
const (
	SolutionName = "paybridge"
	RoleName     = "PayBridge"
	EndpointName = "PayBridge"
)

// Reader reads an environment. Definitions are read past Dataverse's caches.
type Reader struct {
	client *dataverse.Client
}

// New returns a Reader.
func New(client *dataverse.Client) *Reader { return &Reader{client: client} }

// get reads something that is not rows of a table.
func (r *Reader) get(ctx context.Context, operation, path string, q dataverse.Query, into any) error {
	raw, err := r.client.Call(ctx, dataverse.Call{Operation: operation, Method: http.MethodGet, Path: path, Query: q, Strong: true})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: the answer cannot be read: %w", operation, err)
	}
	return nil
}

// list reads a list of definitions.
func list[T any](ctx context.Context, r *Reader, operation, path string, q dataverse.Query) ([]T, error) {
	var answer struct {
		Value []T `json:"value"`
	}
	err := r.get(ctx, operation, path, q, &answer)
	return answer.Value, err
}

// rows reads rows of a table into structs, which are small lists here.
func rows[T any](ctx context.Context, r *Reader, set string, q dataverse.Query, read func(dataverse.Row) (T, error)) ([]T, error) {
	var all []T
	for row, err := range r.client.List(ctx, set, q) {
		if err != nil {
			return nil, err
		}
		one, err := read(row)
		if err != nil {
			return nil, fmt.Errorf("reading a row of %s: %w", set, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// first returns a pointer to the first of a list, nil for an empty one.
func first[T any](all []T, err error) (*T, error) {
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}
