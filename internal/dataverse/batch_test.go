package dataverse

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/outcome"
)

// crlf writes a readable body as it goes over the wire.
func crlf(s string) string {
	return strings.ReplaceAll(strings.TrimPrefix(s, "\n"), "\n", "\r\n")
}

const batchAnswer = `
--batchresponse_1
Content-Type: multipart/mixed; boundary=changesetresponse_2

--changesetresponse_2
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

HTTP/1.1 204 No Content
OData-Version: 4.0
Location: https://contoso.crm.dynamics.com/api/data/v9.2/tasks(7d577253-3ef0-4a0a-bb7f-8335c2596e70)
OData-EntityId: https://contoso.crm.dynamics.com/api/data/v9.2/tasks(7d577253-3ef0-4a0a-bb7f-8335c2596e70)


--changesetresponse_2
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

HTTP/1.1 200 OK
ETag: W/"2"
OData-Version: 4.0
Content-Type: application/json; odata.metadata=minimal

{"@odata.etag":"W/\"2\"","subject":"b"}
--changesetresponse_2--
--batchresponse_1
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 200 OK
Content-Type: application/json; odata.metadata=minimal; odata.streaming=true
OData-Version: 4.0

{"@odata.context":"x","value":[{"subject":"a"}],"@odata.nextLink":"https://contoso.crm.dynamics.com/api/data/v9.2/tasks?more"}
--batchresponse_1
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 404 Not Found
REQ_ID: 5a1b0f8e-3f67-4d6a-9d0b-2f9e5a7c1d11
OData-Version: 4.0
Content-Type: application/json; odata.metadata=minimal

{"error":{"code":"0x80040217","message":"task With Id = x Does Not Exist"}}
--batchresponse_1--
`

func multipartAnswer(status int, body string) step {
	return answer(status, body, "Content-Type: multipart/mixed; boundary=batchresponse_1")
}

func exampleItems(t *testing.T) []BatchItem {
	t.Helper()
	key, err := AlternateKey("externalid", "in_1")
	if err != nil {
		t.Fatal(err)
	}
	return []BatchItem{
		{Changeset: []Operation{
			{Method: Update, Set: "tasks", Key: mustID(t, aGUID), Values: Values{"subject": "a"}, Options: WriteOptions{Condition: IfMatch(`W/"1"`)}},
			{Method: Upsert, Set: "tasks", Key: key, Values: Values{"subject": "ä\r\n--x"}, Options: WriteOptions{Condition: IfAbsent(), Representation: true, Select: []string{"subject"}}},
		}},
		{Read: &Read{Set: "tasks", Query: Query{Select: []string{"subject"}, Filter: Eq("subject", "it's"), PageSize: 10}}},
		{Read: &Read{Set: "tasks", Key: mustID(t, aGUID)}},
	}
}

func TestBatchAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"CRLF":                crlf(batchAnswer),
		"LF":                  batchAnswer,
		"no final delimiters": strings.NewReplacer("--changesetresponse_2--\n", "", "--batchresponse_1--\n", "").Replace(batchAnswer),
		"no blank line before the status line, and a space in it": strings.NewReplacer("binary\n\nHTTP/1.1", "binary\nHTTP/ 1.1", "1\n\nHTTP/1.1", "1\nHTTP/ 1.1").Replace(batchAnswer),
		"a preamble and an epilogue":                              "preamble\r\n" + crlf(batchAnswer) + "epilogue\r\n--batchresponse_1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, multipartAnswer(200, body))
			results, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), &BatchOptions{ContinueOnError: true})
			if err != nil {
				t.Fatalf("Batch: %v", err)
			}
			if results[0].Err != nil || len(results[0].Written) != 2 {
				t.Fatalf("changeset: %+v", results[0])
			}
			if got := results[0].Written[0].ID.String(); got != aGUID {
				t.Errorf("ID = %s", got)
			}
			if w := results[0].Written[1]; !w.Created || w.Row.ETag != `W/"2"` {
				t.Errorf("second write: %+v", w)
			}
			if results[1].Err != nil || len(results[1].Rows) != 1 || !results[1].More {
				t.Errorf("list: %+v", results[1])
			}
			if !IsNotFound(results[2].Err) || outcome.Of(results[2].Err) != outcome.Review {
				t.Errorf("row: %+v", results[2])
			}
		})
	}
}

