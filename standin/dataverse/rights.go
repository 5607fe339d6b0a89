package dataverse

import (
	"net/http"
	"regexp"
)

// codePrivilege is the code of a privilege that the caller lacks.
const codePrivilege = "0x80040220"

// held says whether the user of the transaction is held to the privileges of
// security roles: an application user, where that was asked for.
func (x *tx) held() (bool, error) {
	if !x.cfg.Roles {
		return false, nil
	}
	user, err := x.get(x.schema.tables["systemuser"], x.user)
	return user != nil && user.Values["applicationid"] != nil, err
}

// may refuses what the user has no privilege for. A privilege of less depth
// than the whole organisation counts as none.
func (x *tx) may(right string, t *table) error {
	if x.rights == nil {
		held, err := x.held()
		if err != nil {
			return err
		}
		x.rights = map[string]bool{"everything": !held}
		privileges, err := x.userPrivileges(x.user)
		if err != nil {
			return err
		}
		for _, p := range privileges {
			if p.depth == "Global" {
				x.rights[p.id] = true
			}
		}
	}
	if x.rights["everything"] {
		return nil
	}
	if x.rights[privilegeID(right, t)] {
		x.used(privilegeName(right, t))
		return nil
	}
	return fail(http.StatusForbidden, codePrivilege,
		"Principal user (Id=%s, type=8, roleCount=1, privilegeCount=%d, accessMode=4), is missing %s privilege (Id=%s) on OTC=10000 for entity '%s' (LocalizedName='%s'). context.Caller=%s",
		x.user, len(x.rights)-1, privilegeName(right, t), privilegeID(right, t), t.LogicalName, t.Label, x.user)
}

// mayCustomize refuses changes of definitions by whoever is held to roles: no
// role of the stand-in allows them.
func (x *tx) mayCustomize() error {
	held, err := x.held()
	if err == nil && held {
		err = fail(http.StatusForbidden, codePrivilege, "Principal user (Id=%s, type=8) is missing prvCreateEntity privilege on OTC=9800 for entity 'entity'.", x.user)
	}
	return err
}

// mayLink wants the privileges to link a row of one table to one of another.
func (x *tx) mayLink(t *table, p *payload) error {
	for nav, v := range p.binds {
		if v == nil {
			continue
		}
		if err := x.may(rightAppend, t); err != nil {
			return err
		}
		if target := x.schema.tables[t.byNav[nav].target]; target != nil {
			if err := x.may(rightAppendTo, target); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayExpand wants the privilege to read what is expanded.
func (x *tx) mayExpand(o *query) error {
	for _, e := range o.expand {
		if err := x.may(rightRead, x.schema.tables[e.nav.target]); err != nil {
			return err
		}
		if err := x.mayExpand(e.query); err != nil {
			return err
		}
	}
	return nil
}

var boundName = regexp.MustCompile(`^Microsoft\.Dynamics\.CRM\.(\w+)(\(\))?$`)

// bound finds the bound action, the bound function or the association of roles
// that a path below a row names, nil when it is none.
func (x *tx) bound(a *address, rest []string, q *request) func() (*response, error) {
	name := rest[0]
	if m := boundName.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	var do func(row *Row) (*response, error)
	switch a.table.LogicalName + "/" + name {
	case "role/AddPrivilegesRole":
		do = func(row *Row) (*response, error) { return x.addPrivileges(row, q) }
	case "systemuser/RetrieveUserPrivileges":
		do = func(row *Row) (*response, error) {
			all, err := x.userPrivileges(row.ID)
			return privilegesAnswer(q, name, all), err
		}
	case "systemuser/systemuserroles_association":
		do = func(row *Row) (*response, error) { return x.assignments(row, rest, q) }
	default:
		return nil
	}
	return func() (*response, error) {
		if q.method != http.MethodGet {
			if err := x.mayCustomize(); err != nil {
				return nil, err
			}
		}
		row, err := x.find(a)
		if err != nil {
			return nil, err
		}
		if row == nil {
			return nil, a.missing()
		}
		return do(row)
	}
}
