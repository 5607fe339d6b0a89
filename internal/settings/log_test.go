package settings_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"paybridge/internal/secret/leak"
	"paybridge/internal/settings"
)

func TestLogShowsSettingsAndNoSecrets(t *testing.T) {
	t.Parallel()
	values := good()
	delete(values, "DataverseClientSecret")
	delete(values, "DataverseClientId")
	delete(values, "DataverseTenantId")
	s, err := load(values, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("start", slog.Any("settings", s))
	for _, want := range []string{
		`"StripeSecretKeyConfigured":true`, `"StripeWebhookSecretConfigured":true`, `"DataverseClientSecretConfigured":false`,
		`"DataverseUrl":"https://contoso.crm4.dynamics.com"`, `"PaymentEventsQueue":"payment-events"`, `"mode":"test"`, `"webhookSecrets":2`, `"LogLevel":"DEBUG"`,
		`"InvocationTimeout":"1m30s"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in %s", want, out.String())
		}
	}
	for _, f := range settings.Fields() {
		if !strings.Contains(out.String(), `"`+f.Name) {
			t.Errorf("%s is not logged", f.Name)
		}
	}
	all := out.String() + fmt.Sprintf("%v %+v %#v", s, s, s)
	leak.New("hunter2").Assert(t, "what is printed", all)
}
