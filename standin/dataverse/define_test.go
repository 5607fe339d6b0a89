package dataverse_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/standin/dataverse"
)

// label is a label of a definition in a language.
func label(text string, language int) string {
	return fmt.Sprintf(`{"@odata.type":"Microsoft.Dynamics.CRM.Label","LocalizedLabels":[{"@odata.type":"Microsoft.Dynamics.CRM.LocalizedLabel","Label":%q,"LanguageCode":%d}]}`, text, language)
}

// toolTable defines a table with a name and a serial number.
func toolTable() string {
	return `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"xy_Tool","DisplayName":` + label("Tool", 1033) +
		`,"DisplayCollectionName":` + label("Tools", 1033) + `,"OwnershipType":"UserOwned","HasActivities":false,"HasNotes":false,"Attributes":[` +
		text("xy_Name", `"IsPrimaryName":true,`) + `,` + text("xy_Serial", "") + `]}`
}

func text(name, more string) string {
	return `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"` + name + `",` + more + `"MaxLength":50,"DisplayName":` + label(name, 1033) + `}`
}

// empty opens an environment without PayBridge and with the publisher of xy.
func empty(t *testing.T, change ...func(*dataverse.Config)) *env {
	t.Helper()
	e := open(t, func(cfg *dataverse.Config) {
		cfg.Tables = nil
		for _, f := range change {
			f(cfg)
		}
	})
	e.token = "user:Ann"
	e.must(204, "POST", "publishers", `{"uniquename":"xy","friendlyname":"XY","customizationprefix":"xy","customizationoptionvalueprefix":10000}`)
	return e
}

func TestATableIsMadeAndKept(t *testing.T) {
	dir := t.TempDir()
	e := empty(t, func(cfg *dataverse.Config) { cfg.Dir = dir })
	e.must(204, "POST", "EntityDefinitions", toolTable())
	found := e.must(200, "GET", "EntityDefinitions(LogicalName='xy_tool')", "", "Consistency: Strong").object(t)
	if found["EntitySetName"] != "xy_tools" || found["PrimaryIdAttribute"] != "xy_toolid" || found["PrimaryNameAttribute"] != "xy_name" {
		t.Errorf("the table is %v", found)
	}
	e.must(204, "POST", "EntityDefinitions(LogicalName='xy_tool')/Attributes", `{"@odata.type":"Microsoft.Dynamics.CRM.MoneyAttributeMetadata","SchemaName":"xy_Price","PrecisionSource":2,"DisplayName":`+label("Price", 1033)+`}`)
	row := e.must(201, "POST", "xy_tools", `{"xy_name":"Hammer","xy_price":12.5}`, "Prefer: return=representation").object(t)
	if row["xy_price_base"] == nil || row["_transactioncurrencyid_value"] == nil {
		t.Errorf("a money column brings no currency: %v", row)
	}
	if filters := e.do("GET", "sdkmessagefilters?$filter=primaryobjecttypecode%20eq%20'xy_tool'", "").rows(t); len(filters) != 3 {
		t.Errorf("%d messages can be listened to", len(filters))
	}
	if err := e.server.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := dataverse.Open(dataverse.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	if rows, err := again.Rows("xy_tool"); err != nil || len(rows) != 1 {
		t.Errorf("after a restart: %v %v", rows, err)
	}
}

func TestDefinitionsThatAreRefused(t *testing.T) {
	e := empty(t)
	e.must(204, "POST", "EntityDefinitions", toolTable())
	tool := "EntityDefinitions(LogicalName='xy_tool')"
	key := func(columns string) string {
		return `{"@odata.type":"Microsoft.Dynamics.CRM.EntityKeyMetadata","SchemaName":"xy_AKey","DisplayName":` + label("A", 1033) + `,"KeyAttributes":[` + columns + `]}`
	}
	for name, c := range map[string]struct {
		path, body, header, code string
		status                   int
	}{
		"a table twice":          {"EntityDefinitions", toolTable(), "", "0x80047010", 400},
		"a column twice":         {tool + "/Attributes", text("xy_Serial", ""), "", "0x80047013", 400},
		"no prefix":              {tool + "/Attributes", text("Serial", ""), "", "0x80044363", 400},
		"somebody else's prefix": {tool + "/Attributes", text("ab_Serial", ""), "", "0x80044363", 400},
		"another language":       {tool + "/Attributes", strings.ReplaceAll(text("xy_More", ""), "1033", "1031"), "", "0x80040203", 400},
		"too long":               {tool + "/Attributes", strings.ReplaceAll(text("xy_More", ""), "50", "4001"), "", "0x80040203", 400},
		"an unknown property":    {tool + "/Attributes", text("xy_More", `"MaxLenght":3,`), "", "0x80048d19", 400},
		"a lookup as a column":   {tool + "/Attributes", strings.ReplaceAll(text("xy_More", ""), "String", "Lookup"), "", "0x80048d19", 400},
		"no such table":          {"EntityDefinitions(LogicalName='xy_none')/Attributes", text("xy_More", ""), "", "0x80040217", 404},
		"no such solution":       {tool + "/Attributes", text("xy_More", ""), "MSCRM.SolutionUniqueName: none", "0x80040217", 404},
		"a key on nothing":       {tool + "/Keys", key(`"xy_none"`), "", "0x80040203", 400},
		"a key on a GUID":        {tool + "/Keys", key(`"xy_toolid"`), "", "0x80040203", 400},
		"a publisher twice":      {"publishers", `{"uniquename":"XY","friendlyname":"XY","customizationprefix":"xz","customizationoptionvalueprefix":10001}`, "", "0x80040237", 412},
		"a bad prefix":           {"publishers", `{"uniquename":"p","friendlyname":"P","customizationprefix":"mscrmx","customizationoptionvalueprefix":10001}`, "", "0x80040203", 400},
		"a user in no unit":      {"systemusers", `{"applicationid":"` + rowA + `"}`, "", "0x80040216", 400},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		if got := e.do("POST", c.path, c.body, headers...); got.status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.body, c.status, c.code)
		}
	}
}

