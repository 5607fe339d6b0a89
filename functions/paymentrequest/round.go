package paymentrequest

import (
	"context"
	"errors"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/rounds"
)

// find reads the rows of the jobs in one round trip. A row that was deleted asks
// for nothing any more.
func (c *Config) find(ctx context.Context, jobs []*job) (work, again []*job) {
	lookups := make([]crm.By, len(jobs))
	for i, j := range jobs {
		j.reset()
		lookups[i] = crm.By{ID: j.id}
	}
	loaded, err := c.Rows.Load(ctx, lookups, nil)
	for i, j := range jobs {
		if err != nil {
			j.err = err
			again = append(again, j)
			continue
		}
		switch f := loaded.Found[i]; {
		case outcome.Of(f.Err) == outcome.Review:
			again = append(again, c.note(ctx, j, payment.Sentence(f.Err.Error()))...)
		case f.Err != nil:
			j.err = f.Err
			again = append(again, j)
		case f.Row == nil:
			c.log(ctx, j, outcome.Done, "the row was deleted")
		default:
			j.row = f.Row
			work = append(work, j)
		}
	}
	return work, again
}

// work carries out what one row asks for.
func (c *Config) work(ctx context.Context, j *job) rounds.Next {
	if j.err = c.carryOut(ctx, j); j.err != nil {
		return rounds.Again
	}
	return rounds.Write
}

// write saves what the rows have to show and returns the jobs that are not
// finished.
func (c *Config) write(ctx context.Context, jobs []*job) (again []*job) {
	changes := make([]crm.Change, len(jobs))
	for i, j := range jobs {
		changes[i] = crm.Change{Row: j.row, Values: j.Values(j.row, j.facts)}
	}
	for i, err := range c.Rows.Save(ctx, changes) {
		j := jobs[i]
		if err != nil && outcome.Of(err) == outcome.Review && !raced(err) {
			// Dataverse refuses the columns: the reason may still be written.
			unshown := j.unshown(err)
			j.Reason = payment.ReviewPrefix + advice.Sentence(err)
			err = c.Rows.Save(ctx, []crm.Change{{Row: j.row, Values: j.row.LastErrorValue(j.Reason)}})[0]
			if err != nil && outcome.Of(err) == outcome.Review && !raced(err) {
				again = append(again, c.note(ctx, j, unshown)...)
				continue
			}
		}
		switch {
		case err == nil && j.Reason != "":
			c.log(ctx, j, outcome.Review, "told on the row")
		case err == nil && len(changes[i].Values) == 0:
			c.log(ctx, j, outcome.Done, "both ends agree already")
		case err == nil:
			c.log(ctx, j, outcome.Done, "carried out")
		case raced(err):
			j.changed, j.err = true, err
			j.conflicts++
			again = append(again, j)
		default:
			j.err = outcome.Againf("%w", err)
			again = append(again, j)
		}
	}
	return again
}

// raced reports whether somebody wrote in between.
func raced(err error) bool { return errors.Is(err, crm.ErrChanged) || errors.Is(err, crm.ErrTaken) }
