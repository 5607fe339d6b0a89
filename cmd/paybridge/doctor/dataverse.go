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
func (s *subject) reader(check string, r *record) *environment.Reader {
	if s.Target.Dataverse == nil || s.Target.Mapping.Table == "" {
		r.skip(check, "it needs DataverseUrl and PaymentTable")
		return nil
	}
	return environment.New(s.Target.Dataverse)
}

// unread records that a part of the environment could not be read. What only an
// administrator may see is no fault of the installation.
func (r *record) unread(check string, err error) {
	if answer, ok := errors.AsType[*dataverse.Error](err); ok && answer.Status == http.StatusForbidden {
		r.skip(check, "whoever is signed in here may not look at it: sign in as a System Administrator of the environment to have it examined")
		return
	}
	r.failed(check, err, "check DataverseUrl, that this machine reaches the environment, and that whoever is signed in here is a user there")
}

func checkReachable(ctx context.Context, s *subject, r *record) {
	const check = "reachable"
	if s.Target.Dataverse == nil {
		r.skip(check, "DataverseUrl is not set")
		return
	}
	who, err := s.Target.Dataverse.WhoAmI(ctx)
	if err != nil {
		r.failed(check, err, "check DataverseUrl, and that whoever is signed in here is a user of that environment")
		return
	}
	r.ok(check, fmt.Sprintf("%s answers, to the user %s", s.Target.Dataverse.Host(), who.UserID))
}

// clientID returns the application that the app signs in to Dataverse as: by
// its secret, or as its managed identity.
func (s *subject) clientID() (uuid.UUID, bool) {
	text := s.Target.Settings.DataverseClientID
	if text == "" {
		text, _ = s.Target.Value("AZURE_CLIENT_ID")
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

// checkUser looks at what the application user may do. Where the settings name
// none, it looks at what the caller may do, and says so.
func checkUser(ctx context.Context, s *subject, r *record) {
	const check = "application user"
	read := s.reader(check, r)
	if read == nil {
		return
	}
	var user uuid.UUID
	whose := "it"
	if id, ok := s.clientID(); ok {
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
			r.skip(check, "Dataverse does not say who is calling")
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
		r.skip(check, "this paybridge local holds nobody to a security role")
		return
	}
	good := true
	for _, right := range s.Target.Mapping.Rights() {
		known, err := read.Privileges(ctx, right.Table)
		if err != nil {
			r.unread(check, err)
			return
		}
		var missing []string
		for _, verb := range right.Verbs {
			i := slices.IndexFunc(known, func(p environment.Privilege) bool { return p.Verb == verb })
			if i >= 0 && !slices.ContainsFunc(grants, func(g environment.Grant) bool { return g.ID == known[i].ID && g.Depth == environment.Global }) {
				missing = append(missing, verb)
			}
		}
		if len(missing) > 0 {
			good = false
			r.problem(check, fmt.Sprintf("%s may not %s all rows of %s", whose, list(missing), right.Table), setupDataverse+", which gives it the security role "+environment.RoleName)
		}
	}
	if good {
		r.ok(check, whose+" may do what PayBridge needs")
	}
}

func checkTables(ctx context.Context, s *subject, r *record) {
	read := s.reader("tables", r)
	if read == nil {
		return
	}
	for _, want := range s.Target.Mapping.Tables() {
		name := "table " + want.Name
		have, err := read.Table(ctx, want.Name)
		if err != nil {
			r.unread(name, err)
			continue
		}
		differences := environment.Compare(want, have)
		for _, d := range differences {
			r.problem(d.Part, d.Part+" "+d.Problem, d.Remedy)
		}
		if len(differences) == 0 {
			r.ok(name, fmt.Sprintf("its %d columns and %d alternate keys are as PayBridge needs them", len(want.Columns), len(want.Keys)))
		}
	}
}

func checkCurrencies(ctx context.Context, s *subject, r *record) {
	const check = "currencies"
	read := s.reader(check, r)
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
	read := s.reader(check, r)
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
	steps, err := read.Steps(ctx, have.ID)
	if err != nil {
		r.unread("steps", err)
		return
	}
	for _, want := range environment.WantedSteps(s.Target.Mapping) {
		name := "step on " + want.Message + " of " + want.Table
		i := slices.IndexFunc(steps, func(step environment.Step) bool { return step.Message == want.Message && step.Table == want.Table })
		if i < 0 {
			r.problem(name, "it is not registered", setupDataverse)
			continue
		}
		if wrong := environment.CompareStep(want, steps[i]); len(wrong) > 0 {
			r.problem(name, "it "+list(wrong), setupDataverse)
			continue
		}
		r.ok(name, "it is registered as PayBridge needs it")
	}
}
