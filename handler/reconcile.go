package main

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/crm"
	"paybridge/internal/drift"
	"paybridge/internal/settings"
)

// finder returns what reconcile works with, nil while settings are missing. It
// shares the clients of the functions, and so what these know of throttling.
func finder(s settings.Settings, c clients, mapping crm.Mapping) *drift.Finder {
	if c.stripe == nil || c.dataverse == nil {
		return nil
	}
	// A run reads page after page and has no rounds, so here requests are
	// repeated.
	patient := c.dataverse.WithRetry(policy.RetryOptions{TryTimeout: tryTimeout})
	return drift.New(drift.Config{
		Stripe: c.stripe, Rows: crm.New(patient, mapping), Livemode: s.Livemode(), Org: s.OrgHost(),
		After: s.ReconcileAfter, SweepAfter: s.ReconcileSweep, Window: s.ReconcileWindow, Limit: s.ReconcileLimit,
		Budget: s.InvocationTimeout / 2,
	})
}
