package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"paybridge/cmd/paybridge/soak/oracle"
)

// Stripe is Stripe's API as a shop uses it.
type Stripe struct {
	base, key string
	client    *http.Client
}

// OpenStripe returns Stripe at this address.
func OpenStripe(address, key string, client *http.Client) *Stripe {
	return &Stripe{base: address, key: key, client: client}
}

func (s *Stripe) do(ctx context.Context, method, path, body string) (oracle.Object, error) {
	status, answer, err := call(ctx, s.client, method, s.base+path, http.Header{
		"Authorization": {"Bearer " + s.key}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, body)
	if err == nil && status > 299 {
		err = &Refused{Method: method, Path: path, Status: status, Answer: answer}
	}
	return answer, err
}

// Get reads an object.
func (s *Stripe) Get(ctx context.Context, path string) (oracle.Object, error) {
	return s.do(ctx, http.MethodGet, path, "")
}

// Post sends a form, names and values in turn.
func (s *Stripe) Post(ctx context.Context, path string, form ...string) (oracle.Object, error) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return s.do(ctx, http.MethodPost, path, values.Encode())
}

// All reads a list to its end, newest first.
func (s *Stripe) All(ctx context.Context, kind string, more ...string) ([]oracle.Object, error) {
	query := "/v1/" + kind + "?limit=100" + strings.Join(more, "")
	var list []oracle.Object
	after := ""
	for {
		page, err := s.Get(ctx, query+after)
		if err != nil {
			return nil, fmt.Errorf("listing Stripe's %s: %w", kind, err)
		}
		data, _ := page["data"].([]any)
		for _, v := range data {
			o, _ := v.(oracle.Object)
			list = append(list, o)
		}
		if page["has_more"] != true || len(data) == 0 {
			return list, nil
		}
		after = "&starting_after=" + oracle.Text(list[len(list)-1], "id")
	}
}

// Ledger reads everything that Stripe has.
func (s *Stripe) Ledger(ctx context.Context) (*oracle.Ledger, error) {
	intents, err := s.All(ctx, "payment_intents", "&expand[]=data.latest_charge")
	if err != nil {
		return nil, err
	}
	sessions, err := s.All(ctx, "checkout/sessions")
	if err != nil {
		return nil, err
	}
	refunds, err := s.All(ctx, "refunds")
	if err != nil {
		return nil, err
	}
	disputes, err := s.All(ctx, "disputes")
	if err != nil {
		return nil, err
	}
	return oracle.NewLedger(intents, sessions, refunds, disputes), nil
}
