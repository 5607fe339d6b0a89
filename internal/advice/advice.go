// Package advice tells a person in the CRM what is wrong with a payment and what
// to do about it. Errors of the domain say so themselves; what an end answered
// is for programmers, and is put into words here.
package advice

import (
	"errors"
	"fmt"
	"strings"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// Sentence says what an error means, in a sentence or two, and in a last one
// what to do.
func Sentence(err error) string {
	if refusal, ok := errors.AsType[*payment.Refusal](err); ok {
		return payment.Sentence(refusal.Reason)
	}
	if disagreement, ok := errors.AsType[*payment.Disagreement](err); ok {
		return payment.Sentence(disagreement.Reason)
	}
	if e, ok := errors.AsType[*dataverse.Error](err); ok {
		return ofDataverse(e)
	}
	if e, ok := errors.AsType[*stripeapi.Error](err); ok {
		return ofStripe(e)
	}
	return payment.Sentence(err.Error())
}

// Refused says that Stripe refused what a row asks for, in Stripe's words.
func Refused(e *stripeapi.Error) string {
	return "Stripe refused: " + payment.Sentence(e.Message) + " Correct the row and save it: then it is tried again."
}

// setup is what mends a column that is not as PayBridge made it.
const setup = "Ask an administrator to mend the column with paybridge setup dataverse."

// fault is for what PayBridge alone has written.
const fault = "Ask an administrator to compare the mapping of the table with paybridge doctor, and to report it if that is right."

// remedies are what to do about an answer of Dataverse, by its code.
var remedies = map[string]struct{ what, do string }{
	"0x80044331": {"a text is longer than its column", setup},
	"0x8004432f": {"a number is out of the range of its column", setup},
	"0x80044330": {"an amount is out of the range of its column", setup},
	"0x8004431a": {"a choice does not have the value", setup},
	"0x80048d19": {"a column is not there, or of another type", setup},
	"0x80060888": {"a column or table is not there", setup},
	"0x8006088a": {"the query cannot be read", fault},
	"0x80040203": {"a value is not valid", fault},
	"0x80040227": {"what the row is connected with does not allow it", "Ask an administrator to let PayBridge's user make the change."},
	"0x80060883": {"the table wants every change to name a version", setup},
	"0x80040265": {"a plug-in of the CRM does not allow the change", "Change the row so that the plug-in does, or ask an administrator to let PayBridge's user pass."},
	"0x80040333": {"a duplicate-detection rule of the CRM does not allow the change", "Ask an administrator to leave PayBridge's user out of the rule."},
	"0x80040217": {"a row is not there any more", "Restore the row, or remove CRM_PaymentId from the metadata in Stripe."},
	"0x80060891": {"a row is not there any more", "Restore the row, or remove CRM_PaymentId from the metadata in Stripe."},
}

func ofDataverse(e *dataverse.Error) string {
	what, do := "the change was refused", "Ask an administrator to run paybridge doctor."
	if known, ok := remedies[strings.ToLower(e.Code)]; ok {
		what, do = known.what, known.do
	}
	said := e.Message
	if e.Code != "" {
		said += " (" + e.Code + ")"
	}
	return fmt.Sprintf("The CRM did not take what Stripe says, because %s: %s %s", what, payment.Sentence(said), do)
}

func ofStripe(e *stripeapi.Error) string {
	if errors.Is(e, stripeapi.ErrNotFound) {
		return fmt.Sprintf("Stripe does not know what the row or its event names: %s Check the ids on the row, and that they are of the Stripe account and mode of this deployment.", payment.Sentence(e.Message))
	}
	if e.Code == "account_invalid" {
		return fmt.Sprintf("Stripe does not let this deployment see the connected account that the event is of: %s Ask the account's owner to connect it again, or restrict the webhook endpoint to your own account.", payment.Sentence(e.Message))
	}
	said := e.Message
	if e.RequestID != "" {
		said += " (" + e.RequestID + ")"
	}
	return fmt.Sprintf("Stripe refused to tell: %s Look for the request in Stripe's Dashboard, under Developers.", payment.Sentence(said))
}
