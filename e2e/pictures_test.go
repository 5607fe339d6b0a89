package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
	"paybridge/standin/stripe"
)

// logLine is one line of the handler's log.
type logLine map[string]any

// TestQueriesFindTheLinesTheyLookFor leads the app through all that the alerts
// and the workbook show, and holds the queries of infra/ to the lines that it
// wrote meanwhile: a picture of a field that nobody writes is empty, and looks
// like good news. Whether the queries are Kusto is tested by interop.
func TestQueriesFindTheLinesTheyLookFor(t *testing.T) {
	t.Parallel()
	lines := eventfulLife(t)
	files, err := filepath.Glob("../infra/queries/*.kql")
	if err != nil || len(files) == 0 {
		t.Fatal("no queries", err)
	}
	read := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "parse_json(message)") {
			continue // It reads what the host says, not the handler.
		}
		read++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".kql"), func(t *testing.T) { finds(t, string(text), lines) })
	}
	if read < 8 {
		t.Errorf("only %d queries read log lines", read)
	}
}

// eventfulLife returns the lines of an app that has seen payments, reviews,
// refused webhooks, throttling, outages and a run of reconcile.
func eventfulLife(t *testing.T) []logLine {
	var m misfortunes
	crm := []dataverse.Fault{*dataverse.Throttled("0x80072322", 100*time.Millisecond), {Reset: dataverse.ResetBefore}}
	// Longer than an invocation, so that its payment is put off.
	for range 24 {
		crm = append(crm, dataverse.Fault{Status: http.StatusServiceUnavailable, Delay: 200 * time.Millisecond})
	}
	w := start(t, impatient, m.set(crm...), func(c *local.Config) { c.Settings["InvocationTimeout"] = "2s" })
	w.Stripe.FaultNext(http.MethodGet, "/v1/payment_intents/", 1, stripe.Fault{Status: http.StatusTooManyRequests, Code: "rate_limit", RetryAfter: 100 * time.Millisecond})
	w.paysThrough()
	m.spent(t)
	w.confirm(w.intent(w.row("99.99", "EUR"), "1250", "eur"), "pm_card_visa") // Another amount: a person is needed.
	queue, err := w.Queues.Queue(local.EventsQueue)
	w.must(err)
	w.must(queue.Send(t.Context(), servicebus.Message{Body: []byte("from somebody else")}))
	asks := w.row("12.50", "EUR")
	w.patch(asks, `{"pb_request":884200001}`)
	w.settle()
	w.reconcile()
	w.drain()
	if status, _ := w.call(http.MethodPost, w.Endpoints().Functions+"/api/stripe/webhook", nil, []byte("{}")); status != http.StatusBadRequest {
		t.Errorf("a webhook without a signature was answered %d", status)
	}
	if status, answer := w.call(http.MethodGet, w.Endpoints().Functions+"/api/health", nil, nil); status != http.StatusOK {
		t.Errorf("health: %d %v", status, answer)
	}
	w.settle()
	var lines []logLine
	for text := range strings.Lines(w.output.String()) {
		var line logLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("the handler wrote a line that is no JSON: %s", text)
		}
		lines = append(lines, line)
	}
	return lines
}

// finds holds one query to the lines: each thing that it looks for is there,
// and where it looks each field that it reads.
func finds(t *testing.T, query string, lines []logLine) {
	t.Helper()
	var conditions []string
	for _, found := range regexp.MustCompile(`(?m)^\| where (.*)$`).FindAllStringSubmatch(query, -1) {
		if found[1] != `message startswith "{"` && found[1] != "isnotempty(series)" {
			conditions = append(conditions, found[1])
		}
	}
	everything := strings.Join(conditions, " and ")
	kinds := []string{everything}
	// A series is one kind of line, and so is each of several values.
	for _, found := range regexp.MustCompile(`(?m)^    (line.*), (?:strcat\(.*\)|"[^"]+"),$`).FindAllStringSubmatch(query, -1) {
		kinds = append(kinds, found[1])
	}
	oneOf := regexp.MustCompile(` in \(([^)]*)\)`)
	if several := oneOf.FindStringSubmatch(everything); several != nil {
		for value := range strings.SplitSeq(several[1], ", ") {
			kinds = append(kinds, oneOf.ReplaceAllLiteralString(everything, " == "+value))
		}
	}
	if len(kinds) == 1 && everything == "" {
		t.Fatal("the query looks for nothing")
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(lines, func(l logLine) bool { return l.meets(t, kind) }) {
			t.Errorf("no line has %s", kind)
		}
	}
	for _, found := range regexp.MustCompile(`(?:to(int|long|double)\()?\bline(?:\.(\w+)|\["(\w+)"\])`).FindAllStringSubmatch(query, -1) {
		asNumber, name := found[1] != "", found[2]+found[3]
		if !slices.ContainsFunc(lines, func(l logLine) bool {
			_, isNumber := l[name].(float64)
			return l[name] != nil && (isNumber || !asNumber) && l.meets(t, everything)
		}) {
			t.Errorf("no line that the query looks at has the field %s, or not as it is read", name)
		}
	}
}

// comparison is one condition of a query: on a field, or that it has a value.
var comparison = regexp.MustCompile(`^(?:to(?:string|int)\()?line(?:\.(\w+)|\["(\w+)"\])\)? (==|>=|in) (.+)$|^isnot(?:empty|null)\(line\.(\w+)\)$`)

// meets reports whether a line meets all conditions of a query.
func (l logLine) meets(t *testing.T, conditions string) bool {
	t.Helper()
	if conditions == "" {
		return true
	}
	for condition := range strings.SplitSeq(conditions, " and ") {
		found := comparison.FindStringSubmatch(condition)
		if found == nil {
			t.Fatalf("the test cannot read the condition %s", condition)
		}
		if present := found[5]; present != "" {
			if l[present] == nil || l[present] == "" {
				return false
			}
			continue
		}
		value, operator, operand := l[found[1]+found[2]], found[3], found[4]
		number, isNumber := value.(float64)
		bound, err := strconv.ParseFloat(operand, 64)
		met := false
		switch text, _ := value.(string); {
		case operator == "in":
			met = slices.Contains(strings.Split(strings.Trim(operand, "()"), ", "), strconv.Quote(text))
		case err == nil:
			met = isNumber && (number == bound || operator == ">=" && number > bound)
		default:
			met = strconv.Quote(text) == operand
		}
		if !met {
			return false
		}
	}
	return true
}
