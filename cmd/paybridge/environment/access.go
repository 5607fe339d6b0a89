package environment

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
)

// User is an application user.
type User struct {
	ID       uuid.UUID
	Name     string
	Disabled bool
	Unit     uuid.UUID
}

// ApplicationUser finds the user of an application by its client id, nil where
// the environment has none.
func (r *Reader) ApplicationUser(ctx context.Context, clientID uuid.UUID) (*User, error) {
	return first(rows(ctx, r, "systemusers", dataverse.Query{
		Select: []string{"systemuserid", "fullname", "isdisabled", "_businessunitid_value"}, Filter: dataverse.Eq("applicationid", clientID),
	}, func(row dataverse.Row) (u User, err error) {
		if u.ID, err = row.GUID("systemuserid"); err != nil {
			return u, err
		}
		if u.Name, err = row.String("fullname"); err != nil {
			return u, err
		}
		if u.Disabled, err = row.Bool("isdisabled"); err != nil {
			return u, err
		}
		u.Unit, err = row.Lookup("businessunitid")
		return u, err
	}))
}

// Role is a security role.
type Role struct {
	ID   uuid.UUID
	Name string
}

func readRole(row dataverse.Row) (role Role, err error) {
	if role.ID, err = row.GUID("roleid"); err != nil {
		return role, err
	}
	role.Name, err = row.String("name")
	return role, err
}

// Role finds a security role of a business unit by its name, nil where there
// is none.
func (r *Reader) Role(ctx context.Context, name string, unit uuid.UUID) (*Role, error) {
	return first(rows(ctx, r, "roles", dataverse.Query{
		Select: []string{"roleid", "name"},
		Filter: dataverse.And(dataverse.Eq("name", name), dataverse.Eq("_businessunitid_value", unit)),
	}, readRole))
}

// UserRoles returns the security roles that a user has.
func (r *Reader) UserRoles(ctx context.Context, user uuid.UUID) ([]Role, error) {
	type role struct {
		ID   uuid.UUID `json:"roleid"`
		Name string    `json:"name"`
	}
	found, err := list[role](ctx, r, "reading the security roles of the user", fmt.Sprintf("systemusers(%s)/systemuserroles_association", user),
		dataverse.Query{Select: []string{"roleid", "name"}})
	roles := make([]Role, len(found))
	for i, one := range found {
		roles[i] = Role(one)
	}
	return roles, err
}

// Grant is a privilege that a role or a user has.
type Grant struct {
	ID   uuid.UUID `json:"PrivilegeId"`
	Name string    `json:"PrivilegeName"`
	// Depth is Basic, Local, Deep or Global: own rows, those of the business
	// unit, those of the units below too, all.
	Depth string
}

// Global is the depth of a privilege for all rows of the organisation.
const Global = "Global"

// RolePrivileges returns what a security role grants.
func (r *Reader) RolePrivileges(ctx context.Context, role uuid.UUID) ([]Grant, error) {
	return r.grants(ctx, "reading the privileges of the security role", fmt.Sprintf("RetrieveRolePrivilegesRole(RoleId=%s)", role))
}

// UserPrivileges returns what a user is granted by all of their roles.
func (r *Reader) UserPrivileges(ctx context.Context, user uuid.UUID) ([]Grant, error) {
	return r.grants(ctx, "reading the privileges of the user", fmt.Sprintf("systemusers(%s)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()", user))
}

func (r *Reader) grants(ctx context.Context, operation, path string) ([]Grant, error) {
	var answer struct{ RolePrivileges []Grant }
	err := r.get(ctx, operation, path, dataverse.Query{}, &answer)
	return answer.RolePrivileges, err
}

// Lack is what a role or a user is not granted on a table.
type Lack struct {
	Table string
	// Verbs are those of the right that are not granted.
	Verbs []string
	// Privileges are what would grant them. They are fewer than Verbs where the
	// table is not there, or was made a moment ago.
	Privileges []Privilege
}

// Lacks compares what is granted with rights to all rows of tables, and returns
// what lacks, for each table in their order.
func (r *Reader) Lacks(ctx context.Context, rights []crm.Right, grants []Grant) ([]Lack, error) {
	var all []Lack
	for _, right := range rights {
		known, err := r.Privileges(ctx, right.Table)
		if err != nil {
			return nil, err
		}
		lack := Lack{Table: right.Table}
		for _, verb := range right.Verbs {
			i := slices.IndexFunc(known, func(p Privilege) bool { return p.Verb == verb })
			if i >= 0 && slices.ContainsFunc(grants, func(g Grant) bool { return g.ID == known[i].ID && g.Depth == Global }) {
				continue
			}
			lack.Verbs = append(lack.Verbs, verb)
			if i >= 0 {
				lack.Privileges = append(lack.Privileges, known[i])
			}
		}
		if len(lack.Verbs) > 0 {
			all = append(all, lack)
		}
	}
	return all, nil
}

// Privileges returns what a security role can grant on a table, nil where
// there is no such table.
func (r *Reader) Privileges(ctx context.Context, table string) ([]Privilege, error) {
	type entity struct{ Privileges []Privilege }
	found, err := first(list[entity](ctx, r, "reading the privileges on table "+table, "EntityDefinitions", dataverse.Query{
		Select: []string{"LogicalName", "Privileges"}, Filter: dataverse.Eq("LogicalName", table),
	}))
	if found == nil || err != nil {
		return nil, err
	}
	return found.Privileges, nil
}
