package dataverse

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// apply sets the payload's values on a row after checking their lengths and
// ranges, and returns the columns set. Columns that cannot be written are passed over
// without a word, as on the platform.
func (x *tx) apply(t *table, row *Row, p *payload, create bool) ([]string, error) {
	var columns []string
	for _, c := range t.columns {
		v, sent := p.values[c.LogicalName]
		if !sent || c.ReadOnly || (c.CreateOnly && !create) || c.LogicalName == t.PrimaryID {
			continue
		}
		if create && c.LogicalName == "statecode" {
			continue
		}
		if err := validate(t, c, v); err != nil {
			return nil, err
		}
		columns = append(columns, c.LogicalName)
		if v == nil {
			delete(row.Values, c.LogicalName)
			continue
		}
		row.Values[c.LogicalName] = v
	}
	return columns, settleState(t, row, columns)
}

var (
	moneyLimit   = decimal.RequireFromString("922337203685477")
	decimalLimit = decimal.RequireFromString("100000000000")
)

// validate checks what only the column's definition can tell.
func validate(t *table, c *Column, v any) error {
	switch v := v.(type) {
	case string:
		switch {
		case (c.Type == String || c.Type == Memo) && textLength(v) > c.MaxLength:
			return fail(http.StatusBadRequest, codeTooLong,
				"A validation error occurred.  The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.", c.LogicalName, t.LogicalName, c.MaxLength)
		case c.Type == Choices:
			for part := range strings.SplitSeq(v, ",") {
				if n, err := strconv.Atoi(strings.TrimSpace(part)); err != nil || !hasOption(c, n) {
					return outsideOptions(t, c, part)
				}
			}
		}
	case json.Number:
		switch c.Type {
		case Choice:
			if n, err := strconv.Atoi(v.String()); err != nil || !hasOption(c, n) {
				return outsideOptions(t, c, v.String())
			}
		case Money:
			return inRange(t, c, v, moneyLimit)
		case Decimal:
			return inRange(t, c, v, decimalLimit)
		}
	}
	return nil
}

func inRange(t *table, c *Column, v json.Number, limit decimal.Decimal) error {
	if toDecimal(v).Abs().LessThanOrEqual(limit) {
		return nil
	}
	return fail(http.StatusBadRequest, codeDecimalRange,
		"A validation error occurred.  The value of '%s' on record of type '%s' is outside the valid range.", c.LogicalName, t.LogicalName)
}

func hasOption(c *Column, value int) bool {
	return slices.ContainsFunc(c.Options, func(o Option) bool { return o.Value == value })
}

func outsideOptions(t *table, c *Column, value string) error {
	accepted := make([]string, len(c.Options))
	for i, o := range c.Options {
		accepted[i] = strconv.Itoa(o.Value)
	}
	return fail(http.StatusBadRequest, codeChoice,
		"A validation error occurred. The value %s of '%s' on record of type '%s' is outside the valid range. Accepted Values: %s",
		value, c.LogicalName, t.LogicalName, strings.Join(accepted, ","))
}

// settleState keeps statecode and statuscode together: a state brings its first
// status, and a status must belong to the state.
func settleState(t *table, row *Row, set []string) error {
	status := t.byName["statuscode"]
	state, _ := row.Values["statecode"].(json.Number)
	if state == "" {
		state = "0"
		row.Values["statecode"] = state
	}
	if slices.Contains(set, "statecode") && !slices.Contains(set, "statuscode") || row.Values["statuscode"] == nil {
		for _, o := range status.Options {
			if strconv.Itoa(o.State) == state.String() {
				row.Values["statuscode"] = jsonNumber(strconv.Itoa(o.Value))
				break
			}
		}
	}
	for _, o := range status.Options {
		if row.Values["statuscode"] == jsonNumber(strconv.Itoa(o.Value)) && strconv.Itoa(o.State) == state.String() {
			return nil
		}
	}
	return fail(http.StatusBadRequest, "0x80048408", "%v is not a valid status code for state code %s on %s.", row.Values["statuscode"], state, t.LogicalName)
}

// stampNew sets the system columns of a new row.
func (x *tx) stampNew(t *table, row *Row) {
	now, user := x.now.Format(timeLayout), Ref{Table: "systemuser", ID: x.user}
	row.Values["createdon"], row.Values["modifiedon"] = now, now
	row.Values["createdby"], row.Values["modifiedby"] = user, user
	for name, first := range map[string]json.Number{"statecode": "0", "statuscode": "1"} {
		if row.Values[name] == nil {
			row.Values[name] = first
		}
	}
	if t.hasOwner {
		if row.Values["ownerid"] == nil {
			row.Values["ownerid"] = user
		}
		row.Values["owningbusinessunit"] = Ref{Table: "businessunit", ID: seedID("businessunit", "root")}
	}
}

func touchesMoney(t *table, columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool {
		return name == "transactioncurrencyid" || t.byName[name].Type == Money
	})
}

// settleMoney gives a row with money a currency, rounds its amounts and computes
// their base values at the exchange rate of now.
func (x *tx) settleMoney(t *table, row *Row, touched bool) error {
	if !t.money || !touched {
		return nil
	}
	currency, err := x.currency(t, row)
	if err != nil || currency == nil {
		return err
	}
	rate, precision := number(currency, "exchangerate"), number(currency, "currencyprecision").IntPart()
	if !rate.IsPositive() {
		return fail(http.StatusBadRequest, codeInvalidArgument, "The exchange rate of the currency is not positive.")
	}
	row.Values["exchangerate"] = jsonNumber(rate.String())
	for _, c := range t.columns {
		if c.Type != Money || strings.HasSuffix(c.LogicalName, "_base") {
			continue
		}
		v, ok := row.Values[c.LogicalName].(json.Number)
		if !ok {
			delete(row.Values, c.LogicalName+"_base")
			continue
		}
		places := int32(c.Precision)
		if c.CurrencyPrecision {
			places = int32(precision)
		}
		amount := toDecimal(v).Round(places)
		row.Values[c.LogicalName] = jsonNumber(amount.String())
		row.Values[c.LogicalName+"_base"] = jsonNumber(amount.DivRound(rate, 4).String())
	}
	return nil
}

// currency is the row's currency, by default the organization's base currency
// once the row has money; nil for a row that needs none.
func (x *tx) currency(t *table, row *Row) (*Row, error) {
	ref, ok := row.Values["transactioncurrencyid"].(Ref)
	if !ok {
		if !slices.ContainsFunc(t.columns, func(c *Column) bool { return c.Type == Money && row.Values[c.LogicalName] != nil }) {
			return nil, nil
		}
		err := x.each(x.schema.tables["organization"], func(org *Row) error {
			ref, _ = org.Values["basecurrencyid"].(Ref)
			return nil
		})
		if err != nil {
			return nil, err
		}
		row.Values["transactioncurrencyid"] = ref
	}
	currency, err := x.get(x.schema.tables["transactioncurrency"], ref.ID)
	if err == nil && currency == nil {
		err = noSuchRow(x.schema.tables["transactioncurrency"], ref.ID)
	}
	return currency, err
}

func number(row *Row, name string) decimal.Decimal {
	n, _ := row.Values[name].(json.Number)
	return toDecimal(n)
}
