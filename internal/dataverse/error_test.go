package dataverse

import (
	"net/http"
	"strconv"
	"testing"

	"paybridge/internal/outcome"
)

// TestCodesHaveOneForm: the table of outcomes finds a code however Dataverse
// writes it.
func TestCodesHaveOneForm(t *testing.T) {
	for code, want := range map[string]string{
		"0x80060882": "0x80060882", "0x8004431A": "0x8004431a", "0X8004431a": "0x8004431a", " 0x80040217 ": "0x80040217",
		"-2147088254": "0x80060882", "-2147088238": "0x80060892",
		"": "", "0x0": "", "0": "", "0x": "", "0x123456789": "", "BadRequest": "",
	} {
		e := newError("", 400, http.Header{}, []byte(`{"error":{"code":`+strconv.Quote(code)+`,"message":"m"}}`))
		if e.Code != want {
			t.Errorf("%q is read as %q, want %q", code, e.Code, want)
		}
	}
}

// TestAddressThatIsNotThereIsNoRow: a 404 that says nothing about a row waits
// for the setting to be righted, whichever way Dataverse says no code.
func TestAddressThatIsNotThereIsNoRow(t *testing.T) {
	for _, body := range []string{``, `<html>`, `{"error":{"code":"","message":"m"}}`, `{"error":{"code":"0x0","message":"m"}}`} {
		if e := newError("", 404, http.Header{}, []byte(body)); e.Class() != outcome.Again || IsNotFound(e) {
			t.Errorf("%s is of class %v", body, e.Class())
		}
	}
}
