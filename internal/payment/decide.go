package payment

import "slices"

// Action is what has to be done at Stripe next.
type Action int

// The actions. The zero value means that both ends agree already.
const (
	Nothing Action = iota
	// CreateIntent and CreateSession make the object that the row asks for.
	CreateIntent
	CreateSession
	// UpdateIntent changes amount and currency of one that is not confirmed.
	UpdateIntent
	// CancelIntent and ExpireSession close an attempt that can still be paid.
	CancelIntent
	ExpireSession
	// RefundIntent gives money back.
	RefundIntent
)

// Step is one action with what it needs.
type Step struct {
	Action Action
	// ID is the PaymentIntent or Checkout Session that it is done to.
	ID string
	// Amount is in minor units of Currency: the price, or what to refund now.
	Amount   int64
	Currency Currency
	// Total is what will have been refunded in all, in minor units.
	Total int64
	// After is the id of the attempt that a new one takes the place of, empty
	// for the first. Together with the row it names the request, so that it is
	// carried out once however often it is tried.
	After string
}

// Decide compares what the row asks for with what Stripe has, and returns what
// has to be done next. It is pure and level-triggered: called again after the
// step was done, it returns the next one, and in the end Nothing. It returns a
// *Refusal for what cannot be done, and a *Disagreement for what a person has
// to settle first.
func Decide(row Row, facts Facts) (Step, error) {
	switch row.Ask.Request {
	case RequestPay:
		return decidePay(row, attempts(facts))
	case RequestCancel:
		return decideCancel(attempts(facts))
	case RequestRefund:
		return decideRefund(row, attempts(facts))
	default:
		return Step{}, nil
	}
}

func decidePay(row Row, list []attempt) (Step, error) {
	if slices.ContainsFunc(list, attempt.received) {
		// Paid is paid: what else could still be paid is closed. An amount that
		// was changed afterwards is a disagreement, which Project finds.
		for _, a := range list {
			if a.payable() && !a.working() {
				return a.close()
			}
		}
		return Step{}, nil
	}
	amount, currency, err := row.Price()
	if err != nil {
		return Step{}, err
	}
	open := payable(list)
	if len(open) == 0 {
		return decideFirst(row, list, amount, currency)
	}
	// The customer must be able to pay once only: what the row does not name is
	// closed before anything else.
	current := named(row, open)
	for _, a := range open {
		if a.id() != current.id() {
			return a.close()
		}
	}
	if current.answers(row.Ask.CollectBy, amount, currency) {
		return Step{}, nil
	}
	if current.fits(row.Ask.CollectBy) && current.session == nil && current.updatable() {
		return Step{Action: UpdateIntent, ID: current.intent.ID, Amount: amount, Currency: currency}, nil
	}
	return current.close()
}

// decideFirst is the case that nothing can be paid: the first attempt has to
// be made, or another one for a request that is new. The same request
// delivered again, however late, makes no second one; where the row does not
// say which request was carried out, an attempt that asked for just this was
// made for it.
func decideFirst(row Row, list []attempt, amount int64, currency Currency) (Step, error) {
	step := Step{Action: CreateIntent, Amount: amount, Currency: currency}
	if row.Ask.CollectBy == ByLink {
		step.Action = CreateSession
	}
	if len(list) == 0 {
		return step, nil
	}
	last := newest(named(row, list), list)
	if row.Handled == row.Text() || row.Handled == "" && last.answers(row.Ask.CollectBy, amount, currency) {
		return Step{}, nil
	}
	step.After = last.key()
	return step, nil
}

func decideCancel(list []attempt) (Step, error) {
	for _, a := range list {
		if a.received() && a.kept() {
			return Step{}, refuse("The payment was received on %s and can no longer be canceled. To give the money back, set the request to Refund.", a.id())
		}
	}
	for _, a := range list {
		if a.working() {
			return Step{}, refuse("The bank is working on %s, so it cannot be canceled now. Wait for the result, then cancel or refund.", a.id())
		}
		if a.payable() {
			return a.close()
		}
	}
	return Step{}, nil
}

func decideRefund(row Row, list []attempt) (Step, error) {
	var paid []attempt
	for _, a := range list {
		if a.received() && a.intent != nil {
			paid = append(paid, a)
		}
	}
	if len(paid) == 0 {
		return Step{}, refuse("No money was received, so none can be refunded. To stop the payment, set the request to Cancel.")
	}
	a, err := speaker(row, paid)
	if err != nil {
		return Step{}, err
	}
	in := a.intent
	if err := agreeCurrency(row, in); err != nil {
		return Step{}, err
	}
	currency, err := ParseCurrency(in.Currency)
	if err != nil {
		return Step{}, refuse("%s was paid in a currency that is not known: it is %v. Refund it in Stripe.", in.ID, err)
	}
	total := in.AmountReceived
	if row.Ask.RefundAmount != nil {
		if total, err = ToPositiveMinor(*row.Ask.RefundAmount, currency); err != nil {
			return Step{}, refuse("%s", Sentence(err.Error()))
		}
	}
	text := func(minor int64) string {
		return FromMinor(minor, currency).StringFixed(currency.Decimals()) + " " + currency.String()
	}
	gone := int64(0)
	if in.Charge != nil {
		gone = in.Charge.refunded()
	}
	switch {
	case total > in.AmountReceived:
		return Step{}, refuse("A refund of %s was asked for, but only %s was received. Lower the refund amount.", text(total), text(in.AmountReceived))
	case total == gone:
		return Step{}, nil
	case total < gone:
		return Step{}, refuse("%s went back already, which is more than the %s asked for. The refund amount is the total of all refunds: a refund cannot be taken back. Raise the refund amount, or set the request to None.", text(gone), text(total))
	case in.disputed():
		return Step{}, refuse("The customer's bank disputes %s and holds the money, so it cannot be refunded. Answer the dispute in Stripe.", in.ID)
	}
	return Step{Action: RefundIntent, ID: in.ID, Amount: total - gone, Currency: currency, Total: total}, nil
}

// Outcome is what the row has to show once Decide returned Nothing or a
// *Refusal: what Stripe says, or, where Stripe has nothing, that the payment
// was asked for or canceled. It reports false when there is nothing to show.
//
// Where the row asks to pay, the attempt that can be paid takes the place of
// one that the row still names and that is over.
func Outcome(row Row, facts Facts) (Payment, bool, error) {
	list := attempts(facts)
	if len(list) > 0 {
		if open := payable(list); row.Ask.Request == RequestPay && len(open) > 0 {
			row.Recorded = named(row, open).names()
		}
		p, err := Project(row, facts)
		return p, err == nil, err
	}
	switch row.Ask.Request {
	case RequestPay:
		return Payment{Status: Requested}, true, nil
	case RequestCancel:
		return Payment{Status: Canceled}, true, nil
	default:
		return Payment{}, false, nil
	}
}

// payable keeps the attempts that the customer can still pay, or is paying.
func payable(list []attempt) []attempt {
	return slices.DeleteFunc(slices.Clone(list), func(a attempt) bool { return !a.payable() })
}
