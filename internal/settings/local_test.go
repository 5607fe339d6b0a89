package settings_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret/leak"
	"paybridge/internal/settings"
)

func writeLocal(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "local.settings.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadLocal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"plain":        {`{"IsEncrypted":false,"Values":{"A":"1","B":"ü\n"}}`, map[string]string{"A": "1", "B": "ü\n"}},
		"mark":         {"\uFEFF" + `{"Values":{"A":"1"}}`, map[string]string{"A": "1"}},
		"scalars":      {`{"Values":{"A":1.50,"B":true,"C":null}}`, map[string]string{"A": "1.50", "B": "true"}},
		"others":       {`{"Host":{"CORS":"*"},"ConnectionStrings":{"X":{"a":1}},"Values":{}}`, map[string]string{}},
		"no values":    {`{"IsEncrypted":true,"Values":null,"IsEncrypted":false}`, map[string]string{}},
		"az's list":    {"[\n{\"name\":\"A\",\"slotSetting\":false,\"value\":\"1\"},{\"name\":\"B\",\"value\":null}]\n", map[string]string{"A": "1"}},
		"windows line": {"{\r\n\"Values\":\r\n{\"A\":\"1\"}}\r\n", map[string]string{"A": "1"}},
	} {
		got, err := settings.ReadLocal(writeLocal(t, c.text))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestReadLocalSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                   "line 1, column 1",
		`["hunter2"]`:                        "not a JSON object",
		`[{"name":"A","value":["hunter2"]}]`: "value is of the wrong type",
		`[{"value":"hunter2"}]`:              "has no name",
		`"hunter2"`:                          "not a JSON object",
		`{"Values":"hunter2"}`:               "Values is of the wrong type",
		`{"IsEncrypted":"hunter2"}`:          "IsEncrypted is of the wrong type",
		`{"Values":{"A":{"hunter2":1}}}`:     "value of A",
		`{"Values":{"A":["hunter2"]}}`:       "Name__Part",
		`{"IsEncrypted":true,"Values":{"A":"hunter2"}}`:         "func settings decrypt",
		"{\n  // hunter2\n  \"Values\":{}}":                     "line 2, column 3: JSON has no comments",
		"{\n \"Values\":{\n  \"A\":\"hunter2\",\n }}":           "line 4, column 2",
		"{\"Values\":{\"A\":\"hunter2\"}":                       "line 1",
		`{"Values":{"A":"` + strings.Repeat("h", 1<<20) + `"}}`: "larger than 1 MiB",
	} {
		got, err := settings.ReadLocal(writeLocal(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "local.settings.json") || got != nil {
			t.Errorf("%.60s: %v, %v, want %q", text, got, err, want)
		}
		leak.New("hunter2").Assert(t, "the error", fmt.Sprint(err))
	}
}

func TestReadLocalAtItsLimit(t *testing.T) {
	t.Parallel()
	text := `{"Values":{"A":"x"}}`
	text += strings.Repeat(" ", 1<<20-len(text))
	if got, err := settings.ReadLocal(writeLocal(t, text)); err != nil || got["A"] != "x" {
		t.Errorf("1 MiB: %v, %v", got, err)
	}
	if _, err := settings.ReadLocal(writeLocal(t, text+" ")); err == nil {
		t.Error("one byte more is taken")
	}
}

func TestReadLocalOfNoFile(t *testing.T) {
	t.Parallel()
	if _, err := settings.ReadLocal(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
