package backoff

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, c := range []struct {
			name, value string
			want        time.Duration
		}{
			{"Retry-After", "", 0},
			{"Retry-After", "0", 0},
			{"Retry-After", "-1", 0},
			{"Retry-After", "x", 0},
			{"Retry-After", "1.5", 0},
			{"Retry-After", "1", time.Second},
			{"Retry-After", " 7 ", 7 * time.Second},
			{"Retry-After", "3600", time.Hour},
			{"Retry-After", "3601", time.Hour},
			{"Retry-After", "9223372036854775807", time.Hour},
			{"Retry-After", "9223372036854775808", 0},
			{"Retry-After", in(-time.Second), 0},
			{"Retry-After", in(30 * time.Second), 30 * time.Second},
			{"Retry-After", in(time.Hour), time.Hour},
			{"Retry-After", in(time.Hour + time.Second), time.Hour},
			{"Retry-After", "Fri, 31 Dec 2599 23:59:59 GMT", time.Hour},
			{"Retry-After-Ms", "1", time.Millisecond},
			{"Retry-After-Ms", "3600000", time.Hour},
			{"Retry-After-Ms", "3600001", time.Hour},
			{"X-Ms-Retry-After-Ms", "1500", 1500 * time.Millisecond},
			{"X-Ms-Retry-After-Ms", "0", 0},
		} {
			if got := RetryAfter(http.Header{c.name: {c.value}}); got != c.want {
				t.Errorf("%s: %q is %v, want %v", c.name, c.value, got, c.want)
			}
		}
	})
}

// TestRetryAfterTakesTheFinestForm: who sends milliseconds sends rounded seconds
// as well.
func TestRetryAfterTakesTheFinestForm(t *testing.T) {
	for ms, want := range map[string]time.Duration{"250": 250 * time.Millisecond, "0": 2 * time.Second, "x": 2 * time.Second} {
		if got := RetryAfter(http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {ms}}); got != want {
			t.Errorf("%q ms and 2 s: %v, want %v", ms, got, want)
		}
	}
}
