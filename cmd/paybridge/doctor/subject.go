package doctor

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/internal/dataverse"
	"paybridge/internal/stripeapi"
)

// subject is the installation under examination, with what several checks need
// and is asked for once.
type subject struct {
	Config

	once      sync.Once
	endpoints []stripeapi.Endpoint
	app       string
	err       error

	signIn   sync.Once
	operator *dataverse.Client
}

var (
	errNoStripe = errors.New("there is no key for Stripe")
	errNoApp    = errors.New("the address of the app is not known")
)

// ours returns the webhook endpoints of the app, newest first, and the app's
// address. The address is that of the configuration, else the one that the
// endpoints agree on: errNoApp where there is none or there are several.
func (s *subject) ours(ctx context.Context) ([]stripeapi.Endpoint, string, error) {
	s.once.Do(func() {
		if s.Target.Stripe == nil {
			s.app, s.err = s.App, errNoStripe
			return
		}
		var all []stripeapi.Endpoint
		if all, s.err = s.Target.Stripe.Endpoints(ctx); s.err != nil {
			s.app = s.App
			return
		}
		if s.app = s.App; s.app == "" {
			if s.app, s.err = appOf(all); s.err != nil {
				return
			}
		}
		s.endpoints = endpoint.Ours(all, s.app)
	})
	return s.endpoints, s.app, s.err
}

// crm returns the client that looks at the environment: the operator's, who may
// see there what the application user may not, else the app's own where whoever
// runs this is not signed in or is no user there.
func (s *subject) crm(ctx context.Context) *dataverse.Client {
	s.signIn.Do(func() {
		s.operator = s.Target.Dataverse
		operator, err := s.Target.Operator(nil)
		if err != nil {
			return
		}
		if _, err := operator.WithRetry(policy.RetryOptions{MaxRetries: -1}).WhoAmI(ctx); err == nil {
			s.operator = operator
		}
	})
	return s.operator
}

// appOf returns the address that all endpoints of PayBridge deliver to.
func appOf(all []stripeapi.Endpoint) (string, error) {
	var apps []string
	for _, e := range all {
		u, err := url.Parse(e.Address)
		if err != nil || e.Metadata[endpoint.MetadataApp] == "" && u.Path != endpoint.Path {
			continue
		}
		app := u.Scheme + "://" + strings.ToLower(u.Host)
		if !slices.Contains(apps, app) {
			apps = append(apps, app)
		}
	}
	if len(apps) != 1 {
		return "", errNoApp
	}
	return apps[0], nil
}