func TestAKeyIsNothingUntilItsIndexIsBuilt(t *testing.T) {
	e := empty(t)
	e.must(204, "POST", "EntityDefinitions", toolTable())
	for range 2 {
		e.must(204, "POST", "xy_tools", `{"xy_name":"Saw","xy_serial":"s1"}`)
	}
	e.must(204, "POST", "EntityDefinitions(LogicalName='xy_tool')/Keys",
		`{"@odata.type":"Microsoft.Dynamics.CRM.EntityKeyMetadata","SchemaName":"xy_SerialKey","DisplayName":`+label("Serial", 1033)+`,"KeyAttributes":["xy_serial"]}`)
	status := func() string {
		return fmt.Sprint(e.must(200, "GET", "EntityDefinitions(LogicalName='xy_tool')/Keys(LogicalName='xy_serialkey')?$select=EntityKeyIndexStatus", "", "Consistency: Strong").object(t)["EntityKeyIndexStatus"])
	}
	e.must(400, "GET", "xy_tools(xy_serial='s1')", "")
	for _, want := range []string{"Pending", "InProgress", "Failed", "Failed"} {
		if got := status(); got != want {
			t.Errorf("the index is %s, not %s", got, want)
		}
	}
	rows, err := e.server.Rows("xy_tool")
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	e.must(204, "DELETE", "xy_tools("+rows[1].ID+")", "")
	e.must(204, "POST", "ReactivateEntityKey", `{"EntityLogicalName":"xy_tool","EntityKeyLogicalName":"xy_serialkey"}`)
	for _, want := range []string{"Pending", "InProgress", "Active"} {
		if got := status(); got != want {
			t.Errorf("the index is %s, not %s", got, want)
		}
	}
	e.must(200, "GET", "xy_tools(xy_serial='s1')", "")
	if got := e.do("POST", "xy_tools", `{"xy_name":"Saw","xy_serial":"S1"}`); got.status != 412 || got.code() != "0x80060892" {
		t.Errorf("a second row with the key: %d %s", got.status, got.body)
	}
}

