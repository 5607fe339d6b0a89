package newtonsoft

import (
	"encoding/json"
	"testing"
)

func TestIndented(t *testing.T) {
	tests := map[string]string{
		`{}`:                              `{}`,
		`[]`:                              `[]`,
		`{"a":[],"b":{}}`:                 "{\n  \"a\": [],\n  \"b\": {}\n}",
		`{"a":1,"a":2}`:                   "{\n  \"a\": 2\n}",
		`[1.10,1e400,-1e400]`:             "[\n  1.1,\n  \"Infinity\",\n  \"-Infinity\"\n]",
		`123456789012345678901234567`:     `123456789012345678901234567`,
		`1e5`:                             `100000.0`,
		`1e15`:                            `1E+15`,
		`123456789012345678.5`:            `1.2345678901234568E+17`,
		`0.0001`:                          `0.0001`,
		`0.00001`:                         `1E-05`,
		`-0.0`:                            `-0.0`,
		`"a\/\u0001\u2028é\u007f"`:        "\"a/\\u0001\\u2028é\u007f\"",
		`"2026-11-23T18:21:00.1000Z"`:     `"2026-11-23T18:21:00.1Z"`,
		`"2026-11-23T18:21:00+02:00"`:     `"2026-11-23T16:21:00+00:00"`,
		`"2026-11-23T18:21:00"`:           `"2026-11-23T18:21:00"`,
		`"2026-11-23T18:21:00.12345678Z"`: `"2026-11-23T18:21:00.12345678Z"`,
		`"2026-11-23 18:21:00Z"`:          `"2026-11-23 18:21:00Z"`,
		`"2026-02-30T18:21:00Z"`:          `"2026-02-30T18:21:00Z"`,
		`null`:                            `null`,
	}
	for in, want := range tests {
		token, err := Parse([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := token.Indented(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	tests := map[string]string{
		`"text"`:                 "text",
		`true`:                   "True",
		`false`:                  "False",
		`null`:                   "",
		`1.0`:                    "1",
		`7`:                      "7",
		`1e400`:                  "Infinity",
		`"2026-01-02T03:04:05Z"`: "01/02/2026 03:04:05",
		`{"a":1}`:                "{\n  \"a\": 1\n}",
	}
	for in, want := range tests {
		token, err := Parse([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := token.Plain(); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// FuzzParse holds that whatever is read can be written, and that what was
// written reads back as itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x",null,true],"d":"2026-11-23T18:21:00Z"}`, `1e400`, `"\ud800"`, `[`, `{"a":1,"a":{}}`, `""`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		token, err := Parse(text)
		if err != nil {
			return
		}
		for _, written := range []string{token.Compact(), token.Indented()} {
			if !json.Valid([]byte(written)) {
				t.Fatalf("%q was written as %q", text, written)
			}
			again, err := Parse([]byte(written))
			if err != nil || again.Compact() != token.Compact() {
				t.Fatalf("%q was written as %q and read as %v (%v)", text, written, again, err)
			}
		}
	})
}
