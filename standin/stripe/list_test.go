package stripe_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

func TestListsPage(t *testing.T) {
	s := open(t, stripe.Config{})
	var made []string
	for range 5 {
		i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_card_visa")))
		made = append([]string{i.ID}, made...)
	}
	params := &stripego.PaymentIntentListParams{}
	params.Limit = stripego.Int64(2)
	params.AddExpand("data.latest_charge")
	var got []string
	list := s.PaymentIntents.List(params)
	for list.Next() {
		if list.PaymentIntent().LatestCharge.Amount != 900 {
			t.Fatal("latest_charge is not expanded")
		}
		got = append(got, list.PaymentIntent().ID)
	}
	if diff := cmp.Diff(made, got); diff != "" || list.Err() != nil {
		t.Error(diff, list.Err())
	}
	back := &stripego.PaymentIntentListParams{}
	back.EndingBefore, back.Limit, back.Single = &made[4], stripego.Int64(2), true
	page := s.PaymentIntents.List(back).PaymentIntentList()
	if page == nil || len(page.Data) != 2 || page.Data[0].ID != made[2] || page.Data[1].ID != made[3] || !page.HasMore {
		t.Errorf("%+v", page)
	}
	future := &stripego.PaymentIntentListParams{CreatedRange: &stripego.RangeQueryParams{GreaterThan: time.Now().Unix() + 100}}
	if list := s.PaymentIntents.List(future); list.Next() || list.Err() != nil {
		t.Error("created[gt] lets something through", list.Err())
	}
}

// TestListsEndWhereNothingElseIsMeant asks for what was made in some seconds,
// in both directions.
func TestListsEndWhereNothingElseIsMeant(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now})
	var made []*stripego.PaymentIntent
	for range 5 {
		made = append(made, must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_card_visa"))))
		at.pass(time.Second)
	}
	seconds := func(change func(p *stripego.PaymentIntentListParams, r *stripego.RangeQueryParams)) string {
		t.Helper()
		p := &stripego.PaymentIntentListParams{CreatedRange: &stripego.RangeQueryParams{}}
		p.Single = true
		change(p, p.CreatedRange)
		list := s.PaymentIntents.List(p)
		got := ""
		for list.Next() {
			got += strconv.FormatInt(list.PaymentIntent().Created-made[0].Created, 10)
		}
		if list.Err() != nil {
			t.Fatal(list.Err())
		}
		return got
	}
	type params = *stripego.PaymentIntentListParams
	type created = *stripego.RangeQueryParams
	for want, change := range map[string]func(params, created){
		"432": func(_ params, r created) { r.GreaterThanOrEqual = made[2].Created },
		"43":  func(_ params, r created) { r.GreaterThan = made[2].Created },
		"210": func(_ params, r created) { r.LesserThanOrEqual = made[2].Created },
		"10":  func(_ params, r created) { r.LesserThan = made[2].Created },
		"321": func(_ params, r created) { r.GreaterThan, r.LesserThan = made[0].Created, made[4].Created },
		"2":   func(p params, _ created) { p.CreatedRange, p.Created = nil, &made[2].Created },
		// stripe-go turns round what it asks for by ending_before.
		"12": func(p params, r created) {
			p.EndingBefore, r.LesserThanOrEqual, r.GreaterThan = &made[0].ID, made[2].Created, made[0].Created
		},
	} {
		if got := seconds(change); got != want {
			t.Errorf("the seconds %q, want %q", got, want)
		}
	}
}

func TestSearchLags(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now})
	i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_card_visa")))
	find := func(query string) []string {
		t.Helper()
		params := &stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{Query: query}}
		var ids []string
		list := s.PaymentIntents.Search(params)
		for list.Next() {
			ids = append(ids, list.PaymentIntent().ID)
		}
		if list.Err() != nil {
			t.Fatal(list.Err())
		}
		return ids
	}
	const ours = "metadata['CRM_PaymentId']:'3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01'"
	if got := find(ours); len(got) != 0 {
		t.Errorf("found at once: %v", got)
	}
	at.pass(time.Minute)
	for query, want := range map[string]int{
		ours: 1, ours + " AND status:'succeeded'": 1, ours + " AND -status:'succeeded'": 0, "amount>900": 0, "amount>=900": 1,
		"metadata['CRM_PaymentId']:'other' OR currency:'usd'": 1, "metadata['CRM_Org']:null": 1, `metadata["CRM_PaymentId"]~"3f2b"`: 1,
	} {
		if got := find(query); len(got) != want || want == 1 && got[0] != i.ID {
			t.Errorf("%s: %v", query, got)
		}
	}
	list := s.PaymentIntents.Search(&stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{Query: "colour:'red'"}})
	if list.Next() || list.Err() == nil {
		t.Error("a query by an unknown field was taken")
	}
}

// TestSearchFindsWhatIsCalledSoNow searches by metadata that changed, and that
// begins like other metadata.
func TestSearchFindsWhatIsCalledSoNow(t *testing.T) {
	s := open(t, stripe.Config{SearchLag: -1})
	calling := func(value string) *stripego.PaymentIntentParams {
		p := paying(900, "pm_card_visa")
		p.Params.Metadata = map[string]string{"shop": value}
		return p
	}
	ids := map[string]string{}
	for _, value := range []string{"a", "a/b", "a/b/c", "renamed", "Ä=&"} {
		ids[value] = must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(calling(value))).ID
	}
	renamed := &stripego.PaymentIntentParams{}
	renamed.AddMetadata("shop", "new")
	must[*stripego.PaymentIntent](t)(s.PaymentIntents.Update(ids["renamed"], renamed))
	for value, want := range map[string]string{"a": ids["a"], "A/b": ids["a/b"], "a/b/c": ids["a/b/c"], "renamed": "", "new": ids["renamed"], "ä=&": ids["Ä=&"]} {
		list := s.PaymentIntents.Search(&stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{Query: "metadata['shop']:'" + value + "'"}})
		got := ""
		for list.Next() {
			got += list.PaymentIntent().ID
		}
		if got != want || list.Err() != nil {
			t.Errorf("%s: found %q, want %q (%v)", value, got, want, list.Err())
		}
	}
}
