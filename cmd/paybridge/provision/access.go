package provision

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/dataverse"
)

// lookRole compares the security role. What it grants beyond the plan was given
// by somebody else and stays.
func (s *setup) lookRole(ctx context.Context) (finding, error) {
	role, err := s.read.Role(ctx, environment.RoleName, s.org.RootUnit)
	if err != nil {
		return finding{}, err
	}
	var grants []environment.Grant
	f := finding{is: "grants what is needed"}
	if role == nil {
		f.todo = append(f.todo, action{text: "made", do: func(ctx context.Context) error {
			return s.create(ctx, "roles", environment.SolutionName, dataverse.Values{
				"name":                           environment.RoleName,
				dataverse.Bind("businessunitid"): dataverse.Reference{Set: "businessunits", Key: dataverse.RowID(s.org.RootUnit)},
			})
		}})
		if !s.plan.DryRun {
			return f, nil
		}
	} else if grants, err = s.read.RolePrivileges(ctx, role.ID); err != nil {
		return finding{}, err
	}
	lacks, err := s.read.Lacks(ctx, s.plan.Mapping.Rights(), grants)
	if err != nil || len(lacks) == 0 {
		return f, err
	}
	var missing []object
	var texts []string
	for _, lack := range lacks {
		// What a dry run has not made has no privileges yet.
		if len(lack.Privileges) < len(lack.Verbs) && !s.plan.DryRun {
			return f, fmt.Errorf("%w: the privileges on rows of %s", errNotShown, lack.Table)
		}
		for _, p := range lack.Privileges {
			missing = append(missing, object{"PrivilegeId": p.ID, "Depth": environment.Global, "BusinessUnitId": s.org.RootUnit})
		}
		texts = append(texts, strings.Join(lack.Verbs, ", ")+" on all rows of "+lack.Table)
	}
	f.todo = append(f.todo, action{text: "granted " + strings.Join(texts, "; "), do: func(ctx context.Context) error {
		_, err := s.client.Call(ctx, dataverse.Call{
			Operation: "granting privileges", Method: http.MethodPost, Solution: environment.SolutionName, Repeatable: true,
			Path: fmt.Sprintf("roles(%s)/%sAddPrivilegesRole", role.ID, crmType),
			Body: object{"Privileges": missing},
		})
		return err
	}})
	return f, nil
}

// lookUser compares the application user and the roles it has.
func (s *setup) lookUser(ctx context.Context) (finding, error) {
	user, err := s.read.ApplicationUser(ctx, s.plan.ClientID)
	if err != nil {
		return finding{}, err
	}
	assigned := "given the security role " + environment.RoleName
	if user == nil {
		f := finding{todo: []action{{text: "made for the application " + s.plan.ClientID.String(), do: func(ctx context.Context) error {
			return s.create(ctx, "systemusers", "", dataverse.Values{
				"applicationid":                  s.plan.ClientID,
				dataverse.Bind("businessunitid"): dataverse.Reference{Set: "businessunits", Key: dataverse.RowID(s.org.RootUnit)},
			})
		}}}}
		if s.plan.DryRun {
			f.todo = append(f.todo, action{text: assigned, do: func(context.Context) error { return nil }})
		}
		return f, nil
	}
	f := finding{is: fmt.Sprintf("%s is there with the security role %s", user.Name, environment.RoleName)}
	if user.Disabled {
		f.left = append(f.left, user.Name+" is disabled: activate it in the Power Platform admin center, under Users + permissions, Application users")
	}
	// Each business unit has its own copy of a role, and a user can be given
	// only the one of their unit.
	role, err := s.read.Role(ctx, environment.RoleName, user.Unit)
	if err != nil {
		return finding{}, err
	}
	roles, err := s.read.UserRoles(ctx, user.ID)
	if err != nil {
		return finding{}, err
	}
	has := role != nil && slices.ContainsFunc(roles, func(r environment.Role) bool { return r.ID == role.ID })
	switch {
	case has:
	case role == nil && !s.plan.DryRun:
		return finding{}, fmt.Errorf("%w: the security role %s in the business unit of %s", errNotShown, environment.RoleName, user.Name)
	default:
		f.todo = append(f.todo, action{text: assigned, do: func(ctx context.Context) error { return s.assign(ctx, user.ID, role.ID) }})
	}
	if others := slices.DeleteFunc(roles, func(r environment.Role) bool { return role != nil && r.ID == role.ID }); len(others) > 0 {
		var names []string
		for _, r := range others {
			names = append(names, r.Name)
		}
		f.notes = append(f.notes, fmt.Sprintf("%s also has the security roles %s; %s alone is enough", user.Name, strings.Join(names, ", "), environment.RoleName))
	}
	return f, nil
}

func (s *setup) assign(ctx context.Context, user, role uuid.UUID) error {
	link, err := s.client.Link("roles", dataverse.RowID(role))
	if err != nil {
		return err
	}
	_, err = s.client.Call(ctx, dataverse.Call{
		Operation: "giving the security role", Method: http.MethodPost,
		Path: fmt.Sprintf("systemusers(%s)/systemuserroles_association/$ref", user),
		Body: object{"@odata.id": link},
	})
	return err
}
