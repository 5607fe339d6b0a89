package dataverse_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/dataverse"
)

const crlf = "\r\n"

// part is an operation for a batch body; id is its Content-ID, "" for none.
func part(id, request string, lines ...string) string {
	s := "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
	if id != "" {
		s += "Content-ID: " + id + crlf
	}
	return s + crlf + request + " HTTP/1.1\r\n" + strings.Join(lines, crlf) + crlf
}

// multi joins parts with a boundary.
func multi(mark string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + mark + crlf + p + crlf)
	}
	return b.String() + "--" + mark + "--" + crlf
}

func changeset(mark string, parts ...string) string {
	return "Content-Type: multipart/mixed; boundary=\"" + mark + "\"\r\n\r\n" + multi(mark, parts...)
}

func (e *env) batch(body string, headers ...string) answer {
	e.t.Helper()
	return e.do("POST", "$batch", body, append([]string{"Content-Type: multipart/mixed; boundary=b"}, headers...)...)
}

// skeleton replaces what is random in a batch answer.
func skeleton(e *env, body string) string {
	body = regexp.MustCompile(`(response)_[0-9a-f-]{36}`).ReplaceAllString(body, "$1")
	body = regexp.MustCompile(`REQ_ID: [0-9a-f-]{36}`).ReplaceAllString(body, "REQ_ID: id")
	body = regexp.MustCompile(`W/\\?"[0-9]+\\?"`).ReplaceAllString(body, "etag")
	return strings.ReplaceAll(strings.ReplaceAll(body, e.url, "http://org"), crlf, "\n")
}

const patchHeaders = "Content-Type: application/json; type=entry"

func TestBatchAnswer(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	a := e.batch(multi("b",
		changeset("c",
			part("1", "PATCH /api/data/v9.2/pb_payments(pb_paymentintentid='pi_1')", patchHeaders, "If-None-Match: *", "", `{"pb_paymentid":"`+rowA+`","pb_name":"A"}`),
			part("2", "POST /api/data/v9.2/pb_paymentevents", patchHeaders, "", `{"pb_paymenteventid":"`+rowB+`","pb_stripeeventid":"evt_1","pb_PaymentId@odata.bind":"$1"}`),
		),
		part("", "GET /api/data/v9.2/pb_payments?$select=pb_name", "Accept: application/json", ""),
	))
	if a.status != 200 || !regexp.MustCompile(`^multipart/mixed; boundary=batchresponse_[0-9a-f-]+$`).MatchString(a.header.Get("Content-Type")) {
		t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	rows, err := e.server.Rows("pb_paymentevent")
	if err != nil {
		t.Fatal(err)
	}
	payments, err := e.server.Rows("pb_payment")
	if err != nil {
		t.Fatal(err)
	}
	id := payments[0].ID
	if got := rows[0].Values["pb_paymentid"]; got != (dataverse.Ref{Table: "pb_payment", ID: id}) {
		t.Errorf("lookup = %v", got)
	}
	want := `--batchresponse
Content-Type: multipart/mixed; boundary=changesetresponse

--changesetresponse
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

HTTP/1.1 204 No Content
OData-Version: 4.0
OData-EntityId: http://org/api/data/v9.2/pb_payments(pb_paymentintentid='pi_1')


--changesetresponse
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

HTTP/1.1 204 No Content
OData-Version: 4.0
Location: http://org/api/data/v9.2/pb_paymentevents(` + rowB + `)
OData-EntityId: http://org/api/data/v9.2/pb_paymentevents(` + rowB + `)


--changesetresponse--
--batchresponse
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 200 OK
OData-Version: 4.0
Content-Type: application/json; odata.metadata=minimal; odata.streaming=true

{"@odata.context":"http://org/api/data/v9.2/$metadata#pb_payments(pb_name)","value":[{"@odata.etag":"etag","pb_name":"A","pb_paymentid":"` + id + `"}]}
--batchresponse--
`
	if diff := cmp.Diff(want, skeleton(e, a.body)); diff != "" {
		t.Error(diff)
	}
}

// TestBatchStops: a failure ends the batch, gives the whole answer its status and, within a changeset,
// is the only part answered.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	stale := part("8", "PATCH /api/data/v9.2/pb_payments(pb_paymentintentid='pi_1')", patchHeaders, `If-Match: W/"1"`, "", `{"pb_name":"B"}`)
	body := multi("b",
		part("", "POST /api/data/v9.2/pb_payments", patchHeaders, "", `{"pb_paymentintentid":"pi_1"}`),
		changeset("c",
			part("7", "POST /api/data/v9.2/pb_payments", patchHeaders, "", `{"pb_name":"rolled back"}`),
			stale,
			part("9", "POST /api/data/v9.2/pb_payments", patchHeaders, "", `{"pb_name":"never"}`)),
		part("", "GET /api/data/v9.2/pb_payments/$count", "Accept: application/json", ""),
	)
	failing := `--changesetresponse
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 8

HTTP/1.1 412 Precondition Failed
REQ_ID: id
OData-Version: 4.0
Content-Type: application/json; odata.metadata=minimal

{"error":{"code":"0x80060882","message":"The version of the existing record doesn't match the RowVersion property provided."}}
--changesetresponse--
`
	for _, c := range []struct {
		prefer string
		status int
		tail   string
	}{
		{"return=representation", 412, failing + "--batchresponse--\n"},
		{"odata.continue-on-error", 200, "Content-Type: text/plain\n\n\ufeff1\n--batchresponse--\n"},
	} {
		t.Run(c.prefer, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil)
			a := e.batch(body, "Prefer: "+c.prefer)
			got := skeleton(e, a.body)
			if a.status != c.status || !strings.HasSuffix(got, c.tail) || !strings.Contains(got, failing) {
				t.Errorf("%d\n%s", a.status, got)
			}
			if strings.Contains(got, "Content-ID: 7") || strings.Contains(got, "Content-ID: 9") {
				t.Errorf("siblings answered:\n%s", got)
			}
			rows, err := e.server.Rows("pb_payment")
			if err != nil || len(rows) != 1 || rows[0].Values["pb_name"] != nil {
				t.Errorf("rows = %v, %v; want the first alone", rows, err)
			}
		})
	}
}

