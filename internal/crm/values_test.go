package crm

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

const rowID = "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"

// stored is a row of the CRM as Dataverse answers it: new, with the columns
// over it.
func stored(t *testing.T, currency string, columns map[string]string) *Row {
	t.Helper()
	all := map[string]string{}
	for _, name := range PaymentMapping().columns() {
		all[name] = "null"
	}
	all["@odata.etag"], all["pb_paymentid"], all["pb_amount"] = `"W/\"7\""`, `"`+rowID+`"`, "12.5000000000"
	if currency != "" {
		all["transactioncurrencyid"] = fmt.Sprintf(`{"isocurrencycode":%q}`, currency)
	}
	maps.Copy(all, columns)
	parts := make([]string, 0, len(all))
	for name, value := range all {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	var row dataverse.Row
	if err := json.Unmarshal([]byte("{"+strings.Join(parts, ",")+"}"), &row); err != nil {
		t.Fatal(err)
	}
	read, err := PaymentMapping().readRow(row)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// completed is a payment of 12.50 EUR, and columns is how its row shows it.
func completed() payment.Payment {
	return payment.Payment{
		Status: payment.Completed, PaymentIntentID: "pi_1", ChargeID: "ch_1", AmountReceived: 1250, Currency: "eur",
		PaidOn: time.Date(2026, 1, 21, 12, 53, 20, 0, time.UTC), Method: "card", ReceiptURL: "https://pay.example/r/1",
	}
}

func completedColumns() map[string]string {
	return map[string]string{
		"pb_status": "884200005", "pb_paymentintentid": `"pi_1"`, "pb_chargeid": `"ch_1"`, "pb_amountreceived": "12.5000000000",
		"pb_amountrefunded": "0.0000000000", "pb_paidon": `"2026-01-21T12:53:20Z"`, "pb_paymentmethod": `"card"`,
		"pb_receipturl": `"https://pay.example/r/1"`, "pb_livemode": "false",
	}
}

func with[K comparable, V any](base map[K]V, key K, value V) map[K]V {
	base = maps.Clone(base)
	base[key] = value
	return base
}

func money(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestValuesNameOnlyWhatChanges(t *testing.T) {
	full := completedColumns()
	for _, c := range []struct {
		name    string
		columns map[string]string
		change  func(*payment.Payment)
		want    dataverse.Values
	}{
		{"a new row", nil, nil, dataverse.Values{
			"pb_status": int64(884200005), "pb_paymentintentid": "pi_1", "pb_chargeid": "ch_1", "pb_amountreceived": money("12.50"),
			"pb_amountrefunded": decimal.Zero, "pb_paidon": completed().PaidOn, "pb_paymentmethod": "card",
			"pb_receipturl": "https://pay.example/r/1", "pb_livemode": false,
		}},
		{"nothing new", full, nil, dataverse.Values{}},
		{"an amount without trailing zeros", with(full, "pb_amountreceived", "12.5"), nil, dataverse.Values{}},
		{"a time with a fraction", with(full, "pb_paidon", `"2026-01-21T12:53:20.0000000Z"`), nil, dataverse.Values{}},
		{"the status", with(full, "pb_status", "884200001"), nil, dataverse.Values{"pb_status": int64(884200005)}},
		{"a status of somebody else's", with(full, "pb_status", "1"), nil, dataverse.Values{"pb_status": int64(884200005)}},
		{"a refund", full, func(p *payment.Payment) { p.AmountRefunded = 1 }, dataverse.Values{"pb_amountrefunded": money("0.01")}},
		{"a refund that is gone again", with(full, "pb_amountrefunded", "5"), nil, dataverse.Values{"pb_amountrefunded": decimal.Zero}},
		{"no amount is not zero", with(full, "pb_amountrefunded", "null"), nil, dataverse.Values{"pb_amountrefunded": decimal.Zero}},
		{"no mode is not test mode", with(full, "pb_livemode", "null"), nil, dataverse.Values{"pb_livemode": false}},
		{"live mode", full, func(p *payment.Payment) { p.Livemode = true }, dataverse.Values{"pb_livemode": true}},
		{"a reason that no longer holds", with(full, "pb_failuremessage", `"Your card was declined."`), nil, dataverse.Values{"pb_failuremessage": nil}},
		{"an empty text is no text", with(full, "pb_failuremessage", `""`), nil, dataverse.Values{}},
		{"not paid after all", full, func(p *payment.Payment) { p.PaidOn = time.Time{} }, dataverse.Values{"pb_paidon": nil}},
		{"paid a second later", full, func(p *payment.Payment) { p.PaidOn = p.PaidOn.Add(time.Second) },
			dataverse.Values{"pb_paidon": completed().PaidOn.Add(time.Second)}},
		{"a dispute", full, func(p *payment.Payment) { p.DisputeStatus, p.DisputeReason = "lost", "fraudulent" },
			dataverse.Values{"pb_disputestatus": "lost", "pb_disputereason": "fraudulent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := completed()
			if c.change != nil {
				c.change(&p)
			}
			got, err := stored(t, "EUR", c.columns).Values(p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestMoneyIsExact(t *testing.T) {
	for _, c := range []struct {
		currency string
		minor    int64
		want     string
	}{
		{"EUR", 1, "0.01"}, {"EUR", 123456, "1234.56"}, {"JPY", 1250, "1250"}, {"KWD", 12340, "12.34"}, {"ISK", 125000, "1250"},
		{"UGX", 4500000, "45000"}, {"HUF", 12345, "123.45"}, {"EUR", 99999999, "999999.99"}, {"USD", 10, "0.1"}, {"USD", 30, "0.3"},
	} {
		p := completed()
		p.AmountReceived, p.Currency = c.minor, strings.ToLower(c.currency)
		got, err := stored(t, c.currency, nil).Values(p)
		if err != nil {
			t.Errorf("%d %s: %v", c.minor, c.currency, err)
			continue
		}
		if amount, ok := got["pb_amountreceived"].(decimal.Decimal); !ok || !amount.Equal(money(c.want)) {
			t.Errorf("%d %s are written as %v, want %s", c.minor, c.currency, got["pb_amountreceived"], c.want)
		}
		// What was written is found unchanged.
		columns := map[string]string{"pb_amountreceived": got["pb_amountreceived"].(decimal.Decimal).StringFixed(10)}
		again, err := stored(t, c.currency, columns).Values(p)
		if _, rewritten := again["pb_amountreceived"]; err != nil || rewritten {
			t.Errorf("%d %s would be written again: %v %v", c.minor, c.currency, again["pb_amountreceived"], err)
		}
	}
}

// TestRowWithoutCurrencyGetsNoMoney: Dataverse would take the organisation's
// currency for it.
func TestRowWithoutCurrencyGetsNoMoney(t *testing.T) {
	got, err := stored(t, "", nil).Values(completed())
	if err != nil {
		t.Fatal(err)
	}
	if got["pb_amountreceived"] != nil || got["pb_amountrefunded"] != nil || got["pb_status"] == nil {
		t.Errorf("got %v", got)
	}
}

func TestLongTextsAreCutAsTheColumnsCount(t *testing.T) {
	row := stored(t, "EUR", completedColumns())
	for name, c := range map[string]struct{ text, want string }{
		"fits":               {strings.Repeat("x", 1000), strings.Repeat("x", 1000)},
		"one too many":       {strings.Repeat("x", 1001), strings.Repeat("x", 1000)},
		"two bytes each":     {strings.Repeat("é", 1001), strings.Repeat("é", 1000)},
		"fits, in two bytes": {strings.Repeat("é", 1000), strings.Repeat("é", 1000)},
		"two units each":     {strings.Repeat("😀", 501), strings.Repeat("😀", 500)},
		"no half of a pair":  {"x" + strings.Repeat("😀", 500), "x" + strings.Repeat("😀", 499)},
	} {
		p := completed()
		p.FailureMessage = c.text
		got, err := row.Values(p)
		if err != nil || got["pb_failuremessage"] != c.want {
			t.Errorf("%s: %v, %d characters instead of %d", name, err, len([]rune(got["pb_failuremessage"].(string))), len([]rune(c.want)))
		}
		// A text that was cut is found unchanged.
		text, err := json.Marshal(c.want)
		if err != nil {
			t.Fatal(err)
		}
		again, err := stored(t, "EUR", with(completedColumns(), "pb_failuremessage", string(text))).Values(p)
		if err != nil || len(again) != 0 {
			t.Errorf("%s would be written again: %d columns, %v", name, len(again), err)
		}
	}
}

func TestColumnsOfTheWrongKindAreNamed(t *testing.T) {
	for column, value := range map[string]string{"pb_amountreceived": `"twelve"`, "pb_paidon": `"yesterday"`, "pb_receipturl": "7"} {
		_, err := stored(t, "EUR", map[string]string{column: value}).Values(completed())
		if err == nil || !strings.Contains(err.Error(), column) {
			t.Errorf("%s = %s: %v", column, value, err)
		}
	}
}

func TestStatusWithoutValueIsAnError(t *testing.T) {
	p := completed()
	p.Status = 0
	if _, err := stored(t, "EUR", nil).Values(p); err == nil {
		t.Error("no error")
	}
}