func TestDefinitionsLagBehindUnlessTheyAreAskedForStrongly(t *testing.T) {
	now := noon()
	e := empty(t, func(cfg *dataverse.Config) {
		cfg.Now = func() time.Time { return now }
		cfg.Metadata.Lag = 30 * time.Second
	})
	e.must(204, "POST", "EntityDefinitions", toolTable())
	const path = "EntityDefinitions?$filter=LogicalName%20eq%20'xy_tool'"
	if found := e.do("GET", path, "").rows(t); len(found) != 0 {
		t.Error("the cache shows what was made a moment ago")
	}
	if found := e.do("GET", path, "", "Consistency: Strong").rows(t); len(found) != 1 {
		t.Error("a strong read does not show what was made")
	}
	now = now.Add(31 * time.Second)
	if found := e.do("GET", path, "").rows(t); len(found) != 1 {
		t.Error("the cache does not catch up")
	}
}

func TestApplicationUsersAreHeldToTheirRoles(t *testing.T) {
	e := empty(t, func(cfg *dataverse.Config) { cfg.Roles = true })
	e.must(204, "POST", "EntityDefinitions", toolTable())
	unit, _ := e.do("GET", "businessunits", "").rows(t)[0]["businessunitid"].(string)
	role := e.must(201, "POST", "roles", `{"name":"Tools","businessunitid@odata.bind":"/businessunits(`+unit+`)"}`, "Prefer: return=representation").object(t)["roleid"].(string)
	e.must(204, "POST", "systemusers("+e.server.UserID()+")/systemuserroles_association/$ref", `{"@odata.id":"`+e.url+`/api/data/v9.2/roles(`+role+`)"}`)
	grant := func(depth string, verbs ...string) {
		t.Helper()
		for _, p := range e.do("GET", "EntityDefinitions(LogicalName='xy_tool')/Privileges", "").rows(t) {
			for _, verb := range verbs {
				if p["PrivilegeType"] == verb {
					e.must(204, "POST", "roles("+role+")/Microsoft.Dynamics.CRM.AddPrivilegesRole", fmt.Sprintf(`{"Privileges":[{"PrivilegeId":"%v","Depth":"%s"}]}`, p["PrivilegeId"], depth))
				}
			}
		}
	}
	app := *e
	app.token = "app"
	denied := func(method, path, body, privilege string) {
		t.Helper()
		if got := app.do(method, path, body); got.status != http.StatusForbidden || got.code() != "0x80040220" || !strings.Contains(got.body, privilege+" privilege") {
			t.Errorf("%s %s: %d %s, want a lack of %s", method, path, got.status, got.body, privilege)
		}
	}
	app.must(200, "GET", "WhoAmI", "")
	denied("POST", "xy_tools", `{"xy_name":"Saw"}`, "prvCreatexy_Tool")
	grant("Basic", "Create")
	denied("POST", "xy_tools", `{"xy_name":"Saw"}`, "prvCreatexy_Tool")
	grant("Global", "Create")
	app.must(204, "POST", "xy_tools", `{"xy_name":"Saw"}`)
	denied("GET", "xy_tools", "", "prvReadxy_Tool")
	grant("Global", "Read")
	row := app.must(200, "GET", "xy_tools", "").rows(t)[0]["xy_toolid"].(string)
	denied("PATCH", "xy_tools("+row+")", `{"xy_name":"Axe"}`, "prvWritexy_Tool")
	grant("Global", "Write")
	app.must(204, "PATCH", "xy_tools("+row+")", `{"xy_name":"Axe"}`)
	denied("PATCH", "xy_tools("+row+")", `{"ownerid@odata.bind":"/systemusers(`+e.server.PersonID("Ann")+`)"}`, "prvAppendxy_Tool")
	denied("DELETE", "xy_tools("+row+")", "", "prvDeletexy_Tool")
	denied("POST", "EntityDefinitions", toolTable(), "prvCreateEntity")
	e.must(204, "DELETE", "xy_tools("+row+")", "")
	for path, want := range map[string]int{
		"RetrieveRolePrivilegesRole(RoleId=" + role + ")":                                        3,
		"systemusers(" + e.server.UserID() + ")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()": 3,
	} {
		if all, _ := e.must(200, "GET", path, "").object(t)["RolePrivileges"].([]any); len(all) != want {
			t.Errorf("%s: %v", path, all)
		}
	}
}
