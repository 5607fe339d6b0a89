package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/dataverse"
)

// lookEndpoint compares the service endpoint. Whether it has the right key
// cannot be seen, so one that it has is left alone unless another is given.
func (s *setup) lookEndpoint(ctx context.Context) (finding, error) {
	found, err := s.read.Endpoints(ctx, environment.EndpointName)
	if err != nil {
		return finding{}, err
	}
	if len(found) == 0 {
		return finding{todo: []action{{text: "made, posting to " + s.plan.WebhookURL, do: s.createEndpoint}}}, nil
	}
	// Of several the one counts that posts where it should.
	chosen := max(slices.IndexFunc(found, func(e environment.Endpoint) bool { return e.URL == s.plan.WebhookURL }), 0)
	have := found[chosen]
	s.endpoint = &have
	f := finding{is: "posts to " + have.URL}
	for _, other := range slices.Delete(found, chosen, chosen+1) {
		f.left = append(f.left, fmt.Sprintf("another service endpoint of the same name, %s, posts to %s: delete it and its steps, or each change is posted twice", other.ID, other.URL))
	}
	key := dataverse.RowID(have.ID)
	if have.URL != s.plan.WebhookURL {
		f.todo = append(f.todo, action{text: fmt.Sprintf("changed to post to %s instead of %s", s.plan.WebhookURL, have.URL), do: func(ctx context.Context) error {
			return s.update(ctx, "serviceendpoints", key, dataverse.Values{"url": s.plan.WebhookURL})
		}})
	}
	if !have.SendsKey() || s.plan.RotateKey {
		f.todo = append(f.todo, action{text: "given a function key", do: func(ctx context.Context) error {
			return s.giveKey(func(secret string) error {
				err := s.update(ctx, "serviceendpoints", key, dataverse.Values{"authtype": environment.AuthWebhookKey, "authvalue": secret})
				// It is done once, because it never shows.
				s.plan.RotateKey = err != nil
				return err
			})
		}})
	}
	return f, nil
}

func (s *setup) createEndpoint(ctx context.Context) error {
	return s.giveKey(func(secret string) error {
		err := s.create(ctx, "serviceendpoints", environment.SolutionName, dataverse.Values{
			"name": environment.EndpointName, "description": "Tells PayBridge that a payment row asks for something",
			"url": s.plan.WebhookURL, "contract": 8, "authtype": environment.AuthWebhookKey, "authvalue": secret,
		})
		if err == nil {
			s.plan.RotateKey = false
		}
		return err
	})
}

// giveKey asks for the function key and hands it on. It sees to it that the key
// is in no error.
func (s *setup) giveKey(use func(secret string) error) error {
	missing := &Refused{
		Problem: "the service endpoint needs the function key of crmwebhook",
		Remedy:  "put it into the environment variable PAYBRIDGE_FUNCTION_KEY, or name a file that holds it with --function-key-file, - for the standard input",
	}
	if s.plan.WebhookKey == nil {
		return missing
	}
	key, err := s.plan.WebhookKey()
	if err != nil {
		return err
	}
	if key.IsZero() {
		return missing
	}
	err = use(key.Reveal())
	if err != nil && strings.Contains(err.Error(), key.Reveal()) {
		return &Refused{Problem: "Dataverse refused the function key", Remedy: "check that it is the key of the function crmwebhook, and nothing else"}
	}
	return err
}

// lookStep compares the step on a message.
func (s *setup) lookStep(want environment.Step) func(context.Context) (finding, error) {
	return func(ctx context.Context) (finding, error) {
		listening := "listens to all columns"
		if len(want.Filter) > 0 {
			listening = "listens to " + strings.Join(want.Filter, ", ")
		}
		create := action{text: "made: " + listening, do: func(ctx context.Context) error { return s.createStep(ctx, want) }}
		if s.endpoint == nil {
			return finding{todo: []action{create}}, nil
		}
		all, err := s.read.Steps(ctx, s.endpoint.ID)
		if err != nil {
			return finding{}, err
		}
		all = slices.DeleteFunc(all, func(step environment.Step) bool { return step.Message != want.Message || step.Table != want.Table })
		if len(all) == 0 {
			return finding{todo: []action{create}}, nil
		}
		chosen := max(slices.IndexFunc(all, func(step environment.Step) bool { return step.Name == want.Name }), 0)
		have := all[chosen]
		f := finding{is: listening}
		for _, other := range slices.Delete(all, chosen, chosen+1) {
			f.left = append(f.left, fmt.Sprintf("there is another one, %q (%s): delete it, or each change is posted twice", other.Name, other.ID))
		}
		if problems := environment.CompareStep(want, have); len(problems) > 0 {
			f.todo = append(f.todo, action{text: "corrected, because it " + strings.Join(problems, " and "), do: func(ctx context.Context) error {
				return s.correctStep(ctx, want, have)
			}})
		}
		return f, nil
	}
}

// stepValues are the columns of a step that may be other than wanted.
func stepValues(want environment.Step) dataverse.Values {
	values := dataverse.Values{
		"stage": want.Stage, "mode": want.Mode, "asyncautodelete": want.AutoDelete, "filteringattributes": nil,
	}
	if len(want.Filter) > 0 {
		values["filteringattributes"] = strings.Join(want.Filter, ",")
	}
	return values
}

func (s *setup) createStep(ctx context.Context, want environment.Step) error {
	message, filter, err := s.read.MessageFilter(ctx, want.Message, want.Table)
	if err != nil {
		return err
	}
	if message == uuid.Nil || filter == uuid.Nil {
		return fmt.Errorf("%w: the message %s of table %s", errNotShown, want.Message, want.Table)
	}
	values := stepValues(want)
	if values["filteringattributes"] == nil {
		delete(values, "filteringattributes")
	}
	values["name"], values["description"] = want.Name, "Posts to PayBridge"
	values["rank"], values["supporteddeployment"] = 1, 0
	values[dataverse.Bind("sdkmessageid")] = dataverse.Reference{Set: "sdkmessages", Key: dataverse.RowID(message)}
	values[dataverse.Bind("sdkmessagefilterid")] = dataverse.Reference{Set: "sdkmessagefilters", Key: dataverse.RowID(filter)}
	values[dataverse.Bind("eventhandler_serviceendpoint")] = dataverse.Reference{Set: "serviceendpoints", Key: dataverse.RowID(s.endpoint.ID)}
	return s.create(ctx, "sdkmessageprocessingsteps", environment.SolutionName, values)
}

// correctStep writes the columns of a step and switches it on. The state is a
// request of its own, as Dataverse wants it.
func (s *setup) correctStep(ctx context.Context, want, have environment.Step) error {
	key := dataverse.RowID(have.ID)
	err := s.update(ctx, "sdkmessageprocessingsteps", key, stepValues(want))
	if err == nil && !have.Enabled {
		err = s.update(ctx, "sdkmessageprocessingsteps", key, dataverse.Values{"statecode": 0, "statuscode": 1})
	}
	return err
}

// currencies reports the currencies that rows can be in. Which are needed, and
// at what rate, is for the business to say.
func (s *setup) currencies(ctx context.Context) error {
	all, err := s.read.Currencies(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("currencies: the environment has none that is active")
	}
	var codes []string
	base := ""
	for _, c := range all {
		codes = append(codes, c.Code)
		if c.ID == s.org.BaseCurrency {
			base = c.Code
		}
	}
	s.report(Event{Note, "currencies", fmt.Sprintf("rows can be in %s; the base currency is %s. Others are added in the Power Platform admin center, with their exchange rates", strings.Join(codes, ", "), base)})
	return nil
}
