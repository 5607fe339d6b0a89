package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/dataverse"
)

// dataverseGroup looks at the environment of the CRM.
func dataverseGroup() group {
	return group{"dataverse", []check{
		{"reachable", checkReachable}, {"application user", checkUser}, {"tables", checkTables}, {"currencies", checkCurrencies}, {"steps", checkSteps},
	}}
}

const setupDataverse = "run paybridge setup dataverse"

// reader returns what reads the environment, nil where there is none to read:
// then that is recorded.
func (s *subject) reader(ctx context.Context, check string, r *record) *environment.Reader {
	if s.Target.Dataverse == nil || s.Target.Mapping.Table == "" {
		r.skip(check, "it needs DataverseUrl and PaymentTable", "do first what is said of the settings")
		return nil
	}
	return environment.New(s.crm(ctx))
}

// unread records that a part of the environment could not be read. What only an
// administrator may see is no fault of the installation.
func (r *record) unread(check string, err error) {
	if answer, ok := errors.AsType[*dataverse.Error](err); ok && answer.Status == http.StatusForbidden {
		r.skip(check, "whoever is signed in here may not look at it", "sign in with az login as a System Administrator of the environment, and run it again")
		return
	}
	r.failed(check, err, "check DataverseUrl, that this machine reaches the environment, and that whoever is signed in here is a user there")
}

func checkReachable(ctx context.Context, s *subject, r *record) {
	const check = "reachable"
	if s.Target.Dataverse == nil {
		r.skip(check, "DataverseUrl is not set", "do first what is said of the settings")
		return
	}
	who, err := s.Target.Dataverse.WhoAmI(ctx)
	if err != nil {
		r.failed(check, err, "check DataverseUrl, and that whoever is signed in here is a user of that environment")
		return
	}
	r.ok(check, fmt.Sprintf("%s answers, to the user %s", s.Target.Dataverse.Host(), who.UserID))
}

// checkUser looks at what the application user may do. Where nothing names it,
// it looks at what the caller may do, and says so.
func checkUser(ctx context.Context, s *subject, r *record) {
	const check = "application user"
	read := s.reader(ctx, check, r)
	if read == nil {
		return
	}
	var user uuid.UUID
	whose := "it"
	id, known := s.Target.ClientID()
	if known {
		found, err := read.ApplicationUser(ctx, id)
		switch {
		case err != nil:
			r.unread(check, err)
			return
		case found == nil:
			r.problem(check, "the environment has no user for the application "+id.String(), setupDataverse+" --client-id "+id.String())
			return
		case found.Disabled:
			r.problem(check, found.Name+" is disabled", "activate it in the Power Platform admin center, under Users + permissions, Application users")
			return
		}
		user = found.ID
	} else {
		who, err := s.Target.Dataverse.WhoAmI(ctx)
		if err != nil {
			r.skip(check, "Dataverse does not say who is calling", "do first what is said of whether it is reachable")
			return
		}
		user = who.UserID
		whose = "the user " + user.String() + ", as whom you are signed in here,"
	}
	grants, err := read.UserPrivileges(ctx, user)
	if err != nil {
		r.unread(check, err)
		return
	}
	if s.Target.Local && len(grants) == 0 {
		r.skip(check, "this paybridge local holds nobody to a security role", "start it with --empty-dataverse and "+setupDataverse+" --local, to have the role examined as well")
		return
	}
	lacks, err := read.Lacks(ctx, s.Target.Mapping.Rights(), grants)
	if err != nil {
		r.unread(check, err)
		return
	}
	for _, lack := range lacks {
		if len(lack.Privileges) == 0 {
			continue // The table is not there, which is said of the table.
		}
		r.problem(check, fmt.Sprintf("%s may not %s all rows of %s", whose, list(lack.Verbs), lack.Table), setupDataverse+", which gives it the security role "+environment.RoleName)
	}
	switch {
	case len(lacks) > 0:
	case !known && !s.Target.Local:
		r.skip(check, "the settings do not say which application the app is; "+whose+" may do what PayBridge needs",
			"put the client id of the app's managed identity into the environment variable IDENTITY_CLIENT_ID, and run it again")
	default:
		r.ok(check, whose+" may do what PayBridge needs")
	}
}

