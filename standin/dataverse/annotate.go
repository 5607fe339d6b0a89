package dataverse

import (
	"encoding/json"
	glob "path"
	"strconv"
	"strings"
)

const (
	formattedValue = "OData.Community.Display.V1.FormattedValue"
	lookupNav      = "Microsoft.Dynamics.CRM.associatednavigationproperty"
	lookupTable    = "Microsoft.Dynamics.CRM.lookuplogicalname"
)

// annotations says which annotations were asked for.
type annotations struct {
	any      bool
	patterns []string
}

func (q *request) annotations() annotations {
	value, ok := q.preference("odata.include-annotations")
	if !ok || value == "" {
		return annotations{}
	}
	return annotations{any: true, patterns: strings.Split(value, ",")}
}

func (a annotations) wants(name string) bool {
	for _, p := range a.patterns {
		if ok, err := glob.Match(strings.TrimSpace(p), name); err == nil && ok {
			return true
		}
	}
	return false
}

// annotate writes what comes before a column's value.
func (x *tx) annotate(o *object, c *Column, prop string, v any, row *Row, opts *query) {
	if text, ok := x.formatted(c, v, row); ok && opts.annotate.wants(formattedValue) {
		o.add(prop+"@"+formattedValue, text)
	}
	ref, ok := v.(Ref)
	if !ok {
		return
	}
	for _, target := range c.Targets {
		if target.Table == ref.Table && opts.annotate.wants(lookupNav) {
			o.add(prop+"@"+lookupNav, target.Navigation)
		}
	}
	if opts.annotate.wants(lookupTable) {
		o.add(prop+"@"+lookupTable, ref.Table)
	}
}

// formatted is a value as a person sees it. Texts and GUIDs have no such form.
func (x *tx) formatted(c *Column, v any, row *Row) (string, bool) {
	switch v := v.(type) {
	case Ref:
		t := x.schema.tables[v.Table]
		if t == nil {
			return "", false
		}
		target, err := x.get(t, v.ID)
		if err != nil || target == nil {
			return "", false
		}
		name, ok := target.Values[t.PrimaryName].(string)
		return name, ok
	case bool:
		if v {
			return "Yes", true
		}
		return "No", true
	case json.Number:
		return x.formattedNumber(c, v, row), true
	case string:
		if c.Type != DateTime {
			return "", false
		}
		at, ok := parseTime(v)
		if c.DateOnly {
			return at.Format("1/2/2006"), ok
		}
		return at.Format("1/2/2006 3:04 PM"), ok
	default:
		return "", false
	}
}

func (x *tx) formattedNumber(c *Column, v json.Number, row *Row) string {
	switch c.Type {
	case Choice:
		for _, option := range c.Options {
			if strconv.Itoa(option.Value) == v.String() {
				return option.Label
			}
		}
		return v.String()
	case Money:
		symbol, places := "", int32(2)
		if ref, ok := row.Values["transactioncurrencyid"].(Ref); ok {
			if currency, err := x.get(x.schema.tables["transactioncurrency"], ref.ID); err == nil && currency != nil {
				symbol, _ = currency.Values["currencysymbol"].(string)
				places = int32(asNumber(currency.Values["currencyprecision"]))
			}
		}
		return symbol + grouped(toDecimal(v).StringFixed(places))
	case Decimal:
		return grouped(toDecimal(v).StringFixed(int32(c.Precision)))
	default:
		return grouped(v.String())
	}
}

// grouped puts commas into the whole part of a number.
func grouped(text string) string {
	whole, fraction, found := strings.Cut(text, ".")
	if !found {
		return withCommas(whole)
	}
	return withCommas(whole) + "." + fraction
}
