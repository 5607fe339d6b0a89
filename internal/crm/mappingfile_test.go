package crm

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"paybridge/internal/payment"
)

const invoiceMapping = `{
  "table": "contoso_invoice", "set": "contoso_invoices", "id": "contoso_invoiceid", "eventLookup": "pb_InvoiceId",
  "columns": {"amount": "contoso_total", "status": "contoso_paystatus", "paymentIntent": "contoso_intent",
    "checkoutSession": "contoso_session", "checkoutUrl": "contoso_link", "livemode": "contoso_live", "lastError": "contoso_error",
    "request": "contoso_request", "handledRequest": "contoso_handled", "collectBy": "contoso_by"},
  "choices": {
    "status": {"Requested": 1, "Pending": 2, "Requires action": 3, "Processing": 4, "Authorized": 5, "Completed": 6, "Failed": 7,
      "Canceled": 8, "Partially refunded": 9, "Refunded": 10, "Disputed": 11, "Charged back": 12},
    "request": {"None": 1, "Pay": 2, "Cancel": 3, "Refund": 4},
    "collectBy": {"Payment intent": 1, "Checkout link": 2}}
}`

func TestMappingFile(t *testing.T) {
	m, err := ReadMapping("invoice.json", fstest.MapFS{"invoice.json": {Data: []byte(invoiceMapping)}})
	if err != nil {
		t.Fatal(err)
	}
	if m.Table != "contoso_invoice" || m.PaymentIntent != "contoso_intent" || m.StatusValues[payment.ChargedBack] != 12 ||
		m.RequestValues[payment.RequestRefund] != 4 || m.CollectByValues[payment.ByLink] != 2 || m.Charge != "" {
		t.Errorf("%+v", m)
	}
	tables := m.Tables()
	if len(tables) != 2 || tables[0].Columns[len(tables[0].Columns)-1].Target != "contoso_invoice" {
		t.Errorf("%+v", tables)
	}
}

func TestMappingFileThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, old, with string
		want            []string
	}{
		{"not JSON", `{`, `{{`, []string{"docs/mapping.md"}},
		{"two values", `"Checkout link": 2}}`, `"Checkout link": 2}}}{`, []string{"more than one JSON value"}},
		{"an unknown member", `"table"`, `"tabel"`, []string{`"tabel"`}},
		{"an unknown column", `"amount"`, `"amuont"`, []string{"columns.amuont is not known", "columns.amount is missing"}},
		{"a name in capitals", `"contoso_invoices"`, `"contoso_Invoices"`, []string{"set is not a logical name"}},
		{"a name that would leave its place", `"contoso_total"`, `"contoso_total)/x?"`, []string{"columns.amount is not a logical name"}},
		{"a lookup that is none", `"pb_InvoiceId"`, `"pb InvoiceId"`, []string{"eventLookup is not a schema name"}},
		{"one column twice", `"contoso_error"`, `"contoso_intent"`, []string{"columns.lastError names the column of columns.paymentIntent"}},
		{"a link without its column", `"checkoutUrl": "contoso_link", `, ``, []string{"columns.checkoutUrl is missing"}},
		{"a request that leaves no trace", `"handledRequest": "contoso_handled", `, ``, []string{"columns.handledRequest is missing"}},
		{"a status less", `"Failed": 7,`, ``, []string{`choices.status has no value for "Failed"`}},
		{"a status more", `"Failed": 7,`, `"Failed": 7, "Lost": 70,`, []string{`choices.status has "Lost"`}},
		{"one value twice", `"Failed": 7,`, `"Failed": 6,`, []string{`the value 6 for "Completed" and for "Failed"`}},
		{"a value that means none", `"Failed": 7,`, `"Failed": 0,`, []string{`has 0 for "Failed"`}},
		{"values without their column", `"collectBy": "contoso_by"`, `"charge": "contoso_charge"`, []string{"choices.collectBy has values"}},
		{"several at once", `"contoso_total", "status": "contoso_paystatus"`, `"Total", "status": ""`, []string{"columns.amount", "columns.status is missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(invoiceMapping, c.old, c.with, 1)
			if text == invoiceMapping {
				t.Fatal("the case changes nothing")
			}
			_, err := DecodeMapping([]byte(text))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestMappingFileBounds(t *testing.T) {
	padded := func(size int) []byte {
		return []byte(invoiceMapping + strings.Repeat(" ", size-len(invoiceMapping)))
	}
	for size, ok := range map[int]bool{maxMappingFile: true, maxMappingFile + 1: false} {
		_, err := ReadMapping("m.json", fstest.MapFS{"m.json": {Data: padded(size)}})
		if (err == nil) != ok {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := ReadMapping("none.json", fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestBuiltInMappingsNameTheirColumns holds the built-in mappings to the tables
// that setup makes for them.
func TestBuiltInMappingsNameTheirColumns(t *testing.T) {
	for name, own := range map[string][]string{PaymentTable: nil, SalesOrderTable: {"name", "totalamount"}} {
		m, err := ReadMapping(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, c := range m.Tables()[0].Columns {
			there[c.Name] = true
		}
		for _, c := range own {
			there[c] = true
		}
		for _, c := range m.mapped() {
			if *c.column == "" || !there[*c.column] {
				t.Errorf("%s: %s is the column %q, which nobody makes", name, c.name, *c.column)
			}
		}
	}
}

// TestMappingPageShowsAFileThatWorks reads the example of docs/mapping.md.
func TestMappingPageShowsAFileThatWorks(t *testing.T) {
	page, err := os.ReadFile("../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```json\n")
	example, _, _ := strings.Cut(after, "```")
	m, err := DecodeMapping([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range m.mapped() {
		if *c.column == "" {
			t.Errorf("the example leaves out %s", c.name)
		}
		if !strings.Contains(after, "| `"+c.name+"` |") {
			t.Errorf("the page does not explain %s", c.name)
		}
	}
}

func FuzzDecodeMapping(f *testing.F) {
	f.Add([]byte(invoiceMapping))
	f.Add([]byte(`{"columns":{"amount":""},"choices":{"status":{"Failed":-1}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := DecodeMapping(text)
		if err != nil {
			return
		}
		for _, name := range append(m.columns(), m.Table, m.SetName) {
			if !logicalName.MatchString(name) {
				t.Errorf("%q would reach a URL", name)
			}
		}
		if len(m.StatusValues) != len(payment.Statuses()) {
			t.Errorf("%d statuses", len(m.StatusValues))
		}
	})
}
