// Package leak looks for secrets where none may be: in log lines, errors,
// messages, rows and answers. It is the one assertion that tests and the soak
// make about them. It knows the secrets that it is told, in the forms in which
// they come to light, and what anything secret of Stripe's, of Entra's, of
// Azure's and of a payment card looks like.
package leak

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Finding is a secret that came to light. It does not repeat the secret.
type Finding struct {
	// Where names the text, Kind what was found in it.
	Where, Kind string
	// Around is the text with the secret blotted out, a few words on each side.
	Around string
}

// String is the finding on one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s shows %s: …%s…", f.Where, f.Kind, f.Around)
}

// Finder looks for secrets. It is safe for concurrent use.
type Finder struct {
	known []string
}

// shortest is what a known secret has to have at least: a shorter one, or a
// piece of one, is found everywhere.
const shortest = 6

// New returns a finder that knows these secrets too, empty ones left out. The
// prefix whsec_ is no part of a signing secret's secrecy.
func New(secrets ...string) *Finder {
	f := &Finder{}
	for _, s := range secrets {
		s = strings.TrimPrefix(s, "whsec_")
		if len(s) < shortest {
			continue
		}
		inHex := hex.EncodeToString([]byte(s))
		for _, form := range append(encoded(s), s, url.QueryEscape(s), url.PathEscape(s), inHex, strings.ToUpper(inHex), fmt.Sprintf("% x", s)) {
			if !slices.Contains(f.known, form) {
				f.known = append(f.known, form)
			}
		}
	}
	return f
}

// encoded is what base64 makes of a text that holds the secret: three ways, by
// where in a group of three bytes it begins, less what its neighbours decide.
func encoded(s string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for lead := range 3 {
			whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", lead) + s))
			from, to := (lead*8+5)/6, (lead+len(s))*8/6
			if to-from >= shortest {
				forms = append(forms, whole[from:to])
			}
		}
	}
	return forms
}

// look is what something secret looks like. Only a text that has one of the
// marks is searched, which keeps hundreds of megabytes of log lines cheap.
type look struct {
	kind  string
	marks []string
	form  *regexp.Regexp
}

var looks = []look{
	{"a signing secret of Stripe's", []string{"whsec_"}, regexp.MustCompile(`whsec_\w+`)},
	{"an API key of Stripe's", []string{"k_test_", "k_live_"}, regexp.MustCompile(`\b[srp]k_(test|live)_\w+`)},
	{"a client secret of Stripe's", []string{"_secret_"}, regexp.MustCompile(`\b(pi|seti|cs|src)_\w+_secret_\w+`)},
	{"a bearer token", []string{"earer ", "EARER "}, regexp.MustCompile(`(?i:bearer) +[\w.~+/-]+=*`)},
	{"a JSON web token", []string{"eyJ"}, regexp.MustCompile(`\beyJ[\w-]{10,}\.[\w-]+`)},
	{"a key of a connection string", []string{"SharedAccessKey=", "AccountKey=", "SharedAccessSignature="}, regexp.MustCompile(`(SharedAccessKey|AccountKey|SharedAccessSignature)=[\w+/%.-]+=*`)},
	{"a function key", []string{"code=", "unctions-"}, regexp.MustCompile(`[?&]code=[\w%.~+/-]+|(?i:x-functions-key)\W+[\w.~+/-]+=*`)},
	{"a signature of Stripe's", []string{"v1="}, regexp.MustCompile(`\bt=\d+,v1=[0-9a-f]{16,}`)},
	{"card data", []string{"cvc", "exp_month", "exp_year", "fingerprint", "last4", "card[number]"}, regexp.MustCompile(`\\*"(cvc|cvc_check|exp_month|exp_year|fingerprint|last4)\\*"\s*:|card\[(number|cvc)\]`)},
}

// Find returns the secrets that a text shows, and says that they were there.
func (f *Finder) Find(where, text string) []Finding {
	type span struct {
		kind     string
		from, to int
	}
	var spans []span
	for _, known := range f.known {
		if at := strings.Index(text, known); at >= 0 {
			spans = append(spans, span{"a secret that the app was given", at, at + len(known)})
		}
	}
	for _, l := range looks {
		if !slices.ContainsFunc(l.marks, func(mark string) bool { return strings.Contains(text, mark) }) {
			continue
		}
		for _, at := range l.form.FindAllStringIndex(text, -1) {
			spans = append(spans, span{l.kind, at[0], at[1]})
		}
	}
	for _, at := range cardNumbers(text) {
		spans = append(spans, span{"the number of a card", at[0], at[1]})
	}
	if len(spans) == 0 {
		return nil
	}
	blotted := []byte(text)
	for _, s := range spans {
		for i := s.from; i < s.to; i++ {
			blotted[i] = '*'
		}
	}
	found := make([]Finding, len(spans))
	for i, s := range spans {
		shown := blotted[max(0, s.from-margin):min(len(text), s.to+margin)]
		found[i] = Finding{Where: where, Kind: s.kind, Around: strings.ToValidUTF8(string(shown), "")}
	}
	return found
}

// Failer is what Assert needs of a test, so that package testing stays out of
// what uses a Finder.
type Failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// Assert fails a test once for each secret that a text shows.
func (f *Finder) Assert(t Failer, where, text string) {
	t.Helper()
	for _, found := range f.Find(where, text) {
		t.Errorf("%s", found)
	}
}

// margin is how much of a text is shown on each side of a secret.
const margin = 60
