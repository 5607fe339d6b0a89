package outcome

import (
	"strings"
	"testing"
)

// dataverseCodes are all the codes that Dataverse is known to answer with
// here, each with the status it comes with.
var dataverseCodes = []struct {
	status int
	code   string
	want   Class
}{
	{400, "0x80048d19", Review},
	{400, "0x80060888", Review},
	{400, "0x8006088a", Review},
	{400, "0x80044331", Review},
	{400, "0x8004432f", Review},
	{400, "0x80044330", Review},
	{400, "0x8004431A", Review},
	{400, "0x80040203", Review},
	{400, "0x80040216", Again},
	{400, "0x80040265", Review},
	{400, "0x80060883", Review},
	{401, "", Again},
	{403, "0x80040220", Again},
	{403, "0x80048306", Again},
	{403, "0x80040231", Again},
	{403, "0x80040225", Again},
	{403, "0x80072560", Again},
	{404, "0x80040217", Review},
	{404, "0x80060891", Review},
	{404, "0x80060888", Again},
	{405, "0x80040227", Review},
	{412, "0x80060882", Again},
	{412, "0x80040237", Again},
	{412, "0x80060892", Again},
	{412, "0x80040333", Review},
	{413, "", Review},
	{429, "0x80072322", Again},
	{429, "0x80072321", Again},
	{429, "0x80072326", Again},
	{429, "0x80072327", Again},
	{429, "0x80071151", Again},
	{500, "0x80044150", Again},
	{500, "0x80044151", Again},
	{500, "0x80044339", Again},
	{502, "", Again},
	{503, "", Again},
	{504, "", Again},
}

func TestDataverseCodes(t *testing.T) {
	for _, c := range dataverseCodes {
		for _, code := range []string{c.code, strings.ToUpper(c.code), strings.ToLower(c.code)} {
			if got := Dataverse(c.status, code); got != c.want {
				t.Errorf("Dataverse(%d, %q) = %v, want %v", c.status, code, got, c.want)
			}
		}
	}
}

func TestEveryLineIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range dataverseCodes {
		tested[strings.ToLower(c.code)] = true
	}
	for _, r := range dataverseRules {
		if r.code != noCode && !tested[r.code] {
			t.Errorf("%s is in the table but not in the test", r.code)
		}
		if r.code != strings.ToLower(r.code) {
			t.Errorf("%s is never found: it has capitals", r.code)
		}
	}
}

// wantByStatus is what a status means on its own, written without the table.
func wantByStatus(status int) Class {
	switch status {
	case 401, 403, 407, 408, 409, 423, 424, 425, 429:
		return Again
	}
	if status >= 400 && status <= 499 {
		return Review
	}
	return Again
}

func TestEveryStatus(t *testing.T) {
	statuses := []int{0, -1, 600, 1 << 30}
	for status := 100; status <= 599; status++ {
		statuses = append(statuses, status)
	}
	for _, status := range statuses {
		want := wantByStatus(status)
		if got := Dataverse(status, "0xffffffff"); got != want {
			t.Errorf("Dataverse(%d, an unknown code) = %v, want %v", status, got, want)
		}
		if got := Stripe(status, "code_of_tomorrow", "type_of_tomorrow"); got != want {
			t.Errorf("Stripe(%d, an unknown code and type) = %v, want %v", status, got, want)
		}
		if got := Stripe(status, "", ""); got != want {
			t.Errorf("Stripe(%d) = %v, want %v", status, got, want)
		}
		if status == 404 {
			want = Again
		}
		if got := Dataverse(status, ""); got != want {
			t.Errorf("Dataverse(%d, no code) = %v, want %v", status, got, want)
		}
		if status >= 500 && status <= 599 {
			for _, errType := range []string{"card_error", "idempotency_error", "invalid_request_error"} {
				if got := Stripe(status, "resource_missing", errType); got != Again {
					t.Errorf("Stripe(%d, resource_missing, %s) = %v, want again", status, errType, got)
				}
			}
		}
	}
}

func TestStripeCodes(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, errType string
		want          Class
	}{
		{429, "rate_limit", "invalid_request_error", Again},
		{429, "lock_timeout", "invalid_request_error", Again},
		{409, "lock_timeout", "invalid_request_error", Again},
		{400, "lock_timeout", "invalid_request_error", Again},
		{400, "rate_limit", "rate_limit_error", Again},
		{429, "", "rate_limit_error", Again},
		{409, "idempotency_key_in_use", "idempotency_error", Again},
		{400, "idempotency_key_in_use", "idempotency_error", Again},
		{400, "", "idempotency_error", Review},
		{500, "", "api_error", Again},
		{502, "", "api_error", Again},
		{402, "", "api_error", Again},
		{0, "", "api_connection_error", Again},
		{402, "card_declined", "card_error", Review},
		{402, "expired_card", "card_error", Review},
		{404, "resource_missing", "invalid_request_error", Review},
		{400, "resource_missing", "invalid_request_error", Review},
		{400, "parameter_invalid_integer", "invalid_request_error", Review},
		{400, "amount_too_small", "invalid_request_error", Review},
		{400, "payment_intent_unexpected_state", "invalid_request_error", Again},
		{401, "", "authentication_error", Again},
		{401, "", "invalid_request_error", Again},
		{401, "api_key_expired", "invalid_request_error", Again},
		{401, "platform_api_key_expired", "invalid_request_error", Again},
		{401, "secret_key_required", "invalid_request_error", Again},
		{403, "", "permission_error", Again},
		{403, "more_permissions_required", "invalid_request_error", Again},
		{400, "testmode_charges_only", "invalid_request_error", Again},
	} {
		if got := Stripe(c.status, c.code, c.errType); got != c.want {
			t.Errorf("Stripe(%d, %q, %q) = %v, want %v", c.status, c.code, c.errType, got, c.want)
		}
	}
}