func checkTables(ctx context.Context, s *subject, r *record) {
	read := s.reader(ctx, "tables", r)
	if read == nil {
		return
	}
	if m := s.Target.Mapping; m.Foreign() {
		checkTable(ctx, read, r, m.Table, "it is as the mapping file says", func(have *environment.Table) []environment.Difference {
			return environment.CompareMapping(m, have)
		})
	}
	for _, want := range s.Target.Mapping.Tables() {
		good := fmt.Sprintf("its %d columns and %d alternate keys are as PayBridge needs them", len(want.Columns), len(want.Keys))
		checkTable(ctx, read, r, want.Name, good, func(have *environment.Table) []environment.Difference {
			return environment.Compare(want, have)
		})
	}
}

// checkTable reads a table and reports how it differs.
func checkTable(ctx context.Context, read *environment.Reader, r *record, table, good string, compare func(*environment.Table) []environment.Difference) {
	name := "table " + table
	have, err := read.Table(ctx, table)
	if err != nil {
		r.unread(name, err)
		return
	}
	differences := compare(have)
	for _, d := range differences {
		r.problem(d.Part, d.Part+" "+d.Problem, d.Remedy)
	}
	if len(differences) == 0 {
		r.ok(name, good)
	}
}

func checkCurrencies(ctx context.Context, s *subject, r *record) {
	const check = "currencies"
	read := s.reader(ctx, check, r)
	if read == nil {
		return
	}
	all, err := read.Currencies(ctx)
	if err != nil {
		r.unread(check, err)
		return
	}
	if len(all) == 0 {
		r.warn(check, "the environment has no active currency, so no payment can be made in it", "add those that you are paid in, in the Power Platform admin center")
		return
	}
	var codes []string
	for _, c := range all {
		codes = append(codes, c.Code)
	}
	r.ok(check, "rows can be in "+list(codes))
}

// checkSteps looks at how the CRM tells PayBridge of changes.
func checkSteps(ctx context.Context, s *subject, r *record) {
	const check = "service endpoint"
	read := s.reader(ctx, check, r)
	if read == nil {
		return
	}
	found, err := read.Endpoints(ctx, environment.EndpointName)
	if err != nil {
		r.unread(check, err)
		return
	}
	if len(found) == 0 {
		r.problem(check, "there is none called "+environment.EndpointName+", so the CRM tells PayBridge of nothing", setupDataverse+" --app with the address of the app")
		return
	}
	if len(found) > 1 {
		r.warn(check, fmt.Sprintf("there are %d called %s: each change may be posted as often", len(found), environment.EndpointName), "delete all but one with their steps")
	}
	have := found[0]
	// Where the app's address is not known, that is said elsewhere.
	if _, app, _ := s.ours(ctx); app != "" {
		want := strings.TrimSuffix(app, "/") + "/api/crm/webhook"
		have = found[max(slices.IndexFunc(found, func(e environment.Endpoint) bool { return e.URL == want }), 0)]
		if have.URL != want {
			r.problem(check, fmt.Sprintf("it posts to %s, not to %s", have.URL, want), setupDataverse+"; where the environment is a copy of another one, that one's app is told of what happens here")
		} else {
			r.ok(check, "it posts to "+have.URL)
		}
	}
	if !have.SendsKey() {
		r.problem(check, "it sends no function key, so the Functions host turns it away", setupDataverse+" with the function key in PAYBRIDGE_FUNCTION_KEY")
	}
	steps, err := read.Steps(ctx, have.ID)
	if err != nil {
		r.unread("steps", err)
		return
	}
	for _, want := range environment.WantedSteps(s.Target.Mapping) {
		name := "step on " + want.Message + " of " + want.Table
		same := slices.DeleteFunc(slices.Clone(steps), func(step environment.Step) bool { return step.Message != want.Message || step.Table != want.Table })
		if len(same) == 0 {
			r.problem(name, "it is not registered", setupDataverse)
			continue
		}
		if len(same) > 1 {
			r.warn(name, fmt.Sprintf("it is registered %d times: each change is posted as often", len(same)), "delete all but one in make.powerapps.com or with the Plug-in Registration Tool")
		}
		for _, step := range same {
			if wrong := environment.CompareStep(want, step); len(wrong) > 0 {
				r.problem(name, "it "+list(wrong), setupDataverse)
				continue
			}
			r.ok(name, "it is registered as PayBridge needs it")
		}
	}
}
