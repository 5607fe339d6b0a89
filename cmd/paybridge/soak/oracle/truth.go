// Package oracle says what a payment row has to show by what Stripe's API says.
// It is written from Stripe's documentation and shares nothing with the app:
// where the two differ, one of them is wrong. The tests across the processes
// and the soak judge by it.
package oracle

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Object is one of Stripe's objects as its API renders it, with numbers as
// json.Number.
type Object = map[string]any

// Stripe looks up what Stripe's API says. What it does not know is nil.
type Stripe interface {
	// Intent is a PaymentIntent with its latest_charge expanded.
	Intent(id string) Object
	// Session is a Checkout Session with its payment_intent as an id.
	Session(id string) Object
	// Dispute is the latest dispute about a PaymentIntent.
	Dispute(intent string) Object
}

// decimals are those with which Stripe counts the currencies of the tests,
// from Stripe's own table: króna and shilling are sent with two decimals that
// they do not have.
var decimals = map[string]int32{"eur": 2, "usd": 2, "jpy": 0, "kwd": 3, "isk": 2, "ugx": 2}

// Truth is what a row has to show of a payment, column by column, empty ones
// left out: choices by their labels, amounts in the currency's major unit
// without trailing zeros. Either id may be empty.
func Truth(s Stripe, intentID, sessionID string) map[string]string {
	t := truth{"pb_amountreceived": "0", "pb_amountrefunded": "0", "pb_livemode": "false"}
	session := s.Session(sessionID)
	if sessionID != "" {
		t.put("pb_checkoutsessionid", sessionID)
		t["pb_status"] = ofSession(session)
		if id := Text(session, "payment_intent"); id != "" {
			intentID = id
		}
	}
	if intentID == "" {
		return t
	}
	intent := s.Intent(intentID)
	t.put("pb_paymentintentid", intentID)
	t["pb_amountreceived"] = major(intent["amount_received"], Text(intent, "currency"))
	charge, _ := intent["latest_charge"].(Object)
	failure, _ := intent["last_payment_error"].(Object)
	t["pb_status"] = ofIntent(intent)
	if Text(session, "status") == "expired" && intent["status"] != "succeeded" {
		t["pb_status"] = "Canceled"
	}
	if s := t["pb_status"]; failure != nil && (s == "Failed" || s == "Canceled") {
		t.put("pb_failurecode", failure["code"])
		t.put("pb_failuremessage", failure["message"])
	}
	if charge == nil {
		return t
	}
	t.charge(intent, charge)
	if charge["disputed"] == true {
		t.dispute(s.Dispute(intentID))
	}
	return t
}

// ofSession is the status by a Checkout Session alone.
func ofSession(session Object) string {
	switch {
	case session["status"] == "expired":
		return "Canceled"
	case session["status"] == "open":
		return "Pending"
	case session["payment_status"] == "unpaid":
		return "Processing"
	default:
		return "Completed"
	}
}

// ofIntent is the status by a PaymentIntent alone.
func ofIntent(intent Object) string {
	if intent["status"] == "requires_payment_method" && intent["last_payment_error"] != nil {
		return "Failed"
	}
	return map[string]string{
		"requires_payment_method": "Pending", "requires_confirmation": "Pending", "requires_action": "Requires action",
		"processing": "Processing", "requires_capture": "Authorized", "canceled": "Canceled", "succeeded": "Completed",
	}[Text(intent, "status")]
}

type truth map[string]string

func (t truth) charge(intent, charge Object) {
	t.put("pb_chargeid", charge["id"])
	t.put("pb_receipturl", charge["receipt_url"])
	method, _ := charge["payment_method_details"].(Object)
	t.put("pb_paymentmethod", method["type"])
	if intent["status"] != "succeeded" {
		return
	}
	t.put("pb_paidon", at(charge["created"]))
	t["pb_amountrefunded"] = major(charge["amount_refunded"], Text(intent, "currency"))
	switch refunded := Number(charge["amount_refunded"]); {
	case refunded == 0:
	case refunded < Number(intent["amount_received"]):
		t["pb_status"] = "Partially refunded"
	default:
		t["pb_status"] = "Refunded"
	}
}

func (t truth) dispute(dispute Object) {
	t.put("pb_disputestatus", dispute["status"])
	t.put("pb_disputereason", dispute["reason"])
	switch dispute["status"] {
	case "needs_response", "under_review":
		t["pb_status"] = "Disputed"
	case "lost":
		t["pb_status"] = "Charged back"
	}
}

func (t truth) put(column string, value any) {
	if text, _ := value.(string); text != "" {
		t[column] = text
	}
}

// Text is a member of an object as text, empty where it is none.
func Text(o Object, name string) string {
	s, _ := o[name].(string)
	return s
}

// Number is a whole number of an answer, zero where it is none.
func Number(value any) int64 {
	n, _ := value.(json.Number)
	whole, _ := n.Int64()
	return whole
}

func major(minor any, currency string) string {
	places, known := decimals[currency]
	if !known {
		return fmt.Sprintf("an amount in %q", currency)
	}
	return decimal.New(Number(minor), -places).String()
}

func at(unix any) string { return time.Unix(Number(unix), 0).UTC().Format(time.RFC3339) }
