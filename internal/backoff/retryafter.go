package backoff

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longest is the longest wait that is believed of an answer. A longer one is a
// mistake of something in between, and would keep everybody away for as long.
const longest = time.Hour

// RetryAfter returns how long an answer asks to be left alone, in any of the
// forms in which Azure, Stripe and the proxies before them say so: in
// milliseconds, in seconds, or as the date from which on. It is zero when the
// answer does not say, or says nothing that can be read, and an hour at most.
func RetryAfter(header http.Header) time.Duration {
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if d, ok := number(header.Get(name), time.Millisecond); ok && d > 0 {
			return d
		}
	}
	text := header.Get("Retry-After")
	if d, ok := number(text, time.Second); ok {
		return d
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longest)
	}
	return 0
}

// number reads so many units.
func number(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	if err != nil {
		return 0, false
	}
	return time.Duration(min(n, uint64(longest/unit))) * unit, true
}
