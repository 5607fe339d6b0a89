package dataverse

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// roleTables are security roles, who has them and what they allow.
func roleTables() []Table {
	id := func(name string) Column { return Column{LogicalName: name, Type: UniqueIdentifier} }
	return []Table{
		{
			LogicalName: "role", SchemaName: "Role", SetName: "roles", OrganizationOwned: true, PrimaryID: "roleid", PrimaryName: "name",
			Columns: []Column{
				{LogicalName: "name", Type: String, MaxLength: 100}, {LogicalName: "description", Type: String, MaxLength: 2000},
				{LogicalName: "businessunitid", Type: Lookup, Targets: []Target{{"businessunit", "businessunitid"}}},
			},
		},
		{
			LogicalName: "privilege", SchemaName: "Privilege", SetName: "privileges", OrganizationOwned: true, PrimaryID: "privilegeid", PrimaryName: "name",
			Columns: []Column{{LogicalName: "name", Type: String, MaxLength: 100}, {LogicalName: "accessright", Type: Integer}},
		},
		{
			LogicalName: "roleprivileges", SchemaName: "RolePrivileges", SetName: "roleprivilegescollection", OrganizationOwned: true, PrimaryID: "roleprivilegeid",
			Columns: []Column{id("roleid"), id("privilegeid"), {LogicalName: "privilegedepthmask", Type: Integer}},
		},
		{
			LogicalName: "systemuserroles", SchemaName: "SystemUserRoles", SetName: "systemuserrolescollection", OrganizationOwned: true, PrimaryID: "systemuserroleid",
			Columns: []Column{id("systemuserid"), id("roleid")},
		},
	}
}

// The rights that a privilege can be about.
const (
	rightRead     = "Read"
	rightWrite    = "Write"
	rightCreate   = "Create"
	rightDelete   = "Delete"
	rightAppend   = "Append"
	rightAppendTo = "AppendTo"
)

func (t *table) rights() []string {
	rights := []string{rightCreate, rightRead, rightWrite, rightDelete, rightAppend, rightAppendTo}
	if t.hasOwner {
		rights = append(rights, "Assign", "Share")
	}
	return rights
}

func privilegeID(right string, t *table) string {
	return seedID("privilege", right+"/"+t.LogicalName)
}

func privilegeName(right string, t *table) string { return "prv" + right + t.SchemaName }

// privileges are those of a table, as its definition lists them.
func (t *table) privileges() []map[string]any {
	var all []map[string]any
	for _, right := range t.rights() {
		all = append(all, map[string]any{
			"Name": privilegeName(right, t), "PrivilegeId": privilegeID(right, t), "PrivilegeType": right,
			"CanBeBasic": t.hasOwner, "CanBeLocal": t.hasOwner, "CanBeDeep": t.hasOwner, "CanBeGlobal": true,
		})
	}
	return all
}

func (x *tx) seedPrivileges(t *table) error {
	for _, right := range t.rights() {
		if err := x.seedRow(x.schema.tables["privilege"], privilegeID(right, t), map[string]any{"name": privilegeName(right, t)}); err != nil {
			return err
		}
	}
	return nil
}

// depths are the depths of a privilege with their masks, in their order.
func depths() []string { return []string{"Basic", "Local", "Deep", "Global"} }

// rolePrivilege is a privilege of a role with its depth.
type rolePrivilege struct {
	id, name, depth string
}

func (x *tx) rolePrivileges(role string) ([]rolePrivilege, error) {
	var all []rolePrivilege
	err := x.each(x.schema.tables["roleprivileges"], func(row *Row) error {
		if row.Values["roleid"] != role {
			return nil
		}
		id, _ := row.Values["privilegeid"].(string)
		privilege, err := x.get(x.schema.tables["privilege"], id)
		if privilege == nil || err != nil {
			return err
		}
		p := rolePrivilege{id: id}
		p.name, _ = privilege.Values["name"].(string)
		for i, depth := range depths() {
			if asNumber(row.Values["privilegedepthmask"]) == 1<<i {
				p.depth = depth
			}
		}
		all = append(all, p)
		return nil
	})
	return all, err
}

func (x *tx) userRoles(user string) ([]*Row, error) {
	var roles []*Row
	err := x.each(x.schema.tables["systemuserroles"], func(row *Row) error {
		if row.Values["systemuserid"] != user {
			return nil
		}
		id, _ := row.Values["roleid"].(string)
		role, err := x.get(x.schema.tables["role"], id)
		if role != nil {
			roles = append(roles, role)
		}
		return err
	})
	return roles, err
}

