package dataverse_test

import (
	"testing"

	"paybridge/standin/dataverse"
)

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	who := e.must(200, "GET", "WhoAmI", "").object(t)
	if got, want := who["UserId"], e.server.UserID(); got != want {
		t.Errorf("UserId = %v, want %v", got, want)
	}
	e.token = "user:ann"
	who = e.must(200, "GET", "WhoAmI()", "").object(t)
	if got, want := who["UserId"], e.server.PersonID("Ann"); got != want {
		t.Errorf("UserId = %v, want Ann's %v", got, want)
	}
	e.token = "user:nobody"
	if got := e.must(403, "GET", "WhoAmI", "").code(); got != "0x80072560" {
		t.Errorf("code = %q", got)
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	rows := e.must(200, "GET", "transactioncurrencies?$select=isocurrencycode,currencyprecision&$filter=isocurrencycode%20eq%20'kwd'", "").rows(t)
	if len(rows) != 1 || rows[0]["transactioncurrencyid"] != dataverse.CurrencyID("KWD") {
		t.Fatalf("rows = %v, want the dinar", rows)
	}
}
