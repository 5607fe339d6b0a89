package stripe

import (
	"strconv"
	"strings"
)

// lineItem is one thing that a Checkout Session sells.
type lineItem struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Amount   int64  `json:"amount"`
	Quantity int64  `json:"quantity"`
	Price    string `json:"price"`
	Product  string `json:"product"`
}

// readItems reads line_items with price_data, the only prices known here: there are no stored prices and products.
func (s *session) readItems(f *form) {
	items := f.items("line_items")
	if len(items) == 0 {
		f.missing("line_items")
	}
	for _, item := range items {
		price := item.at("price_data")
		if named := item.text("price"); named != nil {
			f.fail(missing("price", item.path+"[price]", *named))
		}
		currency := strings.ToLower(price.need("currency"))
		if s.Currency != "" && currency != s.Currency {
			f.fail(invalid("", item.path+"[price_data][currency]", "All line items must have the same currency."))
		}
		s.Currency = currency
		amount, quantity := price.whole("unit_amount"), item.whole("quantity")
		if amount == nil && price.has("unit_amount_decimal") {
			amount = price.whole("unit_amount_decimal")
		}
		if amount == nil {
			price.missing("unit_amount")
			amount = new(int64)
		}
		if quantity == nil {
			item.missing("quantity")
			quantity = new(int64)
		}
		if *amount < 0 || *quantity < 0 || *amount > maxAmount || *quantity > 999_999 {
			f.fail(invalid("parameter_invalid_integer", item.path, "Invalid non-negative integer"))
			return
		}
		product := price.at("product_data")
		line := lineItem{ID: newID("li"), Amount: *amount, Quantity: *quantity, Price: newID("price"), Product: "prod_" + randomText(14)}
		if named := price.text("product"); named != nil {
			line.Product, line.Name = *named, *named
		} else {
			line.Name = product.need("name")
		}
		product.skip("description", "images", "metadata", "tax_code")
		price.skip("tax_behavior")
		item.skip("adjustable_quantity", "dynamic_tax_rates", "tax_rates")
		s.Items = append(s.Items, line)
		s.AmountTotal += line.Amount * line.Quantity
	}
	s.AmountSubtotal = s.AmountTotal
}

// items is the list of the session's line items.
func (s *session) items() document {
	data := []any{}
	for _, line := range s.Items {
		total := line.Amount * line.Quantity
		data = append(data, document{
			"id": line.ID, "object": "item", "amount_discount": 0, "amount_subtotal": total, "amount_tax": 0, "amount_total": total,
			"currency": s.Currency, "description": line.Name, "quantity": line.Quantity,
			"price": document{
				"id": line.Price, "object": "price", "active": false, "billing_scheme": "per_unit", "created": s.Created, "currency": s.Currency,
				"custom_unit_amount": nil, "livemode": s.Livemode, "lookup_key": nil, "metadata": map[string]any{}, "nickname": nil,
				"product": line.Product, "recurring": nil, "tax_behavior": "unspecified", "tiers_mode": nil, "transform_quantity": nil,
				"type": "one_time", "unit_amount": line.Amount, "unit_amount_decimal": strconv.FormatInt(line.Amount, 10),
			},
		})
	}
	return document{"object": "list", "data": data, "has_more": false, "url": "/v1/checkout/sessions/" + s.ID + "/line_items"}
}
