package crmupdate

import (
	"context"
	"slices"

	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// turnAway takes the hints out of the job whose objects the row has no claim to.
// Those that are meant for another row go on to it.
func (c *Config) turnAway(ctx context.Context, j *job, strangers judge.Strangers) {
	j.hints = slices.DeleteFunc(j.hints, func(h payment.Hint) bool {
		why, on := c.judge().TurnAway(h, j.row.ID, strangers)
		if on != nil {
			h = *on
			j.forward = append(j.forward, h)
		}
		if why != "" {
			c.log(ctx, &job{hints: []payment.Hint{h}, id: j.row.ID, deliveries: j.deliveries, started: j.started}, outcome.Done, why, nil)
		}
		return why != ""
	})
}
