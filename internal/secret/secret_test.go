package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
)

const value = "sk_test_hunter2"

// holder has a secret in every place where printing and encoding meet it.
type holder struct {
	Public  secret.Secret
	Pointer *secret.Secret
	List    []secret.Secret
	Map     map[string]secret.Secret
	hidden  secret.Secret
	inner   *struct{ s secret.Secret }
}

func hold() holder {
	s := secret.New(value)
	return holder{
		Public: s, Pointer: &s, List: []secret.Secret{s}, Map: map[string]secret.Secret{"k": s},
		hidden: s, inner: &struct{ s secret.Secret }{s},
	}
}

// leaks reports whether text shows the value, in whatever form. An address in
// memory, which some verbs print, may look like the number of a card.
func leaks(text string) bool {
	return slices.ContainsFunc(leak.New("hunter2").Find("the text", text), func(f leak.Finding) bool { return f.Kind != "the number of a card" })
}

func TestFormattingShowsNothing(t *testing.T) {
	t.Parallel()
	s := secret.New(value)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%U", "%20s", "%.3s", "%c", "%e", "%!"} {
		if got := fmt.Sprintf(verb, s); leaks(got) {
			t.Errorf("%s of a secret is %q", verb, got)
		}
		if got := fmt.Sprintf(verb, hold()); leaks(got) {
			t.Errorf("%s of a struct with secrets is %q", verb, got)
		}
	}
	for what, got := range map[string]string{
		"%v": fmt.Sprintf("%v", s), "%s": fmt.Sprintf("%s", s), "%#v": fmt.Sprintf("%#v", s), "%q": fmt.Sprintf("%q", s),
		"Sprint": fmt.Sprint(s), "String": s.String(), "GoString": s.GoString(), "pointer": fmt.Sprint(&s),
		"empty": fmt.Sprint(secret.Secret{}), "error": fmt.Errorf("using %v", s).Error()[len("using "):],
	} {
		if got != "[secret]" {
			t.Errorf("%s is %q, want [secret]", what, got)
		}
	}
}

func TestLoggingShowsNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := secret.New(value)
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		logger.Info("key", slog.Any("secret", s), slog.Any("holder", hold()), slog.Any("pointer", &s), slog.Group("g", slog.Any("s", s)), slog.Any("err", fmt.Errorf("x %v", s)))
	}
	if leaks(out.String()) {
		t.Errorf("the log shows the secret: %s", out.String())
	}
	if !strings.Contains(out.String(), "secret=[secret]") || !strings.Contains(out.String(), `"secret":"[secret]"`) {
		t.Errorf("the log does not show the mask: %s", out.String())
	}
}

func TestEncodingShowsNothing(t *testing.T) {
	t.Parallel()
	s := secret.New(value)
	encodings := map[string]func(any) ([]byte, error){
		"json":        json.Marshal,
		"json indent": func(v any) ([]byte, error) { return json.MarshalIndent(v, "", " ") },
		"xml":         xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
		"template": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := template.Must(template.New("").Parse(`{{.}} {{printf "%#v" .}}<script>{{.}}</script>`)).Execute(&out, v)
			return out.Bytes(), err
		},
	}
	type attribute struct {
		S secret.Secret `xml:"s,attr"`
	}
	values := map[string]any{
		"secret": s, "pointer": &s, "struct": struct{ S secret.Secret }{s}, "slice": []secret.Secret{s},
		"map value": map[string]secret.Secret{"k": s}, "attribute": attribute{s},
	}
	for encoding, encode := range encodings {
		for what, v := range values {
			got, err := encode(v)
			if leaks(string(got)) || err != nil && leaks(err.Error()) {
				t.Errorf("%s of a %s is %q, %v", encoding, what, got, err)
			}
			if err == nil && !bytes.Contains(got, []byte("[secret]")) {
				t.Errorf("%s of a %s is %q: neither masked nor an error", encoding, what, got)
			}
			if encoding == "gob" && err == nil {
				t.Errorf("gob of a %s is no error", what)
			}
		}
	}
	if got, err := s.MarshalText(); string(got) != "[secret]" || err != nil {
		t.Errorf("MarshalText is %q, %v", got, err)
	}
	if got, err := s.MarshalBinary(); got != nil || err == nil {
		t.Errorf("MarshalBinary is %q, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{}`), &s); err == nil && s.Reveal() != value { //nolint:staticcheck // That nothing is decoded into it is what is tested.
		t.Error("decoding changed the secret")
	}
}

func TestComparingShowsNothing(t *testing.T) {
	t.Parallel()
	type pair struct{ S secret.Secret }
	if got := cmp.Diff(pair{secret.New(value)}, pair{secret.New("other-hunter2")}); got == "" || leaks(got) {
		t.Errorf("the difference of two secrets is %q", got)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b secret.Secret
		want bool
	}{
		{secret.New("a"), secret.New("a"), true},
		{secret.New("a"), secret.New("b"), false},
		{secret.New("a"), secret.New("aa"), false},
		{secret.New("a"), secret.Secret{}, false},
		{secret.New(""), secret.Secret{}, true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.a.Reveal(), c.b.Reveal(), got)
		}
	}
}

func TestIsZeroAndReveal(t *testing.T) {
	t.Parallel()
	if s := secret.New(value); s.IsZero() || s.Reveal() != value {
		t.Errorf("a secret reveals %q, zero %v", s.Reveal(), s.IsZero())
	}
	for _, s := range []secret.Secret{{}, secret.New("")} {
		if !s.IsZero() || s.Reveal() != "" {
			t.Errorf("an empty secret reveals %q, zero %v", s.Reveal(), s.IsZero())
		}
	}
	if err := errors.New(secret.New(value).String()); leaks(err.Error()) {
		t.Error(err)
	}
}
