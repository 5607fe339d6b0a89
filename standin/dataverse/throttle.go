package dataverse

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Throttle sets the service protection limits per user. Zero means that a limit is off.
type Throttle struct {
	// Requests within Window; the platform's figure is 6000.
	Requests int
	// ExecutionTime is the combined duration of the requests within Window; the platform's
	// figure is 20 minutes.
	ExecutionTime time.Duration
	// Concurrent requests; the platform's figure is 52.
	Concurrent int
	// Window is the sliding window; 0 means the platform's 5 minutes.
	Window time.Duration
	// RetryAfter is what a refused request is told to wait; 0 means until the
	// window has room again. Whole seconds, at least one.
	RetryAfter time.Duration
}

func (t *Throttle) window() time.Duration {
	if t.Window == 0 {
		return 5 * time.Minute
	}
	return t.Window
}

// throttle keeps the recent requests of each user.
type throttle struct {
	mu    sync.Mutex
	users map[string]*usage
}

type usage struct {
	running int
	recent  []spent
}

type spent struct {
	at   time.Time
	took time.Duration
}

// enter admits a request or refuses it with 429. The returned function ends the request.
func (t *throttle) enter(cfg *Config, user string) (leave func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users == nil {
		t.users = map[string]*usage{}
	}
	u := t.users[user]
	if u == nil {
		u = &usage{}
		t.users[user] = u
	}
	now, limits := cfg.now(), &cfg.Throttle
	u.forget(now.Add(-limits.window()))
	if err := u.refuse(now, limits); err != nil {
		return nil, err
	}
	u.running++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		u.running--
		u.recent = append(u.recent, spent{at: now, took: cfg.now().Sub(now)})
	}, nil
}

func (u *usage) forget(before time.Time) {
	for len(u.recent) > 0 && u.recent[0].at.Before(before) {
		u.recent = u.recent[1:]
	}
}

func (u *usage) total() time.Duration {
	var sum time.Duration
	for _, r := range u.recent {
		sum += r.took
	}
	return sum
}

func (u *usage) refuse(now time.Time, limits *Throttle) error {
	var code, message string
	switch {
	case limits.Concurrent > 0 && u.running >= limits.Concurrent:
		code, message = ProtectionMessage(codeConcurrency, limits.Concurrent)
	case limits.Requests > 0 && len(u.recent)+u.running >= limits.Requests:
		code, message = ProtectionMessage(codeTooManyRequests, limits.Requests)
	case limits.ExecutionTime > 0 && u.total() >= limits.ExecutionTime:
		code, message = ProtectionMessage(codeExecutionTime, int(limits.ExecutionTime.Milliseconds()))
	default:
		return nil
	}
	wait := limits.RetryAfter
	if wait == 0 && len(u.recent) > 0 {
		wait = u.recent[0].at.Add(limits.window()).Sub(now)
	}
	h := http.Header{}
	h.Set("Retry-After", seconds(wait))
	return &apiError{status: http.StatusTooManyRequests, code: code, message: message, header: h}
}

// ProtectionMessage is the text that goes with a service protection code.
func ProtectionMessage(code string, limit int) (sameCode, message string) {
	switch code {
	case codeExecutionTime:
		message = fmt.Sprintf("Combined execution time of incoming requests exceeded limit of %s milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.", thousands(limit))
	case codeConcurrency:
		message = fmt.Sprintf("Number of concurrent requests exceeded the limit of %d.", limit)
	default:
		message = fmt.Sprintf("Number of requests exceeded the limit of %d over time window of 300 seconds.", limit)
	}
	return code, message
}

// decorate adds the two headers that tell what is left of the limits.
func (t *throttle) decorate(cfg *Config, user string, h http.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	requests, left := 8000, 20*time.Minute
	if cfg.Throttle.Requests > 0 {
		requests = cfg.Throttle.Requests
	}
	if cfg.Throttle.ExecutionTime > 0 {
		left = cfg.Throttle.ExecutionTime
	}
	if u := t.users[user]; u != nil {
		requests -= len(u.recent) + u.running
		left -= u.total()
	}
	h.Set("x-ms-ratelimit-burst-remaining-xrm-requests", strconv.Itoa(max(requests, 0)))
	whole := max(left, 0).Round(10 * time.Millisecond)
	cents := int(whole / (10 * time.Millisecond))
	h.Set("x-ms-ratelimit-time-remaining-xrm-requests", fmt.Sprintf("%s.%02d", thousands(cents/100), cents%100))
}

// seconds is a duration as a Retry-After header: whole seconds, rounded up, at least one.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(int((d+time.Second-1)/time.Second), 1))
}

// thousands writes a number with commas.
func thousands(n int) string { return withCommas(strconv.Itoa(n)) }

// withCommas puts a comma before every third digit from the end of a whole number.
func withCommas(number string) string {
	digits, negative := strings.CutPrefix(number, "-")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
