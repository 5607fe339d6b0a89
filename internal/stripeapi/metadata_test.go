package stripeapi

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

func TestMetadata(t *testing.T) {
	many := map[string]string{}
	for i := range maxMetadataKeys - 3 {
		many[fmt.Sprintf("key %d", i)] = strings.Repeat("ü", maxMetadataValue)
	}
	tooMany := maps.Clone(many)
	tooMany["one more"] = "x"
	for _, c := range []struct {
		name    string
		link    payment.Link
		further map[string]string
		says    string // empty means that it is taken
	}{
		{name: "none", link: link},
		{name: "as much as Stripe takes", link: link, further: many},
		{name: "one key too many", link: link, further: tooMany, says: "50 metadata keys"},
		{name: "empty values do not count", link: link, further: plus(many, "empty", "")},
		{name: "longest key", link: link, further: map[string]string{strings.Repeat("ü", maxMetadataName): "x"}},
		{name: "key too long", link: link, further: map[string]string{"a key that is longer than forty characters": "x"}, says: `"a key that is longer than forty characters" has 42 characters`},
		{name: "value too long", link: link, further: map[string]string{"order": strings.Repeat("ü", 501)}, says: `"order" has 501 characters`},
		{name: "bracket", link: link, further: map[string]string{"a[b]": "x"}, says: `"a[b]" has a square bracket`},
		{name: "no key", link: link, further: map[string]string{"": "x"}, says: "key is empty"},
		{name: "own key", link: link, further: map[string]string{"CRM_PaymentId": "x"}, says: "CRM_PaymentId is PayBridge's own"},
		{name: "own key of the organisation", link: link, further: map[string]string{"CRM_Org": "x"}, says: "CRM_Org is PayBridge's own"},
		{name: "own key of attempts", link: link, further: map[string]string{"CRM_After": "cs_1"}, says: "CRM_After is PayBridge's own"},
		{name: "own key of refunds", link: link, further: map[string]string{"CRM_RefundTotal": "1"}, says: "CRM_RefundTotal is PayBridge's own"},
		{name: "no organisation", link: payment.Link{CRMPaymentID: rowID}},
		{name: "organisation too long", link: payment.Link{CRMPaymentID: rowID, CRMOrg: strings.Repeat("o", 501)}, says: `"CRM_Org" has 501 characters`},
		{name: "no row", says: "not a GUID"},
		{name: "not a row", link: payment.Link{CRMPaymentID: "basket-77"}, says: "not a GUID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := linked(c.link, c.further)
			if c.says == "" {
				if err != nil || got[MetadataPaymentID] != rowID || got[MetadataOrg] != c.link.CRMOrg {
					t.Fatalf("linked = %v, %v", got, err)
				}
				if _, ok := got["empty"]; ok {
					t.Error("an empty value is sent")
				}
				return
			}
			if outcome.Of(err) != outcome.Review || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q for review", err, c.says)
			}
		})
	}
}

func plus(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	m[key] = value
	return m
}

func TestMetadataOfOtherForms(t *testing.T) {
	got, err := linked(payment.Link{CRMPaymentID: "{" + strings.ToUpper(rowID) + "}"}, nil)
	if err != nil || got[MetadataPaymentID] != rowID {
		t.Errorf("linked = %v, %v, want the row as search finds it", got, err)
	}
	if _, ok := got[MetadataOrg]; ok {
		t.Error("an empty organisation is sent")
	}
}

func TestRefundTotal(t *testing.T) {
	for text, want := range map[string]int64{"2500": 2500, "9007199254740993": 9007199254740993, "": 0, "x": 0, "-1": 0, "1.5": 0, "99999999999999999999": 0} {
		if got := refundTotal(map[string]string{MetadataRefundTotal: text}); got != want {
			t.Errorf("total %q is %d, want %d", text, got, want)
		}
	}
}

// TestRefusedBeforeSending has what must not reach Stripe.
func TestRefusedBeforeSending(t *testing.T) {
	s := play(t, answer{status: 500})
	ctx := t.Context()
	errs := map[string]error{}
	for name, change := range map[string]func(*IntentRequest){
		"no key":           func(r *IntentRequest) { r.Key = "" },
		"long key":         func(r *IntentRequest) { r.Key = strings.Repeat("k", 256) },
		"key with a space": func(r *IntentRequest) { r.Key = "a b" },
		"key with a line":  func(r *IntentRequest) { r.Key = "a\r\nX: y" },
		"key not ASCII":    func(r *IntentRequest) { r.Key = "ü" },
		"long description": func(r *IntentRequest) { r.Description = strings.Repeat("ü", 1001) },
		"no row":           func(r *IntentRequest) { r.Link.CRMPaymentID = "" },
		"after nothing":    func(r *IntentRequest) { r.After = "evt_1Aa" },
		"metadata":         func(r *IntentRequest) { r.Metadata = map[string]string{"order": strings.Repeat("x", 501)} },
	} {
		r := anIntent
		change(&r)
		errs["intent: "+name] = second(s.CreateIntent(ctx, "", r))
		errs["session: "+name] = second(s.CreateSession(ctx, "", SessionRequest{
			Key: r.Key, Description: r.Description, Link: r.Link, Metadata: r.Metadata, After: r.After, Amount: r.Amount, Currency: r.Currency,
		}))
		if r.Description == "" && r.Metadata == nil && r.After == "" {
			errs["refund: "+name] = second(s.CreateRefund(ctx, "", RefundRequest{Key: r.Key, Intent: "pi_1Aa", Amount: 1, Total: 1, Link: r.Link}))
		}
	}
	for name, change := range map[string]func(*RefundRequest){
		"nothing":      func(r *RefundRequest) { r.Amount = 0 },
		"less":         func(r *RefundRequest) { r.Amount = -1 },
		"total":        func(r *RefundRequest) { r.Total = 1499 },
		"of no intent": func(r *RefundRequest) { r.Intent = "ch_1Aa" },
	} {
		r := aRefund
		change(&r)
		errs["refund: "+name] = second(s.CreateRefund(ctx, "", r))
	}
	for _, account := range []string{"1Con", "acct_1/x", "acct_1\r\nX: y"} {
		errs["intent for "+account] = second(s.CreateIntent(ctx, account, anIntent))
		errs["session for "+account] = second(s.CreateSession(ctx, account, aSession))
		errs["refund for "+account] = second(s.CreateRefund(ctx, account, aRefund))
		errs["refunds of "+account] = second(s.Refunds(ctx, account, "pi_1Aa"))
		errs["search of "+account] = second(s.FindIntents(ctx, account, rowID))
	}
	for _, id := range []string{"", "pi_1/../x", "ch_1Aa", "pi_1?x"} {
		errs["update of "+id] = second(s.UpdateIntent(ctx, "", id, 1, "gbp"))
		errs["cancel of "+id] = second(s.CancelIntent(ctx, "", id))
		errs["expiry of "+id] = second(s.ExpireSession(ctx, "", id))
		errs["refunds of "+id] = second(s.Refunds(ctx, "", id))
	}
	for name, err := range errs {
		if outcome.Of(err) != outcome.Review {
			t.Errorf("%s: %v, want an error for review", name, err)
			continue
		}
		leaksNothing(t, err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}
