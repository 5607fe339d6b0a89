package payment_test

import (
	"regexp"
	"strings"
	"testing"

	"paybridge/internal/payment"
)

func TestParseRowID(t *testing.T) {
	const id = "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"
	for _, text := range []string{
		id, strings.ToUpper(id), "{" + id + "}", "{" + strings.ToUpper(id) + "}", " " + id + "\n", "\t{" + id + "} ",
	} {
		if got, err := payment.ParseRowID(text); err != nil || got != id {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                                     "0 characters",
		"order 1001":                           "10 characters",
		strings.ReplaceAll(id, "-", ""):        "32 characters",
		"{" + id:                               "37 characters",
		id + "}":                               "37 characters",
		"{{" + id + "}}":                       "38 characters",
		"(" + id + ")":                         "38 characters",
		"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e0g": "position 36",
		"3f2b8c1e_7a44-4e0b-9d51-6c0f5b1a9e01": "position 9",
		"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9'--": "position 34",
		"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1ä901":  "position 32",
	} {
		if got, err := payment.ParseRowID(text); err == nil || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%q: %q %v, want something about %q", text, got, err, want)
		}
	}
}

var canonical = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// FuzzParseRowID: a row's id goes into URLs and filters.
func FuzzParseRowID(f *testing.F) {
	for _, seed := range []string{"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01", "{3F2B8C1E-7A44-4E0B-9D51-6C0F5B1A9E01}", "", "{}", "İİİİ", "{" + strings.Repeat("-", 36) + "}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := payment.ParseRowID(text)
		if err != nil {
			if id != "" {
				t.Errorf("an error and an id: %q", id)
			}
			return
		}
		if !canonical.MatchString(string(id)) {
			t.Errorf("%q became %q", text, id)
		}
		if again, err := payment.ParseRowID("{" + strings.ToUpper(string(id)) + "}"); err != nil || again != id {
			t.Errorf("%q became %q %v", id, again, err)
		}
	})
}
