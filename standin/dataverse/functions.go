package dataverse

import (
	"net/http"
	"strings"
)

// function finds the unbound function that the segments name, nil for none.
func (x *tx) function(segments []string, q *request) func() (*response, error) {
	if len(segments) > 1 {
		return nil
	}
	name, _, _ := strings.Cut(segments[0], "(")
	method, do := http.MethodGet, x.whoAmI
	switch name {
	case "WhoAmI":
	case "RetrieveRolePrivilegesRole":
		do = func(q *request) (*response, error) {
			m := roleFunction.FindStringSubmatch(segments[0])
			if m == nil {
				return nil, badURI("Bad Request - Error in query syntax.")
			}
			all, err := x.rolePrivileges(strings.ToLower(m[1]))
			return privilegesAnswer(q, name, all), err
		}
	case "InsertOptionValue":
		method, do = http.MethodPost, x.insertOption
	case "ReactivateEntityKey":
		method, do = http.MethodPost, x.reactivateKey
	case "PublishXml":
		method, do = http.MethodPost, x.publish
	default:
		return nil
	}
	return func() (*response, error) {
		if q.method != method {
			return nil, methodNotAllowed(q.method)
		}
		if method == http.MethodPost {
			if err := x.mayCustomize(); err != nil {
				return nil, err
			}
		}
		return do(q)
	}
}

func (x *tx) whoAmI(q *request) (*response, error) {
	var organization string
	err := x.each(x.schema.tables["organization"], func(row *Row) error {
		organization = row.ID
		return nil
	})
	if err != nil {
		return nil, err
	}
	o := newObject()
	o.add("@odata.context", q.base+"$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse")
	o.add("BusinessUnitId", seedID("businessunit", "root"))
	o.add("UserId", x.user)
	o.add("OrganizationId", organization)
	return jsonResponse(http.StatusOK, o), nil
}
