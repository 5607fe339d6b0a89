package executioncontext

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret/leak"
)

const row = "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"

func read(tb testing.TB, file string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// TestEveryFormOfTheContext reads the bodies in testdata: each is the same
// change in another of the forms that Dataverse gives it.
func TestEveryFormOfTheContext(t *testing.T) {
	messages := map[string]string{
		"update.json": Update, "changeset.json": Update, "large.json": Update, "wrapped.json": Update, "reordered.json": Update,
		"create.json": Create, "create-id-in-output.json": Create,
		"delete.json": "Delete", "delete-id-in-target.json": "Delete",
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if file.IsDir() {
			continue
		}
		seen++
		t.Run(file.Name(), func(t *testing.T) {
			got, err := Read(read(t, file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			want := Context{
				Entity: "pb_payment", RowID: row, Message: messages[file.Name()],
				InitiatingUserID: "8c1d0b7e-52aa-ee11-be37-000d3a5c1f10", UserID: "8c1d0b7e-52aa-ee11-be37-000d3a5c1f10",
				OrganizationID: "4b6f2a90-1c3d-ee11-a365-0022489f3b21", OrganizationName: "unq4b6f2a901c3dee11a3650022489f3", Depth: 1,
				CorrelationID: "6d9a7f30-2b1c-4f3e-8a55-19c07e4bd2f8", OperationID: "e07c5d12-6a9b-f011-b4cc-7c1e5267a0f3",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the context (-want +got):\n%s", diff)
			}
		})
	}
	if seen != len(messages) {
		t.Errorf("%d bodies, want %d", seen, len(messages))
	}
}

// TestFields changes one field of a small context at a time.
func TestFields(t *testing.T) {
	const zero = `"00000000-0000-0000-0000-000000000000"`
	other := `"11111111-7a44-4e0b-9d51-6c0f5b1a9e01"`
	for _, c := range []struct {
		name   string
		fields map[string]string
		check  func(Context) bool
		says   string
	}{
		{"all there is", nil, func(c Context) bool { return c.RowID == row && c.Message == Update }, ""},
		{"no table", map[string]string{"PrimaryEntityName": ""}, nil, "PrimaryEntityName, the table's logical name, is missing"},
		{"table null", map[string]string{"PrimaryEntityName": "null"}, nil, "PrimaryEntityName, the table's logical name, is missing"},
		{"table empty", map[string]string{"PrimaryEntityName": `""`}, nil, "is missing"},
		{"table a number", map[string]string{"PrimaryEntityName": "1"}, nil, "PrimaryEntityName, the table's logical name, is not a name"},
		{"table a path", map[string]string{"PrimaryEntityName": `"a/../b"`}, nil, "is not a name"},
		{"table of 128 characters", map[string]string{"PrimaryEntityName": quoted("a", 128)}, func(c Context) bool { return len(c.Entity) == 128 }, ""},
		{"table of 129 characters", map[string]string{"PrimaryEntityName": quoted("a", 129)}, nil, "is not a name"},
		{"a message about no table", map[string]string{"PrimaryEntityName": `"none"`, "PrimaryEntityId": zero}, func(c Context) bool { return c.Entity == "none" && c.RowID == "" }, ""},
		{"no message", map[string]string{"MessageName": ""}, nil, "MessageName, such as Create or Update, is missing"},
		{"message an object", map[string]string{"MessageName": `{}`}, nil, "MessageName, such as Create or Update, is not a name"},
		{"message of somebody's own", map[string]string{"MessageName": `"pb_Settle"`}, func(c Context) bool { return c.Message == "pb_Settle" }, ""},
		{"no row", map[string]string{"PrimaryEntityId": ""}, func(c Context) bool { return c.RowID == "" }, ""},
		{"row null", map[string]string{"PrimaryEntityId": "null"}, func(c Context) bool { return c.RowID == "" }, ""},
		{"row a word", map[string]string{"PrimaryEntityId": `"hunter2"`}, nil, "PrimaryEntityId, the row's id, is not a GUID"},
		{"row a wrapped word", map[string]string{"PrimaryEntityId": `{"__type":"Guid:#System","__value":"hunter2"}`}, nil, "PrimaryEntityId, the row's id, is not a GUID"},
		{"row an object without value", map[string]string{"PrimaryEntityId": `{"__type":"Guid:#System"}`}, nil, "PrimaryEntityId, the row's id, is not a GUID"},
		{"row a list", map[string]string{"PrimaryEntityId": `[]`}, nil, "PrimaryEntityId, the row's id, is not a GUID"},
		{"row in braces", map[string]string{"PrimaryEntityId": `"{` + strings.ToUpper(row) + `}"`}, func(c Context) bool { return c.RowID == row }, ""},
		{"the primary id before the others", map[string]string{"OutputParameters": `[{"key":"id","value":` + other + `}]`}, func(c Context) bool { return c.RowID == row }, ""},
		{"row in OutputParameters, wrapped", map[string]string{"PrimaryEntityId": "", "OutputParameters": `[{"key":"x","value":1},{"key":"id","value":{"__type":"Guid:#System","__value":"` + row + `"}}]`}, func(c Context) bool { return c.RowID == row }, ""},
		{"row in OutputParameters, a word", map[string]string{"PrimaryEntityId": "", "OutputParameters": `[{"key":"id","value":"hunter2"}]`}, nil, "id in OutputParameters, the row's id, is not a GUID"},
		{"OutputParameters of another form", map[string]string{"PrimaryEntityId": zero, "OutputParameters": `{"id":` + other + `}`}, func(c Context) bool { return c.RowID == "" }, ""},
		{"row in a Target of another form", map[string]string{"PrimaryEntityId": "", "InputParameters": `[{"key":"Target","value":7}]`}, func(c Context) bool { return c.RowID == "" }, ""},
		{"row in the Target, a word", map[string]string{"PrimaryEntityId": "", "InputParameters": `[{"key":"Target","value":{"Id":"hunter2"}}]`}, nil, "the Id of Target in InputParameters, the row's id, is not a GUID"},
		{"no initiating user", map[string]string{"InitiatingUserId": ""}, func(c Context) bool { return c.InitiatingUserID == "" }, ""},
		{"initiating user of zeros", map[string]string{"InitiatingUserId": zero}, func(c Context) bool { return c.InitiatingUserID == "" }, ""},
		{"initiating user a word", map[string]string{"InitiatingUserId": `"hunter2"`}, nil, "InitiatingUserId, the user who made the change, is not a GUID"},
		{"what is only shown, in no readable form", map[string]string{"UserId": `"hunter2"`, "CorrelationId": "5", "OperationId": "[]", "OrganizationId": "{}", "OrganizationName": `"a b"`, "Depth": `"1"`},
			func(c Context) bool {
				return c.UserID+c.CorrelationID+c.OperationID+c.OrganizationID+c.OrganizationName == "" && c.Depth == 0
			}, ""},
		{"a depth below zero", map[string]string{"Depth": "-1"}, func(c Context) bool { return c.Depth == 0 }, ""},
		{"a depth", map[string]string{"Depth": "3"}, func(c Context) bool { return c.Depth == 3 }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields := map[string]json.RawMessage{
				"PrimaryEntityName": []byte(`"pb_payment"`), "PrimaryEntityId": []byte(`"` + row + `"`), "MessageName": []byte(`"Update"`),
				"InitiatingUserId": []byte(`"8c1d0b7e-52aa-ee11-be37-000d3a5c1f10"`),
			}
			for k, v := range c.fields {
				fields[k] = []byte(v)
				if v == "" {
					delete(fields, k)
				}
			}
			body, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Read(body)
			switch {
			case c.check == nil && err == nil:
				t.Errorf("no error, but %+v", got)
			case c.check == nil && !strings.Contains(err.Error(), c.says):
				t.Errorf("the error %q does not say %q", err, c.says)
			case c.check != nil && (err != nil || !c.check(got)):
				t.Errorf("got %+v, %v", got, err)
			}
			leak.New("hunter2").Assert(t, "the error", fmt.Sprint(err))
		})
	}
}

func quoted(s string, n int) string { return `"` + strings.Repeat(s, n) + `"` }

func TestWhatIsNoContext(t *testing.T) {
	update := string(read(t, "update.json"))
	for body, says := range map[string]string{
		"":                       "not JSON",
		"<ArrayOfstring/>":       "not JSON",
		`{"MessageName":hunter2`: "from byte 16",
		"[]":                     "not an object",
		`"hunter2"`:              "not an object",
		"null":                   "is missing",
		"{}":                     "PrimaryEntityName",
		update[:len(update)/2]:   "not JSON",
		update + update:          "not JSON",
	} {
		_, err := Read([]byte(body))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.30q: the error %v does not say %q", body, err, says)
		}
		leak.New("hunter2").Assert(t, "the error", fmt.Sprint(err))
	}
}

// FuzzRead: whatever comes in, what goes on is safe in a URL, a filter and a
// log line, and an error shows none of it.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"update", "create-id-in-output", "delete-id-in-target", "large", "wrapped", "reordered"} {
		f.Add(read(f, file+".json"))
	}
	f.Add([]byte(`{"PrimaryEntityName":"pb_payment","MessageName":"Create","PrimaryEntityId":{"__value":null},"InputParameters":[{"key":"Target","value":{"Id":"{3F2B8C1E-7A44-4E0B-9D51-6C0F5B1A9E01}"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := Read(body)
		if err != nil {
			if c != (Context{}) || len(err.Error()) > 120 {
				t.Errorf("with the error %q: %+v", err, c)
			}
			return
		}
		if !tableName.MatchString(c.Entity) || !messageName.MatchString(c.Message) || c.Depth < 0 {
			t.Errorf("%+v", c)
		}
		if c.OrganizationName != "" && !organizationName.MatchString(c.OrganizationName) {
			t.Errorf("the organisation %q", c.OrganizationName)
		}
		for _, id := range []string{string(c.RowID), c.InitiatingUserID, c.UserID, c.OrganizationID, c.CorrelationID, c.OperationID} {
			if id != "" && (len(id) != 36 || strings.Trim(id, "0123456789abcdef-") != "" || id == nobody) {
				t.Errorf("%q is no id", id)
			}
		}
	})
}
