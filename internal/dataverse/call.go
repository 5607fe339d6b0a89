package dataverse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Call is a request that is not about the rows of a table: a definition, an
// action, a function.
type Call struct {
	// Operation is what is being done, for errors: "creating table pb_payment".
	Operation string
	Method    string
	// Path is the address below the version, with names and keys in it that the
	// program knows: "EntityDefinitions(LogicalName='account')/Keys". Query is
	// as for a list; its page size is not used.
	Path  string
	Query Query
	// Solution is the unique name of the solution that what is made goes into;
	// empty means the default one.
	Solution string
	// Strong reads past Dataverse's caches of definitions, which can be half a
	// minute behind.
	Strong bool
	// MergeLabels keeps the labels in other languages when a definition is
	// replaced.
	MergeLabels bool
	// Body is sent as JSON; nil sends none.
	Body any
	// Repeatable lets a POST be sent again when it is not known whether it
	// happened. All other methods always are.
	Repeatable bool
}

var callPath = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_.()'=,/$-]*$`)

// Call sends a request and returns the JSON of its answer, nil for an answer
// without a body.
func (c *Client) Call(ctx context.Context, call Call) (json.RawMessage, error) {
	r, err := call.request()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call.Operation, err)
	}
	_, body, err := c.do(ctx, r)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("%s: the answer is not JSON", call.Operation)
	}
	return body, nil
}

// setSolution names the solution that what is made goes into.
func setSolution(h http.Header, solution string) error {
	if solution == "" {
		return nil
	}
	if err := checkName(solution); err != nil {
		return fmt.Errorf("naming the solution: %w", err)
	}
	h.Set("MSCRM.SolutionUniqueName", solution)
	return nil
}

// Link returns the address of a row as the body of an association names it.
func (c *Client) Link(set string, key Key) (string, error) {
	path, err := rowPath(set, key)
	if err != nil {
		return "", err
	}
	return c.origin + apiPath + path, nil
}

func (call Call) request() (request, error) {
	r := request{operation: call.Operation, method: call.Method, path: call.Path, header: http.Header{}}
	if !callPath.MatchString(call.Path) || strings.Contains(call.Path, "..") || strings.Contains(call.Path, "//") {
		return r, errors.New("the path is not one of the Web API")
	}
	switch call.Method {
	case http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete:
	case http.MethodPost:
		if !call.Repeatable {
			r.repeat = onlyOnce
		}
	default:
		return r, fmt.Errorf("method %q is not one of the Web API", call.Method)
	}
	var err error
	if r.query, err = call.Query.options(); err != nil {
		return r, err
	}
	if err := setSolution(r.header, call.Solution); err != nil {
		return r, err
	}
	if call.Strong {
		r.header.Set("Consistency", "Strong")
	}
	if call.MergeLabels {
		r.header.Set("MSCRM.MergeLabels", "true")
	}
	if call.Body != nil {
		if r.body, err = marshal(call.Body); err != nil {
			return r, fmt.Errorf("writing the body: %w", err)
		}
	}
	return r, nil
}
