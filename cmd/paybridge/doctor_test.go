package main

import (
	"errors"
	"testing"

	"paybridge/cmd/paybridge/doctor"
)

// The exit code says the worst, and what was not looked at counts for nothing.
func TestDoctorsExitCode(t *testing.T) {
	for worst, want := range map[doctor.Level]int{doctor.OK: 0, doctor.Skipped: 0, doctor.Warning: 3, doctor.Problem: 1} {
		got := 0
		if code, ok := errors.AsType[exitCode](exitOf(worst)); ok {
			got = int(code)
		}
		if got != want {
			t.Errorf("%s ends with %d, want %d", worst, got, want)
		}
	}
}