// TestBatchOtherClient sends what DynamicsWebApi sends: LF alone, an unquoted
// boundary, absolute URLs, Content-IDs from 100001 in each changeset.
func TestBatchOtherClient(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	lf := func(lines ...string) string { return strings.Join(lines, "\n") }
	root := e.url + "/api/data/v9.2/"
	body := lf(
		"--dwa_batch_X", "Content-Type: multipart/mixed;boundary=changeset_Y", "",
		"--changeset_Y", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "Content-ID: 100001", "",
		"POST "+root+"pb_payments HTTP/1.1", "Content-Type: application/json", "", `{"pb_name":"first"}`,
		"--changeset_Y", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "Content-ID: 100002", "",
		"PATCH $100001 HTTP/1.1", "Content-Type: application/json", "If-Match: *", "", `{"pb_chargeid":"ch_1"}`,
		"--changeset_Y", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "Content-ID: 100003", "",
		"PUT $100001/pb_name HTTP/1.1", "Content-Type: application/json", "", `{"value":"second"}`,
		"--changeset_Y--",
		"--dwa_batch_X", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "",
		"GET "+root+"pb_payments?$select=pb_name,pb_chargeid HTTP/1.1", "Accept: application/json", "",
		"--dwa_batch_X", "Content-Type: multipart/mixed;boundary=changeset_Z", "",
		"--changeset_Z", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "Content-ID: 100001", "",
		"DELETE "+root+"pb_payments("+rowA+") HTTP/1.1", "Content-Type: application/json", "If-Match: *", "",
		"--changeset_Z--",
		"--dwa_batch_X--")
	a := e.do("POST", "$batch", body, "Content-Type: multipart/mixed;boundary=dwa_batch_X")
	if a.status != 404 {
		t.Fatalf("status = %d, want the 404 of the last part: %s", a.status, a.body)
	}
	if !strings.Contains(a.body, `"pb_name":"second","pb_chargeid":"ch_1"`) {
		t.Errorf("the references were not followed: %s", a.body)
	}
}

func TestBatchRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 1001)
	for i := range many {
		many[i] = part("", "GET /api/data/v9.2/WhoAmI", "")
	}
	get := part("1", "GET /api/data/v9.2/WhoAmI", "")
	post := part("1", "POST /api/data/v9.2/pb_payments", "", "{}")
	for _, c := range []struct{ name, body, code string }{
		{"no end", "--b\r\n" + get, "0x80048d19"},
		{"nothing", "", "0x80048d19"},
		{"too many", multi("b", many...), "0x80048d19"},
		{"nested", multi("b", part("", "POST /api/data/v9.2/$batch", "", "x")), "0x80048d19"},
		{"read in a changeset", multi("b", changeset("c", get)), "0x80048d19"},
		{"no Content-ID", multi("b", changeset("c", part("", "POST /api/data/v9.2/pb_payments", "", "{}"))), "0x80060888"},
		{"twice the Content-ID", multi("b", changeset("c", post, post)), "0x80048d19"},
		{"request line", multi("b", part("", "NONSENSE")), "0x80048d19"},
		{"part type", multi("b", "Content-Type: text/plain\r\n\r\nhello"), "0x80048d19"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil)
			a := e.batch(c.body)
			if a.status != 400 || a.code() != c.code {
				t.Errorf("%d %s, want 400 %s", a.status, a.body, c.code)
			}
		})
	}
}

func TestBatchPartErrors(t *testing.T) {
	t.Parallel()
	e := open(t, func(cfg *dataverse.Config) { cfg.StrictLines = true })
	if a := e.batch(strings.ReplaceAll(multi("b", part("", "GET /api/data/v9.2/WhoAmI", "")), crlf, "\n")); a.code() != "0x80048d19" {
		t.Errorf("LF alone: %d %s", a.status, a.body)
	}
	for _, c := range []struct{ request, want string }{
		{"GET /api/data/pb_payments", "Requested API Version 'data' was not understood"},
		{"PATCH $9", "Content-ID Reference: '$9' does not exist in the batch context."},
	} {
		method, _, _ := strings.Cut(c.request, " ")
		body := part("1", c.request, patchHeaders, "", "{}")
		if method != "GET" {
			body = changeset("c", body)
		}
		if a := e.batch(multi("b", body)); a.status != 400 || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", c.request, a.status, a.body)
		}
	}
}

// TestBatchPartHeaders: each part has its own Prefer and conditions; the outer
// ones mean nothing to it.
func TestBatchPartHeaders(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	path := "/api/data/v9.2/pb_payments(" + rowA + ")?$select=pb_name"
	a := e.batch(multi("b",
		part("", "PATCH "+path, patchHeaders, "Prefer: return=representation", "", `{"pb_name":"A"}`),
		part("", "PATCH "+path, patchHeaders, "If-Match: *", "", `{"pb_name":"B"}`),
		part("", "DELETE /api/data/v9.2/pb_payments("+rowA+")", "If-Match: *", ""),
	), "Prefer: return=representation")
	var got []string
	for _, m := range regexp.MustCompile(`HTTP/1\.1 (\d+)`).FindAllStringSubmatch(a.body, -1) {
		got = append(got, m[1])
	}
	if fmt.Sprint(got) != "[201 204 204]" || !strings.Contains(a.body, "ETag: W/") {
		t.Errorf("%d %v\n%s", a.status, got, a.body)
	}
	counts := e.server.Counts()
	if counts["batch"] != 1 || counts["part"] != 3 || counts["part PATCH"] != 2 {
		t.Errorf("counts = %v", counts)
	}
}
