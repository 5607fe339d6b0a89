package advice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"paybridge/internal/advice"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

func TestSentence(t *testing.T) {
	crm := func(status int, code, message string) error {
		return fmt.Errorf("writing a payment row: %w", errors.Join(errors.New("x"), &dataverse.Error{
			Operation: "updating a row of pb_payments", Status: status, Code: code, Message: message, RequestID: "0f8fad5b-d9cb-469f-a165-70867728950e",
		}))
	}
	stripe := func(status int, code, message string) error {
		return &outcome.Error{Class: outcome.Review, Err: fmt.Errorf("reading PaymentIntent pi_1: %w", &stripeapi.Error{Status: status, Code: code, Message: message, RequestID: "req_1"})}
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a refusal", fmt.Errorf("x: %w", &payment.Refusal{Reason: "the row has no amount. Enter one"}), "The row has no amount. Enter one."},
		{"a disagreement", &payment.Disagreement{Reason: "Paid twice. Refund one."}, "Paid twice. Refund one."},
		{"one of ours", outcome.Reviewf("the id is wrong. Correct it"), "The id is wrong. Correct it."},
		{"a plug-in", crm(400, "0x80040265", "Closed payments cannot be changed"),
			"The CRM did not take what Stripe says, because a plug-in of the CRM does not allow the change: Closed payments cannot be changed (0x80040265). Change the row so that the plug-in does, or ask an administrator to let PayBridge's user pass."},
		{"a code in capitals", crm(400, "0x8004431A", "no such value."), "a choice does not have the value"},
		{"unknown to the table", crm(400, "0x80041234", "What?"), "Ask an administrator to run paybridge doctor."},
		{"without a code", crm(413, "", "Request Entity Too Large"), "Request Entity Too Large. Ask"},
		{"unknown to Stripe", stripe(404, "resource_missing", "No such payment_intent: 'pi_1'"),
			"Stripe does not know what the row or its event names: No such payment_intent: 'pi_1'. Check the ids on the row, and that they are of the Stripe account and mode of this deployment."},
		{"anything of Stripe's", stripe(400, "", "Bad"), "Stripe refused to tell: Bad (req_1). Look"},
	} {
		got := advice.Sentence(c.err)
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.name != "a refusal" && !endsWithRemedy(got) {
			t.Errorf("%s: %q does not say what to do", c.name, got)
		}
	}
}

// TestEveryCodeForAPersonIsExplained: what the table gives to a person has words
// of its own.
func TestEveryCodeForAPersonIsExplained(t *testing.T) {
	unexplained := advice.Sentence(&dataverse.Error{Status: 400, Code: "0xffffffff", Message: "x"})
	generic, _, _ := strings.Cut(unexplained, ":")
	for status, codes := range map[int][]string{
		400: {"0x80048d19", "0x80060888", "0x80044331", "0x8004432f", "0x80044330", "0x8004431a", "0x80040265", "0x80060883"},
		404: {"0x80040217", "0x80060891"},
		412: {"0x80040333"},
	} {
		for _, code := range codes {
			err := &dataverse.Error{Status: status, Code: code, Message: "x"}
			if outcome.Of(err) != outcome.Review {
				t.Errorf("%s is not for a person", code)
			}
			got := advice.Sentence(err)
			if strings.HasPrefix(got, generic) || !endsWithRemedy(got) {
				t.Errorf("%s: %q", code, got)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	got := advice.Refused(&stripeapi.Error{Message: "Invalid email address: ann"})
	if want := "Stripe refused: Invalid email address: ann. Correct the row and save it: then it is tried again."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