// TestBatchRequest reads the request with Go's own MIME and HTTP readers,
// which take nothing but CRLF bodies of the declared length.
func TestBatchRequest(t *testing.T) {
	s := newScript(t, multipartAnswer(200, crlf(batchAnswer)))
	if _, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), &BatchOptions{ContinueOnError: true}); err != nil {
		t.Fatalf("Batch: %v", err)
	}
	asked := s.requests()[0]
	if asked.uri != "/api/data/v9.2/$batch" || asked.header.Get("Prefer") != "odata.continue-on-error" {
		t.Errorf("asked for %s, Prefer %q", asked.uri, asked.header.Get("Prefer"))
	}
	if strings.Count(asked.body, "\n") != strings.Count(asked.body, "\r\n") {
		t.Error("the body has line ends other than CRLF")
	}
	type sent struct{ ID, Line, IfMatch, IfNoneMatch, Prefer, Body string }
	var got []sent
	var read func(contentType string, r io.Reader)
	read = func(contentType string, r io.Reader) {
		_, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		for parts := multipart.NewReader(r, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(part.Header.Get("Content-Type"), "multipart/") {
				read(part.Header.Get("Content-Type"), part)
				continue
			}
			req, err := http.ReadRequest(bufio.NewReader(part))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				t.Fatal(err)
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("a part carries the token")
			}
			got = append(got, sent{part.Header.Get("Content-ID"), req.Method + " " + req.RequestURI, req.Header.Get("If-Match"), req.Header.Get("If-None-Match"), req.Header.Get("Prefer"), string(body)})
		}
	}
	read(asked.header.Get("Content-Type"), strings.NewReader(asked.body))
	want := []sent{
		{ID: "1", Line: "PATCH /api/data/v9.2/tasks(" + aGUID + ")", IfMatch: `W/"1"`, Body: `{"subject":"a"}`},
		{ID: "2", Line: "PATCH /api/data/v9.2/tasks(externalid='in_1')?$select=subject", IfNoneMatch: "*", Prefer: "return=representation", Body: `{"subject":"ä\r\n--x"}`},
		{Line: "GET /api/data/v9.2/tasks?$select=subject&$filter=subject%20eq%20%27it%27%27s%27", Prefer: "odata.maxpagesize=10"},
		{Line: "GET /api/data/v9.2/tasks(" + aGUID + ")"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBatchStopsAtAFailedChangeset(t *testing.T) {
	body := crlf(`
--batchresponse_1
Content-Type: multipart/mixed; boundary=changesetresponse_2

--changesetresponse_2
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

HTTP/1.1 412 Precondition Failed
Content-Type: application/json; odata.metadata=minimal

{"error":{"code":"0x80060882","message":"The version of the existing record doesn't match the RowVersion property provided."}}
--changesetresponse_2--
--batchresponse_1--
`)
	s := newScript(t, multipartAnswer(412, body))
	results, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), nil)
	if err != nil {
		t.Fatalf("Batch: %v", err)
	}
	if r := results[0]; !IsConcurrencyConflict(r.Err) || r.Failed != 1 || r.Written != nil {
		t.Errorf("changeset: %+v", r)
	}
	if want := "upserting a row of tasks: Dataverse answered 412 0x80060882: The version"; !strings.HasPrefix(results[0].Err.Error(), want) {
		t.Errorf("error %q, want %q", results[0].Err, want)
	}
	for _, r := range results[1:] {
		if !errors.Is(r.Err, ErrNotProcessed) || outcome.Of(r.Err) != outcome.Again || r.Failed != -1 {
			t.Errorf("after the failure: %+v", r)
		}
	}
}

