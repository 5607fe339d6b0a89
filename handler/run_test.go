package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"paybridge/internal/settings"
)

// TestWhatKeepsTheAppFromServing: one setting that is wrong does; any number of
// secrets that nobody has put into the vault yet does not.
func TestWhatKeepsTheAppFromServing(t *testing.T) {
	wrong := &settings.Problem{Setting: "DataverseUrl", Message: "it is no URL", Hint: "write one"}
	absent := &settings.Problem{Setting: "StripeWebhookSecret", Message: "there is no such secret", Hint: "put it there", Absent: true}
	for name, c := range map[string]struct {
		problems []*settings.Problem
		refused  bool
		want     []string
	}{
		"nothing":           {nil, false, nil},
		"absent secrets":    {[]*settings.Problem{absent, absent}, false, []string{"setting counts as not set", "StripeWebhookSecret", "there is no such secret", "put it there"}},
		"a wrong setting":   {[]*settings.Problem{wrong}, true, []string{"setting refused", "DataverseUrl", "it is no URL", "not serving", `"problems":1`}},
		"one of either one": {[]*settings.Problem{absent, wrong}, true, []string{"setting counts as not set", "setting refused", `"problems":1`}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			if got := refused(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)), c.problems); got != c.refused {
				t.Errorf("refused: %v", got)
			}
			for _, want := range c.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("%q is not in the log:\n%s", want, log.String())
				}
			}
			if c.want == nil && log.Len() > 0 || !c.refused && strings.Contains(log.String(), "not serving") {
				t.Errorf("the log says:\n%s", log.String())
			}
		})
	}
}
