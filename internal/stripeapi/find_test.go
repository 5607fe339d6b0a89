package stripeapi_test

import (
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

const otherRow = "b2d5e8f1-52b9-4d3e-8f61-0b9d7c2e4a58"

func (s *till) find(t *testing.T) []payment.Intent {
	t.Helper()
	found, err := s.FindIntents(t.Context(), "", row)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFindIntents(t *testing.T) {
	s := openTill(t, time.Minute)
	made := s.create(t, nil)
	s.create(t, func(r *stripeapi.IntentRequest) { r.Key, r.Link.CRMPaymentID = "row-2", otherRow })
	s.pay(t, made.ID, "pm_card_createDispute")
	s.pass(59 * time.Second)
	if found := s.find(t); len(found) != 0 {
		t.Errorf("search knows %+v already", found)
	}
	s.pass(time.Second)
	found := s.find(t)
	if len(found) != 1 || found[0].ID != made.ID || found[0].Status != payment.IntentSucceeded || found[0].Link != rowLink ||
		found[0].Charge == nil || found[0].Charge.Dispute == nil {
		t.Fatalf("found %+v, want the row's intent with its charge and dispute", found)
	}
	if found, err := s.FindIntents(t.Context(), connected, row); err != nil || len(found) != 0 {
		t.Errorf("on another account: %+v, %v", found, err)
	}
}

func TestFindIntentsPages(t *testing.T) {
	s := openTill(t, -1)
	const n = 105
	for i := range n {
		s.create(t, func(r *stripeapi.IntentRequest) { r.Key = "row-" + time.Duration(i).String() })
	}
	if found := s.find(t); len(found) != n {
		t.Errorf("found %d, want %d", len(found), n)
	}
}

func TestFindSessions(t *testing.T) {
	s := openTill(t, -1)
	s.createSession(t, func(r *stripeapi.SessionRequest) { r.Key = "old" })
	s.pass(time.Hour)
	since := s.time()
	first := s.createSession(t, nil)
	s.createSession(t, func(r *stripeapi.SessionRequest) { r.Key, r.Link.CRMPaymentID = "other", otherRow })
	s.pass(time.Minute)
	second := s.createSession(t, func(r *stripeapi.SessionRequest) { r.Key = "link-2" })
	if _, err := s.ExpireSession(t.Context(), "", second.ID); err != nil {
		t.Fatal(err)
	}
	found, err := s.FindSessions(t.Context(), "", row, since)
	if err != nil || len(found) != 2 || found[0].ID != second.ID || found[0].Status != payment.SessionExpired || found[1].ID != first.ID {
		t.Errorf("FindSessions = %+v, %v, want %s and %s", found, err, second.ID, first.ID)
	}
	if found, err := s.FindSessions(t.Context(), "", row, s.time().Add(time.Second)); err != nil || len(found) != 0 {
		t.Errorf("from now on: %+v, %v", found, err)
	}
	if found, err := s.FindSessions(t.Context(), "", row, time.Time{}); err != nil || len(found) != 3 {
		t.Errorf("of all times: %+v, %v", found, err)
	}
}

func TestFindRefusesRows(t *testing.T) {
	s := openTill(t, -1)
	for _, id := range []payment.RowID{"", "1", "' OR status:'succeeded", "{" + row + "}", "A1C4E7F0-52B9-4D3E-8F61-0B9D7C2E4A58"} {
		_, err := s.FindIntents(t.Context(), "", id)
		wantClass(t, err, outcome.Review)
		_, err = s.FindSessions(t.Context(), "", id, s.time())
		wantClass(t, err, outcome.Review)
	}
	_, err := s.FindIntents(t.Context(), "acct_1/../x", row)
	wantClass(t, err, outcome.Review)
}
