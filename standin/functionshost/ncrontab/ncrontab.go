// Package ncrontab reads the schedules of timer triggers: NCRONTAB with six
// fields (seconds first) or five, or a TimeSpan hh:mm:ss.
//
// The work is done by robfig/cron; what differs in NCRONTAB is put right here.
// Day of month and day of week must both match, where cron takes either. Names
// may be any beginning of the English name, "Monday" and "mo" alike, where
// robfig/cron knows three letters only. A range may be backwards and is then
// turned round. 7 is no day of the week in either. Descriptors such as @daily,
// "?" and time zones are refused, because NCRONTAB has none. All times are
// UTC, as in Azure without WEBSITE_TIME_ZONE.
package ncrontab

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when a timer fires next.
type Schedule struct {
	cron  *cron.SpecSchedule
	every time.Duration
}

// star is the bit by which robfig/cron marks a field that was a star, and which
// makes it demand both day fields.
const star = 1 << 63

// Parse reads a schedule.
func Parse(text string) (*Schedule, error) {
	if d, ok := span(text); ok {
		if d <= 0 {
			return nil, fmt.Errorf("the interval %q is not positive", text)
		}
		return &Schedule{every: d}, nil
	}
	fields := strings.Fields(text)
	if len(fields) == 5 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != 6 {
		return nil, fmt.Errorf("the schedule %q has %d fields instead of 6 or 5", text, len(fields))
	}
	for i := range fields {
		list, first := names(i)
		var err error
		if fields[i], err = field(fields[i], list, first); err != nil {
			return nil, fmt.Errorf("the schedule %q: %w", text, err)
		}
	}
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parsed, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, fmt.Errorf("the schedule %q: %w", text, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("the schedule %q is no NCRONTAB expression", text)
	}
	spec.Dom |= star
	spec.Location = time.UTC
	s := &Schedule{cron: spec}
	if s.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("the schedule %q never comes due", text)
	}
	return s, nil
}

// Next returns the first time after t when the timer is due, in UTC.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.cron == nil {
		return t.Add(s.every).UTC()
	}
	return s.cron.Next(t.UTC())
}

// AdjustForDST is what the trigger's payload says of the schedule: false for a
// TimeSpan.
func (s *Schedule) AdjustForDST() bool { return s.cron != nil }

// Shortest returns the shortest time between two of the next occurrences
// after t.
func (s *Schedule) Shortest(t time.Time) time.Duration {
	if s.cron == nil {
		return s.every
	}
	const occurrences = 10
	shortest := time.Duration(0)
	last := s.Next(t)
	for range occurrences {
		next := s.Next(last)
		if next.IsZero() {
			break
		}
		if d := next.Sub(last); shortest == 0 || d < shortest {
			shortest = d
		}
		last = next
	}
	return shortest
}

var timeSpan = regexp.MustCompile(`^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})$`)

func span(text string) (time.Duration, bool) {
	m := timeSpan.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	var n [4]time.Duration
	for i := range n {
		v, _ := strconv.Atoi("0" + m[i+1])
		n[i] = time.Duration(v)
	}
	return n[0]*24*time.Hour + n[1]*time.Hour + n[2]*time.Minute + n[3]*time.Second, true
}

// names returns the names that the field of this index takes, and the value of
// the first.
func names(i int) (list []string, first int) {
	switch i {
	case 4:
		return []string{"January", "February", "March", "April", "May", "June", "July", "August",
			"September", "October", "November", "December"}, 1
	case 5:
		return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}, 0
	default:
		return nil, 0
	}
}

// field puts numbers for names and turns backward ranges round.
func field(text string, list []string, first int) (string, error) {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		values, step, stepped := strings.Cut(part, "/")
		from, to, isRange := strings.Cut(values, "-")
		if values == "*" {
			continue
		}
		low, err := value(from, list, first)
		if err != nil {
			return "", err
		}
		values = strconv.Itoa(low)
		if isRange {
			high, err := value(to, list, first)
			if err != nil {
				return "", err
			}
			values = fmt.Sprintf("%d-%d", min(low, high), max(low, high))
		}
		if stepped {
			values += "/" + step
		}
		parts[i] = values
	}
	return strings.Join(parts, ","), nil
}

func value(text string, list []string, first int) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	if text == "" {
		return 0, errors.New("a value is missing")
	}
	for i, name := range list {
		if len(text) <= len(name) && strings.EqualFold(name[:len(text)], text) {
			return first + i, nil
		}
	}
	return 0, fmt.Errorf("%q is no value of its field", text)
}
