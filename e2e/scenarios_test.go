package e2e

import "testing"

func TestSucceededPaymentIsCompleted(t *testing.T) {
	w := start(t)
	row := w.row("12.50", "EUR")
	intent := w.intent(row, "1250", "eur")
	w.stripe("/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa")
	w.settle()
	got := w.read(row)
	if status(got) != "Completed" || got["pb_paymentintentid"] != intent {
		t.Errorf("got %v", got)
	}
}
