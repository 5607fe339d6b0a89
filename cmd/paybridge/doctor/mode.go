package doctor

import (
	"context"
	"fmt"

	"paybridge/internal/dataverse"
)

// modeGroup keeps Stripe's two worlds apart.
func modeGroup() group {
	return group{"mode", []check{{"key", checkKeyMode}, {"rows", checkRowModes}, {"app", checkAppMode}}}
}

func checkKeyMode(_ context.Context, s *subject, r *record) {
	mode := s.Target.Settings.Mode()
	switch {
	case mode == "":
		r.skip("key", errNoStripe.Error(), giveKey)
	case s.Mode != "" && s.Mode != mode:
		r.problem("key", "the installation should be in "+s.Mode+" mode, and the key is of "+mode+" mode",
			"test and live are two deployments: store the right key with paybridge setup keyvault --switch-mode, or examine the other one")
	case s.Target.Settings.Livemode():
		r.ok("key", "live: real money moves")
	default:
		r.ok("key", "test: no real money moves")
	}
}

// checkRowModes looks for payments of the other mode in the CRM.
func checkRowModes(ctx context.Context, s *subject, r *record) {
	t := s.Target
	mode := t.Settings.Mode()
	if mode == "" || t.Dataverse == nil || t.Mapping.Livemode == "" {
		r.skip("rows", "it needs a key for Stripe and DataverseUrl", "do first what is said of the settings")
		return
	}
	other := map[string]string{"test": "live", "live": "test"}[mode]
	const most = 100
	found := 0
	// A row that Stripe has said nothing about yet is of no mode.
	query := dataverse.Query{
		Select: []string{t.Mapping.IDColumn}, Top: most,
		Filter: dataverse.And(dataverse.Eq(t.Mapping.Livemode, mode != "live"), dataverse.Ne(t.Mapping.PaymentIntent, nil)),
	}
	for _, err := range t.Dataverse.List(ctx, t.Mapping.SetName, query) {
		if err != nil {
			r.failed("rows", fmt.Errorf("looking for payments of the other mode: %w", err), "see what is said about Dataverse")
			return
		}
		found++
	}
	switch found {
	case 0:
		r.ok("rows", "no payment of "+other+" mode is in the CRM")
	default:
		count := fmt.Sprint(found)
		if found == most {
			count = fmt.Sprintf("%d or more", most)
		}
		r.problem("rows", fmt.Sprintf("%s payments in the CRM are of %s mode, and the key is of %s mode", count, other, mode),
			"test and live are two deployments with a CRM environment each: check DataverseUrl and StripeSecretKey; where a copy of the live environment became a test environment, delete the payments that came along")
	}
}
