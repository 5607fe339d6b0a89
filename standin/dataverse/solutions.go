package dataverse

import (
	"encoding/xml"
	"net/http"
	"regexp"
	"strings"
)

// solutionTables are the tables of publishers and solutions.
func solutionTables() []Table {
	text := func(name string, length int) Column {
		return Column{LogicalName: name, Type: String, MaxLength: length}
	}
	return []Table{
		{
			LogicalName: "publisher", SchemaName: "Publisher", SetName: "publishers", OrganizationOwned: true,
			PrimaryID: "publisherid", PrimaryName: "friendlyname",
			Columns: []Column{
				text("friendlyname", 256), text("uniquename", 256), text("description", 2000), text("customizationprefix", 8),
				{LogicalName: "customizationoptionvalueprefix", Type: Integer},
			},
		},
		{
			LogicalName: "solution", SchemaName: "Solution", SetName: "solutions", OrganizationOwned: true,
			PrimaryID: "solutionid", PrimaryName: "friendlyname",
			Columns: []Column{
				text("friendlyname", 256), text("uniquename", 65), text("description", 2000), text("version", 256),
				{LogicalName: "ismanaged", Type: Boolean, ReadOnly: true},
				{LogicalName: "publisherid", Type: Lookup, Targets: []Target{{"publisher", "publisherid"}}},
			},
		},
	}
}

// unique are the columns of system tables in which no two rows are alike.
func unique() map[string]string {
	return map[string]string{"publisher": "uniquename", "solution": "uniquename", "systemuser": "applicationid"}
}

var prefixShape = regexp.MustCompile(`^[a-z][a-z0-9]{1,7}$`)

// admitSystemRow holds a new row of a system table to what the platform wants
// of it, and completes it.
func (x *tx) admitSystemRow(t *table, row *Row) error {
	if column := unique()[t.LogicalName]; column != "" && row.Values[column] != nil {
		taken := false
		err := x.each(t, func(other *Row) error {
			taken = taken || compareValues(other.Values[column], row.Values[column]) == 0
			return nil
		})
		if err != nil {
			return err
		}
		if taken {
			return duplicateRecord()
		}
	}
	need := func(columns ...string) error {
		for _, name := range columns {
			if row.Values[name] == nil {
				return fail(http.StatusBadRequest, codeInvalidArgument, "Required field '%s' is missing.", name)
			}
		}
		return nil
	}
	switch t.LogicalName {
	case "publisher":
		prefix, _ := row.Values["customizationprefix"].(string)
		options := asNumber(row.Values["customizationoptionvalueprefix"])
		if !prefixShape.MatchString(prefix) || strings.HasPrefix(prefix, "mscrm") || options < 10000 || options > 99999 {
			return fail(http.StatusBadRequest, codeInvalidArgument, "The customization prefix or the option value prefix is not valid.")
		}
		return need("uniquename", "friendlyname")
	case "solution":
		row.Values["ismanaged"] = false
		return need("uniquename", "friendlyname", "version", "publisherid")
	case "role":
		return need("name", "businessunitid")
	case "serviceendpoint":
		return need("name", "contract", "authtype")
	case "sdkmessageprocessingstep":
		return need("sdkmessageid", "eventhandler", "stage", "mode")
	case "systemuser":
		return x.admitUser(row)
	}
	return nil
}

// admitUser completes an application user. Without a business unit the
// platform says no more than that something went wrong.
func (x *tx) admitUser(row *Row) error {
	if row.Values["businessunitid"] == nil || row.Values["applicationid"] == nil {
		return fail(http.StatusBadRequest, codeUnexpected, "An unexpected error occurred.")
	}
	if row.Values["applicationid"] == ApplicationID() {
		row.ID = applicationUser()
	}
	row.Values["fullname"], row.Values["firstname"], row.Values["lastname"] = "# PayBridge", "#", "PayBridge"
	row.Values["isdisabled"] = false
	return nil
}

// intoSolution wants the solution to be there that a component goes into.
func (x *tx) intoSolution(q *request) error {
	name := q.header.Get("MSCRM.SolutionUniqueName")
	if name == "" {
		return nil
	}
	known := false
	err := x.each(x.schema.tables["solution"], func(row *Row) error {
		text, _ := row.Values["uniquename"].(string)
		known = known || strings.EqualFold(text, name)
		return nil
	})
	if err == nil && !known {
		err = fail(http.StatusNotFound, codeNotFound, "The solution '%s' does not exist.", name)
	}
	return err
}

// publish answers PublishXml.
func (x *tx) publish(q *request) (*response, error) {
	var b struct{ ParameterXml string }
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	var what struct {
		Entities []string `xml:"entities>entity"`
	}
	if err := xml.Unmarshal([]byte(b.ParameterXml), &what); err != nil {
		return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The ParameterXml is not valid.")
	}
	for _, name := range what.Entities {
		if x.schema.tables[name] == nil {
			return nil, fail(http.StatusNotFound, codeNotFound, "Could not find an entity with the name %s.", name)
		}
		if err := x.publishTable(x.schema.tables[name]); err != nil {
			return nil, err
		}
	}
	return noContent(), nil
}