func (x *tx) userPrivileges(user string) ([]rolePrivilege, error) {
	roles, err := x.userRoles(user)
	if err != nil {
		return nil, err
	}
	var all []rolePrivilege
	for _, role := range roles {
		privileges, err := x.rolePrivileges(role.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, privileges...)
	}
	return all, nil
}

// privilegesAnswer is the answer of the functions that list privileges.
func privilegesAnswer(q *request, function string, all []rolePrivilege) *response {
	list := []any{}
	for _, p := range all {
		list = append(list, map[string]any{
			"Depth": p.depth, "PrivilegeId": p.id, "PrivilegeName": p.name, "BusinessUnitId": seedID("businessunit", "root"),
			"RecordFilterId": "00000000-0000-0000-0000-000000000000", "RecordFilterUniqueName": "",
		})
	}
	o := newObject()
	o.add("@odata.context", q.base+"$metadata#"+crmNamespace+function+"Response")
	o.add("RolePrivileges", list)
	return jsonResponse(http.StatusOK, o)
}

// addPrivileges answers AddPrivilegesRole. A privilege that the role has gets
// the depth that is given.
func (x *tx) addPrivileges(role *Row, q *request) (*response, error) {
	var b struct {
		Privileges []struct {
			Type                       string `json:"@odata.type"`
			PrivilegeId, PrivilegeName string
			Depth, BusinessUnitId      string
		}
	}
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	for _, p := range b.Privileges {
		mask := 0
		for i, depth := range depths() {
			if p.Depth == depth || p.Depth == fmt.Sprint(i) {
				mask = 1 << i
			}
		}
		id, _ := parseGUID(p.PrivilegeId)
		known, err := x.get(x.schema.tables["privilege"], id)
		if err != nil {
			return nil, err
		}
		if known == nil || mask == 0 {
			return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The privilege '%s' with the depth '%s' cannot be added.", p.PrivilegeId, p.Depth)
		}
		if err := x.setRow("roleprivileges", seedID("roleprivilege", role.ID+"/"+id), map[string]any{
			"roleid": role.ID, "privilegeid": id, "privilegedepthmask": jsonNumber(fmt.Sprint(mask)),
		}); err != nil {
			return nil, err
		}
	}
	return noContent(), nil
}

var roleFunction = regexp.MustCompile(`^RetrieveRolePrivilegesRole\(RoleId=([0-9A-Fa-f-]{36})\)$`)

// assignments answers for the roles of a user: who has which, and the giving
// and taking of one.
func (x *tx) assignments(user *Row, rest []string, q *request) (*response, error) {
	switch {
	case len(rest) == 1 && q.method == http.MethodGet:
		return x.listRoles(user, q)
	case len(rest) == 2 && rest[1] == "$ref" && q.method == http.MethodPost:
		t := x.schema.tables["systemuser"]
		fields, err := decodeObject(t, q.body)
		if err != nil {
			return nil, err
		}
		link, _ := fields["@odata.id"].(string)
		ref, err := x.link(t, rest[0], link, q.refs)
		if err != nil {
			return nil, err
		}
		if ref.Table != "role" {
			return nil, badPayload(t, "The URI '%s' does not name a role.", link)
		}
		return noContent(), x.setRow("systemuserroles", seedID("systemuserrole", user.ID+"/"+ref.ID), map[string]any{"systemuserid": user.ID, "roleid": ref.ID})
	default:
		return nil, methodNotAllowed(q.method)
	}
}

func (x *tx) listRoles(user *Row, q *request) (*response, error) {
	t := x.schema.tables["role"]
	opts, err := x.parseQuery(q, t)
	if err != nil {
		return nil, err
	}
	roles, err := x.userRoles(user.ID)
	if err != nil {
		return nil, err
	}
	value := make([]string, 0, len(roles))
	for _, role := range roles {
		item := newObject()
		if err := x.members(item, q, t, role, opts); err != nil {
			return nil, err
		}
		value = append(value, string(item.bytes()))
	}
	body := newObject()
	body.raw("value", []byte("["+strings.Join(value, ",")+"]"))
	return jsonResponse(http.StatusOK, body), nil
}
