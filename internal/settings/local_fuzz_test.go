package settings

import (
	"strings"
	"testing"

	"paybridge/internal/secret/leak"
)

// FuzzParseLocal reads any file: no panic, and no value in what is said of it.
func FuzzParseLocal(f *testing.F) {
	f.Add([]byte(`{"IsEncrypted":false,"Values":{"A":"hunter2"}}`))
	f.Add([]byte("{\"Values\":{\"A\": 1 ,\"B\":[\"hunter2\"]}} // hunter2"))
	f.Add([]byte("{\"Values\":{\"A\":\n null,\"B\":\t{\"hunter2\":1}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := parseLocal(text)
		if err != nil && values != nil {
			t.Errorf("an error comes with %v", values)
		}
		// Names are repeated and may be anything, so only JSON that has the
		// word in no name can be judged.
		if err != nil && !strings.Contains(string(text), `hunter2":`) {
			leak.New("hunter2").Assert(t, "the error", err.Error())
		}
	})
}
