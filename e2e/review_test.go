package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lastError is what a row tells the person who has to look at it.
func (w *world) lastError(row string) string {
	w.t.Helper()
	text, _ := w.read(row)["pb_lasterror"].(string)
	return text
}

// needsReview checks that the timeline has an event that needs review and says
// each of the words.
func (w *world) needsReview(words ...string) {
	w.t.Helper()
	var details []string
	for _, event := range w.list("pb_paymentevents") {
		if event["pb_outcome"+label] == "Needs review" {
			detail, _ := event["pb_detail"].(string)
			details = append(details, detail)
		}
	}
	if len(details) == 0 {
		w.t.Error("no event needs review")
	}
	for _, word := range words {
		if !strings.Contains(strings.Join(details, "\n"), word) {
			w.t.Errorf("no event that needs review names %s: %q", word, details)
		}
	}
}

func TestRowThatIsGoneNeedsReview(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	gone := w.row("12.50", "EUR")
	if status, answer := w.crm(http.MethodDelete, "pb_payments("+gone+")", ""); status != http.StatusNoContent {
		t.Fatal(status, answer)
	}
	intent := w.intent(gone, "1250", "eur")
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.needsReview(gone, intent)
}

func TestAmountThatDiffersNeedsReviewUntilMended(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("99.99", "EUR")
	intent := w.intent(row, "1250", "eur")
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.needsReview("99.99", "12.5", intent)
	if got := w.read(row); status(got) == "Completed" || got["pb_amountreceived"] != nil {
		t.Errorf("the row was overwritten: %v", shown(got))
	}
	if text := w.lastError(row); !strings.Contains(text, "99.99") {
		t.Errorf("the row says %q", text)
	}
	w.patch(row, `{"pb_amount":12.50}`)
	w.stripe("/v1/refunds", "payment_intent", intent, "amount", "250")
	w.settle()
	w.isTrue(row, intent)
}

func TestCurrencyThatDiffersNeedsReviewUntilMended(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("12.50", "USD")
	intent := w.intent(row, "1250", "eur")
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.needsReview("USD", "EUR", intent)
	if got := w.read(row); status(got) != "Pending" && status(got) != "" {
		t.Errorf("the row was overwritten: %v", shown(got))
	}
	w.patch(row, `{"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+w.currency("EUR")+`)"}`)
	w.stripe("/v1/refunds", "payment_intent", intent, "amount", "250")
	w.settle()
	w.isTrue(row, intent)
}

// isTrue compares a row with what Stripe says of a PaymentIntent.
func (w *world) isTrue(row, intent string) {
	w.t.Helper()
	if diff := cmp.Diff(w.truth(intent, ""), shown(w.read(row))); diff != "" {
		w.t.Errorf("Stripe says (-), the row shows (+):\n%s", diff)
	}
}

func TestPaidTwiceNeedsReviewUntilOneIsRefunded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		refunded int
	}{{"the first is refunded", 0}, {"the second is refunded", 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, awkward)
			row := w.row("12.50", "EUR")
			intents := []string{w.intent(row, "1250", "eur"), w.intent(row, "1250", "eur")}
			for _, intent := range intents {
				w.confirm(intent, "pm_card_visa")
			}
			w.settle()
			text := w.lastError(row)
			for _, intent := range intents {
				if !strings.Contains(text, intent) {
					t.Errorf("the row does not name %s: %q", intent, text)
				}
			}
			w.needsReview("Paid twice")
			// News of one of them alone changes nothing about that.
			w.stripe("/v1/refunds", "payment_intent", intents[1-c.refunded], "amount", "100")
			w.settle()
			if after := w.lastError(row); after != text {
				t.Errorf("the row now says %q", after)
			}
			w.stripe("/v1/refunds", "payment_intent", intents[c.refunded])
			w.settle()
			w.isTrue(row, intents[1-c.refunded])
		})
	}
}

// TestLateNewsOfAnOlderAttemptMovesNothing pays with the second of two
// PaymentIntents and then cancels the first.
func TestLateNewsOfAnOlderAttemptMovesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("12.50", "EUR")
	old, paid := w.intent(row, "1250", "eur"), w.intent(row, "1250", "eur")
	w.confirm(old, "pm_card_chargeDeclined")
	w.settle()
	w.confirm(paid, "pm_card_visa")
	w.settle()
	w.isTrue(row, paid)
	w.stripe("/v1/payment_intents/" + old + "/cancel")
	w.settle()
	w.isTrue(row, paid)
}

func TestRowThatIsMisspeltNeedsReview(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	intent := w.intent("order 1001", "1250", "eur")
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.needsReview(intent, "not a GUID")
}

// TestIntentOfAnotherRowNeedsReview marks a PaymentIntent for one row while
// another row already records it: the key that says so must not make the
// message run for ever.
func TestIntentOfAnotherRowNeedsReview(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	owner, other := w.row("12.50", "EUR"), w.row("12.50", "EUR")
	intent := w.intent(owner, "1250", "eur")
	w.confirm(intent, "pm_card_chargeDeclined")
	w.settle()
	w.isTrue(owner, intent)
	w.stripe("/v1/payment_intents/"+intent, "metadata[CRM_PaymentId]", other)
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.needsReview(intent)
	if text := w.lastError(other); !strings.Contains(text, intent) {
		t.Errorf("the row that is named says %q", text)
	}
}

// TestAccountOutOfReachNeedsReview: an event of a connected account that this
// key has no access to is told to a person, and holds nobody up.
func TestAccountOutOfReachNeedsReview(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("12.50", "EUR")
	body := []byte(`{"id":"evt_ofAnotherAccount","object":"event","type":"payment_intent.succeeded","created":1769000000,"livemode":false,"account":"acct_outOfReach",` +
		`"data":{"object":{"id":"pi_ofAnotherAccount","object":"payment_intent","metadata":{"CRM_PaymentId":"` + row + `"}}}}`)
	w.deliver(event{body: body})
	w.settle()
	w.needsReview("acct_outOfReach")
	if text := w.lastError(row); !strings.Contains(text, "acct_outOfReach") {
		t.Errorf("the row says %q", text)
	}
}
