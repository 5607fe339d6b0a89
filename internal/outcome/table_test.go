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
	{400, "", Review},
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
	{412, "", Again},
	{412, "0x80060304", Again},
	{400, "0x80047013", Again},
	{400, "0x80047010", Again},
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

// TestDataverseCodesAtEveryStatus: a code says more than the status that it
// comes with, which proxies and versions vary. The two exceptions say something
// only together with theirs.
func TestDataverseCodesAtEveryStatus(t *testing.T) {
	for _, c := range dataverseCodes {
		for status := 100; status <= 599; status++ {
			want := c.want
			switch {
			case c.code == "":
				continue
			case c.code == "0x80048d19" && status != 400:
				want = wantByStatus(status)
			case c.code == "0x80060888" && status == 404:
				want = Again
			case c.code == "0x80060888" && status == 400:
				want = Review
			case c.code == "0x80060888":
				want = wantByStatus(status)
			}
			if got := Dataverse(status, c.code); got != want {
				t.Errorf("Dataverse(%d, %s) = %v, want %v", status, c.code, got, want)
			}
		}
	}
}

// TestStripeCodesAtEveryStatus: below 500 Stripe's code decides, and where it
// has none of those that are known, a status that means "later".
func TestStripeCodesAtEveryStatus(t *testing.T) {
	codes := map[string]Class{
		"rate_limit": Again, "lock_timeout": Again, "idempotency_key_in_use": Again, "payment_intent_unexpected_state": Again,
		"api_key_expired": Again, "platform_api_key_expired": Again, "secret_key_required": Again, "testmode_charges_only": Again,
		"more_permissions_required": Again, "resource_missing": Review, "account_invalid": Review,
	}
	for _, r := range stripeCodes {
		if _, ok := codes[r.code]; !ok && r.code != anyCode {
			t.Errorf("%s is in the table but not in the test", r.code)
		}
	}
	types := map[string]Class{
		"api_error": Again, "api_connection_error": Again, "rate_limit_error": Again, "authentication_error": Again,
		"permission_error": Again, "card_error": Review, "idempotency_error": Review,
	}
	for _, r := range stripeTypes {
		if _, ok := types[r.code]; !ok {
			t.Errorf("%s is in the table but not in the test", r.code)
		}
	}
	for status := 100; status <= 599; status++ {
		for code, want := range codes {
			if status >= 500 {
				want = Again
			}
			for _, errType := range []string{"", "invalid_request_error", "card_error", "api_error"} {
				if got := Stripe(status, code, errType); got != want {
					t.Errorf("Stripe(%d, %s, %q) = %v, want %v", status, code, errType, got, want)
				}
			}
		}
		for errType, want := range types {
			if wantByStatus(status) == Again && status >= 400 {
				want = Again
			}
			if got := Stripe(status, "code_of_tomorrow", errType); got != want {
				t.Errorf("Stripe(%d, an unknown code, %s) = %v, want %v", status, errType, got, want)
			}
		}
	}
}

// TestTheUnknownFallsOnTheSafeSide: whatever an end may answer, no hint is ever
// taken for done, and one is only given to a person where the end holds it
// against the request and never against itself or the moment.
func TestTheUnknownFallsOnTheSafeSide(t *testing.T) {
	for status := -1; status <= 700; status++ {
		for _, code := range []string{"", "0x0", "0xffffffff", "tomorrow", "*"} {
			for end, got := range map[string]Class{
				"Dataverse": Dataverse(status, code), "Stripe": Stripe(status, code, ""), "Stripe with a new type": Stripe(status, code, "type_of_tomorrow"),
			} {
				if got == Done {
					t.Errorf("%s %d %q is done", end, status, code)
				}
				if got == Review && (status < 400 || status > 499) {
					t.Errorf("%s %d %q is for a person", end, status, code)
				}
			}
		}
	}
}

// wantByStatus is what a status means on its own, written without the table.
func wantByStatus(status int) Class {
	switch status {
	case 401, 403, 407, 408, 409, 412, 423, 424, 425, 429:
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
