package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// maxPages bounds a list, so that a server that always knows a next page does
// not keep a caller for ever.
const maxPages = 2000

// request is one request before it meets the pipeline.
type request struct {
	operation   string
	method      string
	path, query string
	// absolute is a whole address in place of path and query.
	absolute    string
	header      http.Header
	body        []byte
	contentType string
	repeat      repeat
}

// do sends a request and returns the answer with its body. Every answer but a
// 2xx is an *Error.
func (c *Client) do(ctx context.Context, r request) (*http.Response, []byte, error) {
	resp, body, err := c.exchange(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, newError(r.operation, resp.StatusCode, resp.Header, body)
	}
	return resp, body, nil
}

// exchange sends a request and returns whatever came back.
func (c *Client) exchange(ctx context.Context, r request) (*http.Response, []byte, error) {
	address := r.absolute
	if address == "" {
		address = c.origin + apiPath + r.path
		if r.query != "" {
			address += "?" + r.query
		}
	}
	if len(address) > maxURL {
		return nil, nil, fmt.Errorf("%s: the address has %d bytes, more than %d", r.operation, len(address), maxURL)
	}
	req, err := runtime.NewRequest(policy.WithRetryOptions(ctx, c.retryOptions(ctx, r.repeat)), r.method, address)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: making the request", r.operation)
	}
	maps.Copy(req.Raw().Header, r.header)
	if r.body != nil {
		contentType := r.contentType
		if contentType == "" {
			contentType = "application/json; charset=utf-8"
		}
		if err := req.SetBody(streaming.NopCloser(bytes.NewReader(r.body)), contentType); err != nil {
			return nil, nil, fmt.Errorf("%s: making the request: %w", r.operation, err)
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.operation, err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: receiving: %w", r.operation, err)
	}
	return resp, body, nil
}

// Get reads one row. A row that is not there is an error for which
// [IsNotFound] holds. A nil query reads all columns.
func (c *Client) Get(ctx context.Context, set string, key Key, q *Query) (Row, error) {
	if q == nil {
		q = &Query{}
	}
	r, err := getRequest(set, key, *q)
	if err != nil {
		return Row{}, fmt.Errorf("reading a row: %w", err)
	}
	resp, body, err := c.do(ctx, r)
	if err != nil {
		return Row{}, err
	}
	return readRow(r.operation, resp.Header, body)
}

func getRequest(set string, key Key, q Query) (request, error) {
	path, err := rowPath(set, key)
	if err != nil {
		return request{}, err
	}
	if err := q.oneRow(); err != nil {
		return request{}, err
	}
	query, err := q.options()
	return request{operation: "reading a row of " + set, method: http.MethodGet, path: path, query: query}, err
}

func readRow(operation string, header http.Header, body []byte) (Row, error) {
	var row Row
	if err := json.Unmarshal(body, &row); err != nil {
		return Row{}, fmt.Errorf("%s: the answer is not a row", operation)
	}
	if row.ETag == "" {
		row.ETag = header.Get("ETag")
	}
	return row, nil
}

// List reads the rows of a table that a query selects, page by page as the
// caller goes on. The first error ends it.
func (c *Client) List(ctx context.Context, set string, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r, err := listRequest(set, q)
		if err != nil {
			yield(Row{}, fmt.Errorf("listing rows: %w", err))
			return
		}
		for range maxPages {
			_, body, err := c.do(ctx, r)
			if err != nil {
				yield(Row{}, err)
				return
			}
			p, err := readPage(r.operation, body)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, row := range p.Rows {
				if !yield(row, nil) {
					return
				}
			}
			if p.NextLink == "" || q.Top > 0 {
				return
			}
			if err := c.checkNextLink(p.NextLink, r.absolute); err != nil {
				yield(Row{}, fmt.Errorf("%s: %w", r.operation, err))
				return
			}
			// The link is used as it is, with the same Prefer: Dataverse loses
			// its place otherwise.
			r.absolute = p.NextLink
		}
		yield(Row{}, fmt.Errorf("%s: more than %d pages", r.operation, maxPages))
	}
}

func listRequest(set string, q Query) (request, error) {
	if err := checkName(set); err != nil {
		return request{}, err
	}
	query, err := q.options()
	if err != nil {
		return request{}, err
	}
	r := request{operation: "listing rows of " + set, method: http.MethodGet, path: set, query: query, header: http.Header{}}
	if prefer := q.prefer(); prefer != "" {
		r.header.Set("Prefer", prefer)
	}
	return r, nil
}

type page struct {
	Rows     []Row  `json:"value"`
	NextLink string `json:"@odata.nextLink"`
}

func readPage(operation string, body []byte) (page, error) {
	var p page
	if err := json.Unmarshal(body, &p); err != nil || p.Rows == nil {
		return page{}, fmt.Errorf("%s: the answer is not a list of rows", operation)
	}
	return p, nil
}

// checkNextLink makes sure that a link out of an answer leads back to the Web
// API of the same organisation, because the token goes with it, and onwards.
func (c *Client) checkNextLink(link, current string) error {
	u, err := url.Parse(link)
	if err != nil {
		return errors.New("the link to the next page is not a URL")
	}
	if u.User != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, c.origin) || !strings.HasPrefix(u.Path, apiPath) {
		return errors.New("the link to the next page leads somewhere else")
	}
	if link == current {
		return errors.New("the link to the next page leads to the same page")
	}
	return nil
}
