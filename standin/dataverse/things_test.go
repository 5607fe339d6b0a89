package dataverse_test

import (
	"net/url"
	"slices"
	"testing"

	"paybridge/standin/dataverse"
)

// thing is a table with a column of every type, because PayBridge's own tables do not
// need them all.
func thing() dataverse.Table {
	return dataverse.Table{
		LogicalName: "new_thing", SchemaName: "new_Thing", SetName: "new_things", PrimaryID: "new_thingid", PrimaryName: "new_name",
		Columns: []dataverse.Column{
			{LogicalName: "new_name", Type: dataverse.String, MaxLength: 10},
			{LogicalName: "new_note", Type: dataverse.Memo, MaxLength: 20},
			{LogicalName: "new_count", Type: dataverse.Integer},
			{LogicalName: "new_ratio", Type: dataverse.Decimal, Precision: 2},
			{LogicalName: "new_price", Type: dataverse.Money, CurrencyPrecision: true},
			{LogicalName: "new_fee", Type: dataverse.Money, Precision: 2},
			{LogicalName: "new_kind", Type: dataverse.Choice, Options: []dataverse.Option{{Value: 1, Label: "Small"}, {Value: 2, Label: "Large"}}},
			{LogicalName: "new_tags", Type: dataverse.Choices, Options: []dataverse.Option{{Value: 1}, {Value: 2}, {Value: 3}}},
			{LogicalName: "new_on", Type: dataverse.Boolean},
			{LogicalName: "new_at", Type: dataverse.DateTime},
			{LogicalName: "new_day", Type: dataverse.DateTime, DateOnly: true},
			{LogicalName: "new_token", Type: dataverse.UniqueIdentifier},
			{LogicalName: "new_parent", Type: dataverse.Lookup, Targets: []dataverse.Target{{Table: "new_thing", Navigation: "new_Parent"}}},
			{LogicalName: "new_buyer", Type: dataverse.Lookup, Targets: []dataverse.Target{
				{Table: "account", Navigation: "new_Buyer_account"}, {Table: "contact", Navigation: "new_Buyer_contact"},
			}},
			{LogicalName: "new_secret", Type: dataverse.String, WriteOnly: true},
			{LogicalName: "new_serial", Type: dataverse.String, CreateOnly: true},
		},
		Keys: []dataverse.Key{
			{LogicalName: "new_serialkey", SchemaName: "new_SerialKey", Columns: []string{"new_serial"}},
			{LogicalName: "new_placekey", SchemaName: "new_PlaceKey", Columns: []string{"new_parent", "new_count"}},
			{LogicalName: "new_daykey", SchemaName: "new_DayKey", Columns: []string{"new_day"}},
		},
	}
}

// things opens a stand-in with that table alone.
func things(t *testing.T, change ...func(*dataverse.Config)) *env {
	t.Helper()
	return open(t, func(cfg *dataverse.Config) {
		cfg.Tables = []dataverse.Table{thing()}
		for _, f := range change {
			f(cfg)
		}
	})
}

// thingID is the GUID of the nth thing.
func thingID(n int) string {
	return "bbbbbbbb-0000-4000-8000-00000000000" + string(rune('0'+n))
}

// stock makes things with the bodies given, without their braces, numbered from 1.
func (e *env) stock(bodies ...string) {
	e.t.Helper()
	for i, body := range bodies {
		if body != "" {
			body = "," + body
		}
		e.must(204, "POST", "new_things", `{"new_thingid":"`+thingID(i+1)+`"`+body+`}`)
	}
}

// query writes query options, name after value, into a path.
func query(path string, options ...string) string {
	for i := 0; i < len(options); i += 2 {
		path += map[bool]string{true: "?", false: "&"}[i == 0] + options[i] + "=" + url.QueryEscape(options[i+1])
	}
	return path
}

// names are the last digits of the things listed, in their order.
func names(rows []map[string]any) string {
	var digits []byte
	for _, row := range rows {
		id := row["new_thingid"].(string)
		digits = append(digits, id[len(id)-1])
	}
	return string(digits)
}

// sorted is names without an order.
func sorted(rows []map[string]any) string {
	digits := []byte(names(rows))
	slices.Sort(digits)
	return string(digits)
}