func TestBatchRefusedAsAWhole(t *testing.T) {
	refused := func(status int, code string) error {
		s := newScript(t, fault(status, code))
		results, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), nil)
		if results != nil {
			t.Errorf("results %v with an error", results)
		}
		return err
	}
	err := refused(400, "0x80048d19")
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != "0x80048d19" || e.Operation != "sending a batch" {
		t.Errorf("error %v", err)
	}
}

func TestBatchAnswersThatDoNotFit(t *testing.T) {
	part := "--batchresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"value\":[]}\r\n"
	for name, body := range map[string]string{
		"empty":           "",
		"no parts":        "nothing here",
		"too many parts":  strings.Repeat(part, 4),
		"no status line":  "--batchresponse_1\r\nContent-Type: application/http\r\n\r\nhello\r\n",
		"no status":       "--batchresponse_1\r\n\r\nHTTP/1.1 OK\r\n",
		"1001 parts":      strings.Repeat(part, 1002),
		"inner not found": "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nhello\r\n",
		"inner unnamed":   "--batchresponse_1\r\nContent-Type: multipart/mixed\r\n\r\nhello\r\n",
	} {
		s := newScript(t, multipartAnswer(200, body))
		if _, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := newScript(t, multipartAnswer(200, part))
	results, err := newTestClient(t, s).Batch(t.Context(), exampleItems(t), nil)
	if err != nil {
		t.Fatalf("Batch: %v", err)
	}
	for i, r := range results {
		if r.Err == nil || outcome.Of(r.Err) != outcome.Again {
			t.Errorf("item %d of an answer that stops short: %+v", i, r)
		}
	}
}

func TestBatchLimits(t *testing.T) {
	key := mustID(t, aGUID)
	op := Operation{Method: Delete, Set: "tasks", Key: key}
	full := make([]Operation, MaxOperations)
	for i := range full {
		full[i] = op
	}
	plan, err := newBatchPlan([]BatchItem{{Changeset: full}})
	if err != nil {
		t.Fatalf("%d operations: %v", MaxOperations, err)
	}
	if !strings.Contains(string(plan.body), "Content-ID: "+strconv.Itoa(MaxOperations)+"\r\n") {
		t.Error("the last Content-ID is missing")
	}
	large := Values{"subject": strings.Repeat("x", maxBatch)}
	for name, items := range map[string][]BatchItem{
		"empty":                  nil,
		"empty item":             {{}},
		"both":                   {{Read: &Read{Set: "tasks"}, Changeset: []Operation{op}}},
		"one operation too many": {{Changeset: full}, {Read: &Read{Set: "tasks"}}},
		"too large":              {{Changeset: []Operation{{Method: Update, Set: "tasks", Key: key, Values: large}}}},
		"a bad operation":        {{Changeset: []Operation{{Method: Update, Set: "tasks"}}}},
		"a bad read":             {{Read: &Read{Set: "tasks/../x"}}},
	} {
		if _, err := newBatchPlan(items); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzBatchResponse(f *testing.F) {
	f.Add("batchresponse_1", []byte(batchAnswer))
	f.Add("batchresponse_1", []byte(crlf(batchAnswer)))
	f.Add("b", []byte("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nHTTP/1.1 200 OK\r\n\r\n--b--"))
	f.Add("", []byte("--\r\nHTTP/1.1 204\r\n"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		parts, err := parseBatch(boundary, body)
		if err != nil {
			return
		}
		if len(parts) > MaxOperations+1 {
			t.Errorf("%d parts", len(parts))
		}
		for _, part := range parts {
			for _, r := range part.responses {
				if r.status < 100 || r.status > 599 {
					t.Errorf("status %d", r.status)
				}
				if text := newError("x", r.status, r.header, r.body).Error(); len(text) > 2*maxMessage || strings.ContainsAny(text, "\r\n") {
					t.Errorf("error text %q", text)
				}
			}
		}
	})
}
