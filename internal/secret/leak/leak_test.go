package leak_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"paybridge/internal/secret/leak"
)

const functionKey = "aZ9+function/key of a test=="

// planted are texts with a secret in them, each by what has to be found.
var planted = map[string]string{
	`{"error":"verifying with whsec_3kVJzYz1"}`:                       "a signing secret of Stripe's",
	`StripeSecretKey=sk_test_51Habc`:                                  "an API key of Stripe's",
	`rk_live_9x`:                                                      "an API key of Stripe's",
	`{"client_secret":"pi_3Nabc_secret_Xyz"}`:                         "a client secret of Stripe's",
	`Authorization: Bearer app`:                                       "a bearer token",
	`authorization: bearer abc.def`:                                   "a bearer token",
	`token eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln`:                        "a JSON web token",
	`Endpoint=sb://x/;SharedAccessKeyName=r;SharedAccessKey=abc=`:     "a key of a connection string",
	`POST http://127.0.0.1:7071/api/stripe/webhook?code=kQ%3D%3D`:     "a function key",
	`{"X-Functions-Key":"kQ=="}`:                                      "a function key",
	`Stripe-Signature: t=1700000000,v1=5257a869e7ecebeda32affa62cdca`: "a signature of Stripe's",
	`{"card":{"last4": "4242"}}`:                                      "card data",
	`{"body":"{\"exp_month\":12}"}`:                                   "card data",
	`payment_method_data[card][number]=x&card[number]=1`:              "card data",
	`number 4242424242424242 was refused`:                             "the number of a card",
	`4242 4242 4242 4242`:                                             "the number of a card",
	`"378282246310005"`:                                               "the number of a card",
	`pan=5555-5555-5555-4444;`:                                        "the number of a card",
}

func TestPlantedSecretsAreFound(t *testing.T) {
	f := leak.New()
	for text, kind := range planted {
		found := f.Find("a test", text)
		if len(found) == 0 || found[0].Kind != kind {
			t.Errorf("in %q there is %s, found %v", text, kind, found)
		}
	}
}

// TestKnownSecretsAreFoundInEveryForm plants a secret that looks like nothing,
// as itself and in what becomes of it on its way.
func TestKnownSecretsAreFoundInEveryForm(t *testing.T) {
	f := leak.New("", functionKey)
	forms := []string{
		functionKey, url.QueryEscape(functionKey), url.PathEscape(functionKey),
		fmt.Sprintf("%x", functionKey), fmt.Sprintf("%X", functionKey), fmt.Sprintf("% x", functionKey),
	}
	for lead := range 5 {
		text := strings.Repeat("x", lead) + functionKey + strings.Repeat("y", lead)
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(text)), base64.URLEncoding.EncodeToString([]byte(text)))
	}
	for _, form := range forms {
		line, err := json.Marshal(map[string]string{"error": "posting to " + form + " did not work"})
		if err != nil {
			t.Fatal(err)
		}
		if found := f.Find("a log line", string(line)); len(found) == 0 {
			t.Errorf("%s was not found", line)
		}
	}
	if found := leak.New("whsec_abcdefgh").Find("a row", "the secret abcdefgh"); len(found) != 1 {
		t.Errorf("a signing secret without its prefix: %v", found)
	}
}

// failures keeps what a test would have failed with.
type failures []string

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	*f = append(*f, fmt.Sprintf(format, args...))
}

func TestAssertFailsForEachSecret(t *testing.T) {
	var failed failures
	f := leak.New(functionKey)
	f.Assert(&failed, "an answer", "nothing to see")
	f.Assert(&failed, "an answer", "rk_live_9x and "+functionKey)
	if len(failed) != 2 || !strings.HasPrefix(failed[0], "an answer shows ") {
		t.Errorf("failed with %q", []string(failed))
	}
}

func TestFindingsKeepTheSecret(t *testing.T) {
	for text := range planted {
		for _, found := range leak.New(functionKey).Find("a line", text+" and "+functionKey) {
			shown := fmt.Sprint(found)
			if strings.Contains(shown, functionKey) || strings.Contains(shown, "4242424242424242") {
				t.Errorf("%s repeats the secret", shown)
			}
			if !strings.HasPrefix(shown, "a line shows ") {
				t.Errorf("%q does not say where", shown)
			}
		}
	}
}

// TestWhatIsNoSecretIsLeftAlone: an assertion that cries wolf is turned off.
func TestWhatIsNoSecretIsLeftAlone(t *testing.T) {
	f := leak.New(functionKey)
	for _, text := range []string{
		`{"time":"2026-02-03T04:05:06.123456789Z","msg":"hint","payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"}`,
		`pi_3NabcDEF1234567890123456 ch_4242424242424242 evt_1 cs_test_a1b2`,
		`"payment":"42424242-4242-4242-4242-424242424242"`, `1732530000000000000`, `4242.4242424242424242`, `12.50`,
		`StripeSecretKey is missing`, `the client secret of DataverseClientId`, `error code=0x80040217`, `{"code":"card_declined"}`,
		`4242424242424241`, `the card was declined`, `https://x/?codec=1`, `key_id`, `W/"524243"`,
	} {
		for _, found := range f.Find("a line", text) {
			t.Errorf("%s", found)
		}
	}
}
