package ncrontab

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	// A Monday.
	from := time.Date(2026, time.November, 23, 18, 21, 30, 500, time.UTC)
	tests := map[string]string{
		"0 */5 * * * *":       "2026-11-23T18:25:00Z",
		"*/5 * * * *":         "2026-11-23T18:25:00Z",
		"*/20 * * * * *":      "2026-11-23T18:21:40Z",
		"0 0 9 * * MON":       "2026-11-30T09:00:00Z",
		"0 0 9 * * tuesday":   "2026-11-24T09:00:00Z",
		"0 0 9 * * mo-we":     "2026-11-24T09:00:00Z",
		"0 0 9 * * 5-3":       "2026-11-25T09:00:00Z",
		"0 0 9 * * 0":         "2026-11-29T09:00:00Z",
		"0 0 0 1 jan *":       "2027-01-01T00:00:00Z",
		"0 0 0 13 * 5":        "2027-08-13T00:00:00Z",
		"0 0 0 1-31/10 Feb *": "2027-02-01T00:00:00Z",
		"30 5/10 * * * *":     "2026-11-23T18:25:30Z",
		"00:00:30":            "2026-11-23T18:22:00.0000005Z",
		"1.00:00:00":          "2026-11-24T18:21:30.0000005Z",
	}
	for text, want := range tests {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.Next(from).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{
		"", "* * * *", "* * * * * * *", "@daily", "0 0 0 * * 7", "0 0 0 * * ?", "0 60 * * * *", "0 0 0 30 2 *",
		"0 0 0 * xyz *", "0 */0 * * * *", "00:00:00", "TZ=UTC * * * * *", "0 0 0 1- * *",
	} {
		if s, err := Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, s)
		}
	}
}

func TestShortest(t *testing.T) {
	tests := map[string]time.Duration{
		"*/5 * * * * *": 5 * time.Second,
		"0 * * * * *":   time.Minute,
		"0 0,1 9 * * *": time.Minute,
		"00:02:00":      2 * time.Minute,
	}
	for text, want := range tests {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Shortest(time.Unix(0, 0)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
