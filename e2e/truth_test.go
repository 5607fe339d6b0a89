package e2e

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// decimals are those with which Stripe counts the currencies of these tests,
// from Stripe's own table: króna and shilling are sent with two decimals that
// they do not have.
var decimals = map[string]int32{"eur": 2, "usd": 2, "jpy": 0, "kwd": 3, "isk": 2, "ugx": 2}

// truth is what a row has to show of a payment by what Stripe's API says now.
// It is written from Stripe's documentation and shares nothing with the app.
// Either id may be empty.
func (w *world) truth(intentID, sessionID string) map[string]string {
	w.t.Helper()
	t := truth{"pb_amountreceived": "0", "pb_amountrefunded": "0", "pb_livemode": "false"}
	state := "none"
	if sessionID != "" {
		session := w.fetch("/v1/checkout/sessions/" + sessionID)
		t.put("pb_checkoutsessionid", sessionID)
		state, _ = session["status"].(string)
		switch paid := session["payment_status"]; {
		case state == "expired":
			t["pb_status"] = "Canceled"
		case state == "open":
			t["pb_status"] = "Pending"
		case paid == "unpaid":
			t["pb_status"] = "Processing"
		default:
			t["pb_status"] = "Completed"
		}
		if id, _ := session["payment_intent"].(string); id != "" {
			intentID = id
		}
	}
	if intentID == "" {
		return t
	}
	intent := w.fetch("/v1/payment_intents/" + intentID + "?expand[]=latest_charge")
	t.put("pb_paymentintentid", intentID)
	currency, _ := intent["currency"].(string)
	t["pb_amountreceived"] = major(intent["amount_received"], currency)
	charge, _ := intent["latest_charge"].(map[string]any)
	failure, _ := intent["last_payment_error"].(map[string]any)
	stage, _ := intent["status"].(string)
	t["pb_status"] = map[string]string{
		"requires_payment_method": "Pending", "requires_confirmation": "Pending", "requires_action": "Requires action",
		"processing": "Processing", "requires_capture": "Authorized", "canceled": "Canceled", "succeeded": "Completed",
	}[stage]
	if stage == "requires_payment_method" && failure != nil {
		t["pb_status"] = "Failed"
	}
	if state == "expired" && stage != "succeeded" {
		t["pb_status"] = "Canceled"
	}
	if s := t["pb_status"]; failure != nil && (s == "Failed" || s == "Canceled") {
		t.put("pb_failurecode", failure["code"])
		t.put("pb_failuremessage", failure["message"])
	}
	if charge == nil {
		return t
	}
	t.put("pb_chargeid", charge["id"])
	t.put("pb_receipturl", charge["receipt_url"])
	method, _ := charge["payment_method_details"].(map[string]any)
	t.put("pb_paymentmethod", method["type"])
	if stage == "succeeded" {
		t.put("pb_paidon", at(charge["created"]))
		t["pb_amountrefunded"] = major(charge["amount_refunded"], currency)
		switch refunded := number(charge["amount_refunded"]); {
		case refunded == 0:
		case refunded < number(intent["amount_received"]):
			t["pb_status"] = "Partially refunded"
		default:
			t["pb_status"] = "Refunded"
		}
	}
	if charge["disputed"] == true {
		disputes, _ := w.fetch("/v1/disputes?limit=1&payment_intent=" + intentID)["data"].([]any)
		dispute := disputes[0].(map[string]any)
		t.put("pb_disputestatus", dispute["status"])
		t.put("pb_disputereason", dispute["reason"])
		switch dispute["status"] {
		case "needs_response", "under_review":
			t["pb_status"] = "Disputed"
		case "lost":
			t["pb_status"] = "Charged back"
		}
	}
	return t
}

type truth map[string]string

func (t truth) put(column string, value any) {
	if text, _ := value.(string); text != "" {
		t[column] = text
	}
}

func number(value any) int64 {
	n, _ := value.(json.Number)
	whole, _ := n.Int64()
	return whole
}

func major(minor any, currency string) string {
	places, known := decimals[currency]
	if !known {
		return fmt.Sprintf("an amount in %q", currency)
	}
	return decimal.New(number(minor), -places).String()
}

func at(unix any) string { return time.Unix(number(unix), 0).UTC().Format(time.RFC3339) }
