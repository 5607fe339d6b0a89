package dataverse

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/outbound"
)

func TestTextsOfKeysAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{maxKeyValue: true, maxKeyValue + 1: false} {
		if _, err := AlternateKey("pb_name", strings.Repeat("x", n)); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestFiltersAndPagesAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{maxIn: true, maxIn + 1: false, 0: false} {
		q := Query{Filter: In("pb_amount", make([]int, n))}
		if _, err := q.options(); (err == nil) != ok {
			t.Errorf("%d values: %v", n, err)
		}
	}
	for n, ok := range map[int]bool{maxPageSize: true, maxPageSize + 1: false} {
		q := Query{PageSize: n}
		if _, err := q.options(); (err == nil) != ok {
			t.Errorf("pages of %d: %v", n, err)
		}
	}
}

func TestAddressesAreBounded(t *testing.T) {
	s := newScript(t, answer(200, `{"value":[]}`))
	c := newTestClient(t, s)
	const query = "?$filter=a%20eq%20%27%27"
	room := maxURL - len(s.URL+apiPath+"accounts"+query)
	for _, extra := range []int{0, 1} {
		q := Query{Filter: Eq("a", strings.Repeat("x", room+extra))}
		if _, err := names(t, c, q); (err == nil) != (extra == 0) {
			t.Errorf("an address of %d bytes: %v", maxURL+extra, err)
		}
	}
}

// TestBatchesAreBoundedInBytes fills a batch up to its last byte.
func TestBatchesAreBoundedInBytes(t *testing.T) {
	batch := func(n int) (*batchPlan, error) {
		return newBatchPlan([]BatchItem{{Changeset: []Operation{{
			Method: Update, Set: "tasks", Key: mustID(t, aGUID), Values: Values{"subject": strings.Repeat("x", n)},
		}}}})
	}
	const most = maxBatch - 1000 // with as many digits in its Content-Length
	small, err := batch(most)
	if err != nil {
		t.Fatal(err)
	}
	// The last delimiter is not counted.
	last := len("--" + small.boundary + "--\r\n")
	room := maxBatch - (len(small.body) - last - most)
	if _, err := batch(room); err != nil {
		t.Errorf("%d bytes: %v", maxBatch, err)
	}
	if _, err := batch(room + 1); err == nil {
		t.Error("one byte more is sent")
	}
}

func TestPartsOfAnAnswerAreBounded(t *testing.T) {
	const part = "--b\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n\n"
	for n, ok := range map[int]bool{MaxOperations: true, MaxOperations + 1: false} {
		parts, err := parseBatch("b", []byte(strings.Repeat(part, n)+"--b--"))
		if (err == nil) != ok || ok && len(parts) != n {
			t.Errorf("%d parts: %d, %v", n, len(parts), err)
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	for n, want := range map[int]int{maxMessage: maxMessage, maxMessage + 1: maxMessage + len("…")} {
		e := newError("", 400, http.Header{}, []byte(`{"error":{"message":`+strconv.Quote(strings.Repeat("x", n))+`}}`))
		if len(e.Message) != want {
			t.Errorf("of a message of %d bytes %d are kept", n, len(e.Message))
		}
	}
}

// TestListsEnd: a server that always knows a next page does not keep a caller
// for ever.
func TestListsEnd(t *testing.T) {
	for pages, ok := range map[int]bool{maxPages: true, maxPages + 1: false} {
		n := 0
		o := quick()
		o.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
			n++
			next := ""
			if n < pages {
				next = `,"@odata.nextLink":"http://127.0.0.1:1/api/data/v9.2/accounts?page=` + strconv.Itoa(n) + `"`
			}
			return says(200, `{"value":[]`+next+`}`)(), nil
		})
		c, err := New("http://127.0.0.1:1", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := names(t, c, Query{}); (err == nil) != ok || n != maxPages {
			t.Errorf("%d pages: %d were read, %v", pages, n, err)
		}
	}
}

// TestHeadersOfAnswersAreBounded: an answer whose header is too large is none.
func TestHeadersOfAnswersAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{48 << 10: true, outbound.MaxHeader + 8<<10: false} {
		s := newScript(t, answer(200, oneRow, "X: "+strings.Repeat("x", n)))
		once := newTestClient(t, s).WithRetry(policy.RetryOptions{MaxRetries: -1})
		_, err := once.Get(t.Context(), "accounts", mustID(t, aGUID), nil)
		if (err == nil) != ok || !ok && !IsUnanswered(err) {
			t.Errorf("a header of %d bytes: %v", n, err)
		}
	}
}
