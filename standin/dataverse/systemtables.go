package dataverse

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// seedSpace makes the GUIDs of seeded rows the same in every environment, so
// that tests can name them.
var seedSpace = uuid.MustParse("6f0c5a5e-8a3c-4f0e-9a5e-2d6b8f3f1c10")

func seedID(kind, name string) string {
	return uuid.NewSHA1(seedSpace, []byte(kind+"/"+name)).String()
}

// systemColumns are the columns that Dataverse adds to a table by itself.
func systemColumns(t *table) []Column {
	user := func(name string) Column {
		return Column{LogicalName: name, Type: Lookup, ReadOnly: true, Targets: []Target{{"systemuser", name}}}
	}
	columns := []Column{
		{LogicalName: "createdon", Type: DateTime, ReadOnly: true},
		{LogicalName: "modifiedon", Type: DateTime, ReadOnly: true},
		user("createdby"), user("modifiedby"),
		{LogicalName: "versionnumber", Type: BigInt, ReadOnly: true},
		{LogicalName: "statecode", Type: Choice, Options: []Option{{Value: 0, Label: "Active"}, {Value: 1, Label: "Inactive"}}},
		{LogicalName: "statuscode", Type: Choice, Options: []Option{{Value: 1, Label: "Active"}, {Value: 2, Label: "Inactive", State: 1}}},
	}
	if t.hasOwner {
		columns = append(columns,
			Column{LogicalName: "ownerid", Type: Lookup, Targets: []Target{{"systemuser", "ownerid"}}},
			Column{LogicalName: "owningbusinessunit", Type: Lookup, ReadOnly: true, Targets: []Target{{"businessunit", "owningbusinessunit"}}})
	}
	if t.money {
		columns = append(columns,
			Column{LogicalName: "transactioncurrencyid", Type: Lookup, Targets: []Target{{"transactioncurrency", "transactioncurrencyid"}}},
			Column{LogicalName: "exchangerate", Type: Decimal, Precision: 12, ReadOnly: true})
		for _, c := range slices.Clone(t.columns) {
			if c.Type == Money {
				columns = append(columns, Column{LogicalName: c.LogicalName + "_base", Type: Money, Precision: 4, ReadOnly: true})
			}
		}
	}
	return columns
}

// systemTables are there in every environment.
func systemTables() []Table {
	text := func(name string, length int) Column {
		return Column{LogicalName: name, Type: String, MaxLength: length}
	}
	lookup := func(name, target string) Column {
		return Column{LogicalName: name, Type: Lookup, Targets: []Target{{target, name}}}
	}
	number := func(name string) Column { return Column{LogicalName: name, Type: Integer} }
	money := func(name string) Column { return Column{LogicalName: name, Type: Money, CurrencyPrecision: true} }
	return []Table{
		{
			LogicalName: "organization", SchemaName: "Organization", SetName: "organizations", OrganizationOwned: true,
			PrimaryID: "organizationid", PrimaryName: "name",
			Columns: []Column{text("name", 160), number("languagecode"), lookup("basecurrencyid", "transactioncurrency"), number("pricingdecimalprecision")},
		},
		{
			LogicalName: "businessunit", SchemaName: "BusinessUnit", SetName: "businessunits", OrganizationOwned: true,
			PrimaryID: "businessunitid", PrimaryName: "name",
			Columns: []Column{text("name", 160), lookup("parentbusinessunitid", "businessunit")},
		},
		{
			LogicalName: "systemuser", SchemaName: "SystemUser", SetName: "systemusers", OrganizationOwned: true,
			PrimaryID: "systemuserid", PrimaryName: "fullname",
			Columns: []Column{
				text("fullname", 200), text("firstname", 256), text("lastname", 256), text("domainname", 1024), text("internalemailaddress", 100),
				{LogicalName: "applicationid", Type: UniqueIdentifier}, {LogicalName: "azureactivedirectoryobjectid", Type: UniqueIdentifier},
				{LogicalName: "isdisabled", Type: Boolean}, lookup("businessunitid", "businessunit"),
			},
		},
		{
			LogicalName: "transactioncurrency", SchemaName: "TransactionCurrency", SetName: "transactioncurrencies", OrganizationOwned: true,
			PrimaryID: "transactioncurrencyid", PrimaryName: "currencyname",
			Columns: []Column{
				text("currencyname", 100), text("isocurrencycode", 5), text("currencysymbol", 10), number("currencyprecision"),
				{LogicalName: "exchangerate", Type: Decimal, Precision: 12},
			},
		},
		{
			LogicalName: "account", SchemaName: "Account", SetName: "accounts",
			PrimaryID: "accountid", PrimaryName: "name",
			Columns: []Column{
				text("name", 160), text("accountnumber", 20), text("emailaddress1", 100), {LogicalName: "description", Type: Memo},
				money("revenue"), number("numberofemployees"), lookup("primarycontactid", "contact"),
			},
		},
		{
			LogicalName: "contact", SchemaName: "Contact", SetName: "contacts",
			PrimaryID: "contactid", PrimaryName: "fullname",
			Columns: []Column{
				text("fullname", 160), text("firstname", 50), text("lastname", 50), text("emailaddress1", 100),
				{LogicalName: "parentcustomerid", Type: Lookup, Targets: []Target{{"account", "parentcustomerid_account"}, {"contact", "parentcustomerid_contact"}}},
			},
		},
	}
}

// seed is the rows that an environment starts with, by table.
func seed(cfg *Config, organization string) map[string][]Row {
	row := func(id string, values map[string]any) Row { return Row{ID: id, Values: values} }
	rows := map[string][]Row{}
	unit := seedID("businessunit", "root")
	rows["businessunit"] = []Row{row(unit, map[string]any{"name": "contoso"})}
	inUnit := Ref{Table: "businessunit", ID: unit}
	if !cfg.NoApplicationUser {
		rows["systemuser"] = []Row{row(applicationUser(), map[string]any{
			"fullname": "# PayBridge", "lastname": "PayBridge", "firstname": "#", "applicationid": ApplicationID(), "isdisabled": false, "businessunitid": inUnit,
		})}
	}
	for _, name := range cfg.people() {
		rows["systemuser"] = append(rows["systemuser"], row(personID(name), map[string]any{
			"fullname": name + " Person", "firstname": name, "lastname": "Person", "isdisabled": false, "businessunitid": inUnit,
			"domainname": strings.ToLower(name) + "@" + cfg.host(), "internalemailaddress": strings.ToLower(name) + "@" + cfg.host(),
		}))
	}
	for _, c := range cfg.currencies() {
		rows["transactioncurrency"] = append(rows["transactioncurrency"], row(CurrencyID(c.ISOCode), map[string]any{
			"currencyname": c.Name, "isocurrencycode": c.ISOCode, "currencysymbol": c.Symbol,
			"currencyprecision": jsonNumber(strconv.Itoa(c.Precision)), "exchangerate": jsonNumber(c.ExchangeRate.String()),
		}))
	}
	rows["organization"] = []Row{row(organization, map[string]any{
		"name": "contoso", "languagecode": jsonNumber(strconv.Itoa(cfg.language())), "pricingdecimalprecision": jsonNumber("2"),
		"basecurrencyid": Ref{Table: "transactioncurrency", ID: CurrencyID(cfg.currencies()[0].ISOCode)},
	})}
	return rows
}

// ApplicationID is the client id of the application that [ApplicationToken]
// stands for.
func ApplicationID() string { return seedID("application", "app") }

func applicationUser() string { return seedID("systemuser", "application") }

func personID(name string) string { return seedID("systemuser", "person/"+strings.ToLower(name)) }
