package stripe

const kindTransaction = "balance_transaction"

// transaction is a BalanceTransaction: what a charge, refund or dispute did to the balance.
type transaction struct {
	base
	Amount            int64    `json:"amount"`
	AvailableOn       int64    `json:"available_on"`
	Currency          string   `json:"currency"`
	Description       *string  `json:"description"`
	ExchangeRate      *float64 `json:"exchange_rate"`
	Fee               int64    `json:"fee"`
	FeeDetails        []any    `json:"fee_details"`
	Net               int64    `json:"net"`
	ReportingCategory string   `json:"reporting_category"`
	Source            string   `json:"source"`
	Status            string   `json:"status"`
	Type              string   `json:"type"`
}

func (t *transaction) index() []string { return []string{"source=" + t.Source} }

// book records a movement of the balance. The fee is always 0: fees are no matter of this stand-in.
func (c *change) book(kind, category, source, currency string, amount int64) (*transaction, error) {
	t := &transaction{
		base: base{ID: newPaymentID("txn"), Object: kindTransaction, Created: c.now.Unix()}, Amount: amount, AvailableOn: c.now.Unix(),
		Currency: currency, FeeDetails: []any{}, Net: amount, ReportingCategory: category, Source: source, Status: "available", Type: kind,
	}
	return t, c.put(t)
}

// credit books the money of a charge that was captured.
func (c *change) credit(ch *charge) error {
	kind := "charge"
	if ch.MethodDetails["type"] != "card" {
		kind = "payment"
	}
	t, err := c.book(kind, "charge", ch.ID, ch.Currency, ch.AmountCaptured)
	if err != nil {
		return err
	}
	ch.BalanceTransaction = &t.ID
	return nil
}

func retrieveTransaction(c *call) (any, error) {
	return load[transaction](c.change, kindTransaction, "id", c.id())
}

func listTransactions(c *call) (any, error) {
	c.form.skip("type", "currency", "payout")
	return listOf[transaction](c, kindTransaction, entryOf(c.form, "source"))
}

// retrieveBalance sums up what was booked.
func retrieveBalance(c *call) (any, error) {
	sums := map[string]int64{}
	err := c.each(kindTransaction, "", 0, func(_ uint64, id string) (bool, error) {
		t, err := load[transaction](c.change, kindTransaction, "id", id)
		if err != nil {
			return false, err
		}
		sums[t.Currency] += t.Net
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	available, pending := []any{}, []any{}
	for _, currency := range currencies {
		if sum, ok := sums[currency]; ok {
			available = append(available, map[string]any{"amount": sum, "currency": currency, "source_types": map[string]any{"card": sum}})
			pending = append(pending, map[string]any{"amount": 0, "currency": currency, "source_types": map[string]any{"card": 0}})
		}
	}
	return document{"object": "balance", "available": available, "pending": pending, "livemode": c.server.live}, nil
}

func retrieveAccount(c *call) (any, error) {
	if id := c.id(); id != "" && id != c.account {
		return nil, missing("account", "account", id)
	}
	return document{
		"id": c.account, "object": "account", "business_type": "company", "charges_enabled": true, "country": "US",
		"default_currency": "usd", "details_submitted": true, "email": "owner@example.com", "payouts_enabled": true, "type": "standard",
		"capabilities": map[string]any{"card_payments": "active", "transfers": "active"}, "metadata": map[string]any{},
		"business_profile": map[string]any{"mcc": nil, "name": "PayBridge stand-in", "support_email": nil, "support_phone": nil, "url": nil},
		"settings":         map[string]any{"dashboard": map[string]any{"display_name": "PayBridge stand-in", "timezone": "Etc/UTC"}},
	}, nil
}
