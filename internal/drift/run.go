package drift

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// What one run may cost.
const (
	defaultBudget = 2 * time.Minute
	defaultRate   = 10
	// burst is how many requests are made of Stripe without a pause: as many as
	// a run makes when all is well.
	burst = 20
	// maxPages is how many requests one sweep makes of Stripe in a run, and how
	// many pages of rows one run reads.
	maxPages = 20
)

// Finder finds what is out of step. Its runs must not overlap.
type Finder struct {
	config Config
	pace   *rate.Limiter
}

// New returns a Finder.
func New(c Config) *Finder {
	c.Budget = cmp.Or(c.Budget, defaultBudget)
	c.Rate = cmp.Or(c.Rate, defaultRate)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Finder{config: c, pace: rate.NewLimiter(rate.Limit(c.Rate), burst)}
}

// run is one run of a Finder.
type run struct {
	*Finder
	now    time.Time
	place  place
	report *Report
	// hints and changes are how many messages there are for each queue, seen
	// what they are about: two looks may find the same thing.
	hints, changes int
	seen           map[string]bool
	// linked are the rows that PaymentIntents name, as far as this run has seen
	// any.
	linked map[string]payment.RowID
	// left are the looks that did not come to their end.
	left []string
}

// Find looks at everything that has come of age since the bookmark. When one
// end cannot be asked any further, it returns what it has found until then and
// says so in the report; it returns an error when it could not even begin.
func (f *Finder) Find(ctx context.Context) (*Report, error) {
	mark, err := f.config.Rows.Bookmark(ctx, f.bookmarkName())
	if err != nil {
		return nil, err
	}
	at, err := readPlace(mark)
	if err != nil {
		return nil, err
	}
	return f.find(ctx, mark, at, 1)
}

// Look is Find for a person: it does all sweeps, shows also what the consumers
// were told of in an earlier run, and moves no bookmark. A time since other
// than zero takes the place of the bookmark: then it looks at everything that
// happened in that time and is older than After.
func (f *Finder) Look(ctx context.Context, since time.Duration) (*Report, error) {
	if since > 0 {
		everything := *f
		everything.config.Window = since
		everything.config.SweepAfter = f.config.After
		everything.config.once = true
		return everything.find(ctx, crm.Bookmark{}, place{Marks: map[string]*mark{}}, 0)
	}
	bookmark, err := f.config.Rows.Bookmark(ctx, f.bookmarkName())
	if err != nil {
		return nil, err
	}
	at, err := readPlace(bookmark)
	if err != nil {
		return nil, err
	}
	at.Swept = timestamp{}
	for _, m := range at.Marks {
		*m = mark{ID: m.ID, At: m.At}
	}
	return f.find(ctx, crm.Bookmark{}, at, 1)
}

func (f *Finder) bookmarkName() string {
	if f.config.Livemode {
		return "reconcile-live"
	}
	return "reconcile-test"
}

func (f *Finder) find(ctx context.Context, bookmark crm.Bookmark, at place, requests int) (*Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, f.config.Budget, fmt.Errorf("the run's budget of %v is spent", f.config.Budget))
	defer cancel()
	r := &run{Finder: f, now: f.config.Now().UTC().Truncate(time.Second), place: at, report: &Report{bookmark: bookmark}, seen: map[string]bool{}, linked: map[string]payment.RowID{}}
	r.report.CRMRequests = requests
	before, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("encoding the bookmark: %w", err)
	}
	r.report.Slow = r.now.Sub(at.Swept.Time) >= f.config.SweepAfter/4
	err = r.rows(ctx)
	if err == nil {
		err = r.stripe(ctx)
	}
	switch {
	case err != nil:
		r.report.Cut = err.Error()
	case len(r.left) > 0:
		r.report.Cut = "more is left of " + strings.Join(r.left, ", ")
	}
	// A slow run that left something is gone on with by the next one.
	if err == nil && len(r.left) == 0 && r.report.Slow {
		r.place.Swept = timestamp{r.now}
	}
	after, err := json.Marshal(r.place)
	if err != nil {
		return nil, fmt.Errorf("encoding the bookmark: %w", err)
	}
	r.report.moved = string(before) != string(after)
	r.report.bookmark.Place = string(after)
	r.report.Findings = inOrder(r.report.Findings)
	return r.report, nil
}

// Save moves the bookmark to where the run has come. It returns ErrChanged of
// package crm when another run was there meanwhile.
func (f *Finder) Save(ctx context.Context, report *Report) error {
	if !report.moved || report.bookmark.Name == "" {
		return nil
	}
	report.CRMRequests++
	return f.config.Rows.SaveBookmark(ctx, report.bookmark)
}

// take adds a finding to the report, unless the run has found the same thing
// already. It reports false when there is no room for it.
func (r *run) take(v verdict) bool {
	f := *v.finding
	key := f.Object
	switch {
	case f.Change != nil:
		key = "change of " + string(f.Change.Payment)
	case f.Hint != nil && f.Hint.EventID == "":
		key = f.subject()
	}
	if r.seen[key] {
		return true
	}
	switch {
	case f.Hint != nil:
		if r.hints == r.config.Limit {
			return false
		}
		r.hints++
		// Any hint makes the consumer look at the whole payment.
		r.seen[f.subject()] = true
	case f.Change != nil:
		if r.changes == r.config.Limit {
			return false
		}
		r.changes++
	}
	r.seen[key] = true
	r.report.Findings = append(r.report.Findings, f)
	return true
}

// inOrder puts the oldest payment first and what is about one payment
// together, so that the consumer works on it at once.
func inOrder(findings []Finding) []Finding {
	oldest := map[string]time.Time{}
	for _, f := range findings {
		if at, ok := oldest[f.subject()]; !ok || f.Since.Before(at) {
			oldest[f.subject()] = f.Since
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(oldest[a.subject()].Compare(oldest[b.subject()]), cmp.Compare(a.subject(), b.subject()), a.Since.Compare(b.Since))
	})
	return findings
}
