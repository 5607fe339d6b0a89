package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestOnlyAClearYesIsAYes(t *testing.T) {
	for typed, want := range map[string]bool{"y\n": true, "YES\n": true, " yes": true, "\n": false, "n\n": false, "yeah\n": false} {
		var asked strings.Builder
		got, err := (&terminal{in: strings.NewReader(typed), err: &asked}).ask(t.Context(), "Drop 3 messages?")
		if err != nil || got != want || asked.String() != "Drop 3 messages? [y/N] " {
			t.Errorf("%q: %v, %v, after %q", typed, got, err, asked.String())
		}
	}
}

func TestNobodyIsNoYes(t *testing.T) {
	yes, err := (&terminal{in: strings.NewReader(""), err: io.Discard}).ask(t.Context(), "Drop?")
	if h, ok := errors.AsType[*hinted](err); yes || !ok || !errors.Is(err, errNobody) || !strings.Contains(h.Hint(), "--yes") {
		t.Errorf("%v, %v", yes, err)
	}
}

func TestAskingEndsWithItsContext(t *testing.T) {
	never, write := io.Pipe()
	defer func() { _ = write.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if yes, err := (&terminal{in: never, err: io.Discard}).ask(ctx, "Drop?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", yes, err)
	}
}

func TestProcessKnowsItsSurroundings(t *testing.T) {
	t.Setenv("PaymentEventsQueue", "from-the-environment")
	p := process()
	if value, _ := p.Lookup("PaymentEventsQueue"); value != "from-the-environment" || len(p.Environ) == 0 || p.Logger == nil {
		t.Errorf("%q, %d variables", value, len(p.Environ))
	}
}
