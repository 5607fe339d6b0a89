package environment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/crm"
)

// asWanted is a table that has exactly what is wanted.
func asWanted(want crm.Table) *Table {
	have := &Table{LogicalName: want.Name, SetName: want.SetName, PrimaryID: want.PrimaryID, PrimaryName: want.PrimaryName}
	for _, c := range want.Columns {
		column := Column{LogicalName: c.Name, SchemaName: c.SchemaName, Type: string(c.Type), MaxLength: c.MaxLength, Precision: c.Precision}
		switch c.Type {
		case crm.DateTime:
			column.Format, column.Behavior = "DateAndTime", "UserLocal"
		case crm.Lookup:
			column.Targets = []string{c.Target}
		}
		for _, o := range c.Options {
			column.Options = append(column.Options, Option(o))
		}
		have.Columns = append(have.Columns, column)
	}
	for _, k := range want.Keys {
		have.Keys = append(have.Keys, Key{LogicalName: k.Name, Columns: k.Columns, Status: KeyActive})
	}
	return have
}

func TestCompare(t *testing.T) {
	payment, event := crm.Tables()[0], crm.Tables()[1]
	for _, want := range crm.Tables() {
		if d := Compare(want, asWanted(want)); len(d) > 0 {
			t.Errorf("%s as wanted: %+v", want.Name, d)
		}
	}
	for _, c := range []struct {
		name   string
		want   crm.Table
		change func(*Table)
		kind   Kind
		part   string
		words  string
	}{
		{"a column is missing", payment, func(t *Table) { t.Column("pb_status").LogicalName = "x" }, MissingColumn, "choice pb_payment.pb_status", "is not there"},
		{"a text is short", payment, func(t *Table) { t.Column("pb_checkouturl").MaxLength = 200 }, ShortText, "column pb_payment.pb_checkouturl", "holds 200 characters, not 2000"},
		{"decimals of the organisation", payment, func(t *Table) { t.Column("pb_amount").PrecisionSource = 1 }, FewDecimals, "column pb_payment.pb_amount", "the decimals of the organisation's prices"},
		{"a choice value is off by one", payment, func(t *Table) { t.Column("pb_request").Options[3].Value++ }, MissingOption, "choice pb_payment.pb_request", "has no value 884200003 (Refund)"},
		{"a type", payment, func(t *Table) { t.Column("pb_livemode").Type = "Picklist" }, WrongType, "column pb_payment.pb_livemode", "of the type Picklist, not Boolean"},
		{"a day", payment, func(t *Table) { t.Column("pb_paidon").Behavior = "DateOnly" }, WrongType, "column pb_payment.pb_paidon", "days without the time"},
		{"a set name", payment, func(t *Table) { t.SetName = "pb_paymentses" }, WrongName, "table pb_payment", "set name pb_paymentses, not pb_payments"},
		{"a key on nothing", payment, func(t *Table) { t.Keys = t.Keys[1:] }, MissingKey, "alternate key pb_payment.pb_paymentintentidkey", "is not there"},
		{"a key that is pending", payment, func(t *Table) { t.Keys[0].Status = KeyPending }, KeyNotActive, "alternate key pb_payment.pb_paymentintentidkey", "its index is Pending"},
		{"a key that failed", payment, func(t *Table) { t.Keys[0].Status = KeyFailed }, KeyNotActive, "alternate key pb_payment.pb_paymentintentidkey", "rows have the same pb_paymentintentid"},
		{"a key elsewhere", payment, func(t *Table) { t.Keys[0].Columns = []string{"pb_chargeid"} }, WrongKey, "alternate key pb_payment.pb_paymentintentidkey", "is on pb_chargeid, not on pb_paymentintentid"},
		{"a lookup elsewhere", event, func(t *Table) { t.Column("pb_paymentid").Targets = []string{"account"} }, WrongTarget, "column pb_paymentevent.pb_paymentid", "points to account"},
		{"a lookup by another name", event, func(t *Table) { t.Column("pb_paymentid").SchemaName = "pb_paymentid" }, WrongName, "column pb_paymentevent.pb_paymentid", "by which it is written"},
	} {
		have := asWanted(c.want)
		c.change(have)
		all := Compare(c.want, have)
		if len(all) == 0 {
			t.Errorf("%s: no difference", c.name)
			continue
		}
		if d := all[0]; d.Kind != c.kind || d.Part != c.part || !strings.Contains(d.Problem, c.words) || d.Remedy == "" {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	if d := Compare(payment, nil); len(d) != 1 || d[0].Kind != MissingTable || !d[0].Mendable() {
		t.Errorf("no table: %+v", d)
	}
	orders := crm.SalesOrderMapping().Tables()[0]
	if d := Compare(orders, nil); len(d) != 1 || d[0].Kind != MissingStandard || d[0].Mendable() {
		t.Errorf("no orders: %+v", d)
	}
}

// TestMoreThanIsWantedIsNobodysBusiness: longer texts, other labels and further
// columns and values are somebody else's.
func TestMoreThanIsWantedIsNobodysBusiness(t *testing.T) {
	want := crm.Tables()[0]
	have := asWanted(want)
	have.Column("pb_name").MaxLength = 850
	request := have.Column("pb_request")
	request.Options[1].Label = "Bezahlen"
	request.Options = append(request.Options, Option{Value: 884200010, Label: "Chase"})
	have.Columns = append(have.Columns, Column{LogicalName: "xy_more", Type: "String"})
	have.Column("pb_paidon").Behavior = "TimeZoneIndependent"
	if d := Compare(want, have); len(d) > 0 {
		t.Errorf("%+v", d)
	}
}

func TestCompareStep(t *testing.T) {
	steps := WantedSteps(crm.PaymentMapping())
	create, update := steps[0], steps[1]
	for _, c := range []struct {
		name   string
		want   Step
		change func(*Step)
		says   []string
	}{
		{"as wanted", update, func(*Step) {}, nil},
		{"in another order", update, func(s *Step) { s.Filter = append(append([]string{}, s.Filter[1:]...), s.Filter[0]) }, nil},
		{"a filter on Create means nothing", create, func(s *Step) { s.Filter = []string{"pb_name"} }, nil},
		{"too wide", update, func(s *Step) { s.Filter = append(append([]string{}, s.Filter...), "pb_status") }, []string{"listens to pb_status as well"}},
		{"too narrow", update, func(s *Step) { s.Filter = s.Filter[:5] }, []string{"does not listen to pb_refundamount"}},
		{"no filter", update, func(s *Step) { s.Filter = nil }, []string{"listens to all columns, so that PayBridge wakes itself"}},
		{"disabled", create, func(s *Step) { s.Enabled = false }, []string{"is disabled"}},
		{"before the change", create, func(s *Step) { s.Stage, s.Mode = 20, 0 }, []string{"runs at stage 20, not 40", "keeps the user waiting until PayBridge has answered"}},
		{"with jobs left", create, func(s *Step) { s.AutoDelete = false }, []string{"leaves a system job behind for each change"}},
	} {
		have := c.want
		c.change(&have)
		if diff := cmp.Diff(c.says, CompareStep(c.want, have)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	if fmt.Sprint(create.Filter) != "[]" || create.Stage != 40 || create.Mode != 1 {
		t.Errorf("the step on Create is %+v", create)
	}
}
