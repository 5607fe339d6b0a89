package paymentrequest

import (
	"context"
	"errors"
	"maps"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
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
		changes[i] = crm.Change{Row: j.row, Values: c.values(j)}
	}
	for i, err := range c.Rows.Save(ctx, changes) {
		j := jobs[i]
		if err != nil && outcome.Of(err) == outcome.Review && !raced(err) {
			// Dataverse refuses the columns: the reason may still be written.
			unshown := j.unshown(err)
			j.reason = payment.ReviewPrefix + advice.Sentence(err)
			err = c.Rows.Save(ctx, []crm.Change{{Row: j.row, Values: j.row.LastErrorValue(j.reason)}})[0]
			if err != nil && outcome.Of(err) == outcome.Review && !raced(err) {
				again = append(again, c.note(ctx, j, unshown)...)
				continue
			}
		}
		switch {
		case err == nil && j.reason != "":
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

// values are the columns to write: what Stripe says, which request was carried
// out, and what a person has to be told.
func (c *Config) values(j *job) dataverse.Values {
	values := dataverse.Values{}
	if !j.blind {
		maps.Copy(values, c.shown(j))
	}
	if j.reason == "" && (j.row.Handled != "" || j.row.Ask.Request > payment.RequestNone) {
		maps.Copy(values, j.row.HandledValue(j.row.Text()))
	}
	maps.Copy(values, j.row.LastErrorValue(j.reason))
	return values
}

// shown are the columns in which the row differs from what Stripe says.
func (c *Config) shown(j *job) dataverse.Values {
	p, show, err := payment.Outcome(j.row.Row, j.facts)
	if err != nil {
		// It comes before a refusal: while it stands the columns are not what
		// Stripe says.
		j.reason = ""
		j.tell(err)
	}
	if !show {
		return nil
	}
	j.status = p.Status
	values, err := j.row.Values(p)
	if err != nil {
		j.tell(outcome.Reviewf("%w", err))
	}
	return values
}

// tell notes what the row has to tell a person. The first reason stays: it is
// the one about the request.
func (j *job) tell(err error) {
	if j.reason != "" {
		return
	}
	prefix := payment.RefusalPrefix
	if _, ok := errors.AsType[*payment.Refusal](err); !ok {
		prefix = payment.ReviewPrefix
	}
	j.reason = prefix + advice.Sentence(err)
}
