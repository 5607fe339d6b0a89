package soak

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/people"
	"paybridge/internal/payment"
)

// change writes columns of the row as a person does, and lets those in haste
// do more.
func (l *life) change(ctx context.Context, columns people.Columns) error {
	if l.deleted {
		return errOver
	}
	for name := range columns {
		if name == "pb_request" || name == "pb_amount" || name == "pb_collectby" {
			l.asked++
			break
		}
	}
	err := l.refused(fmt.Sprintf("a person writes %v", columns), l.crm.Change(ctx, l.row, columns))
	if err != nil {
		return err
	}
	l.wrote(columns)
	if !l.hasty {
		return nil
	}
	for l.chance(0.3) {
		if err := l.contradict(ctx); err != nil {
			return err
		}
	}
	return nil
}

// contradict is somebody who does not know what they want.
func (l *life) contradict(ctx context.Context) error {
	var columns people.Columns
	switch l.rng.IntN(8) {
	case 0, 1:
		columns = people.Asking(payment.RequestPay)
	case 2:
		columns = people.Asking(payment.RequestCancel)
	case 3:
		columns = people.Asking(payment.RequestRefund).With("pb_refundamount", pick[any](l, nil, people.Amount(l.money.text(2)), people.Amount(l.money.text(200))))
	case 4:
		columns = people.Asking(payment.RequestNone)
	case 5:
		columns = people.Columns{"pb_amount": people.Amount(pick(l, l.money.text(l.amount), l.money.text(l.amount+1), "10.0005"))}
	case 6:
		columns = people.Columns{}.By(payment.CollectBy(1 + l.rng.IntN(2)))
	default:
		columns = people.Columns{"pb_name": pick(l, "Order", "Invoice")}
	}
	return l.change(ctx, columns)
}

// add makes the row.
func (l *life) add(ctx context.Context, more people.Columns) error {
	row, err := l.crm.Add(ctx, l.money.text(l.amount), l.money.code, more)
	if err != nil {
		return fmt.Errorf("making a row: %w", err)
	}
	l.row = row
	l.wrote(more)
	l.tell("row %s over %s %s with %v", row, l.money.text(l.amount), l.money.code, more)
	return nil
}

// ask is a payment that the CRM asks for: by intent or by link, changed,
// canceled and asked for again, before anybody pays.
func (l *life) ask(ctx context.Context) error {
	by := pick(l, payment.ByIntent, payment.ByIntent, payment.ByLink)
	columns := people.Asking(payment.RequestPay).By(by)
	l.asked++
	if l.chance(0.5) {
		if err := l.add(ctx, columns); err != nil {
			return err
		}
	} else {
		if err := l.add(ctx, nil); err != nil {
			return err
		}
		l.asked--
		if err := l.change(ctx, columns); err != nil {
			return err
		}
	}
	if err := l.offered(ctx, by); err != nil {
		return err
	}
	if l.chance(0.2) {
		if err := l.reprice(ctx, by); err != nil {
			return err
		}
	}
	switch {
	case l.doomed && l.chance(0.5):
		return l.delete(ctx)
	case l.chance(0.12):
		return l.cancel(ctx, by)
	case by == payment.ByLink && l.chance(0.25):
		if err := l.refused("the link expires", l.ends.stripe.ExpireSession(l.session)); err != nil {
			return err
		}
		l.turn(Expires)
		if err := l.agrees(ctx); err != nil {
			return err
		}
		return l.again(ctx, by)
	case l.chance(0.05):
		l.turn(Abandons)
		return errOver
	}
	return nil
}

// offered waits until the row names something that can be paid and that is not
// what it named before.
func (l *life) offered(ctx context.Context, by payment.CollectBy) error {
	column, before := "pb_paymentintentid", &l.intent
	if by == payment.ByLink {
		column, before = "pb_checkoutsessionid", &l.session
	}
	last := *before
	err := l.until(ctx, "the row names what can be paid", func(row map[string]any) bool {
		id := oracle.Text(row, column)
		if id == "" || id == last {
			return false
		}
		l.intent, l.session = "", ""
		*before = id
		return true
	})
	if err == nil && *before == "" {
		return l.guess(ctx)
	}
	return err
}

// guess looks for anything that the row names, for somebody in haste.
func (l *life) guess(ctx context.Context) error {
	row, err := l.crm.Read(ctx, l.row)
	if err != nil {
		return err
	}
	l.intent, l.session = oracle.Text(row, "pb_paymentintentid"), oracle.Text(row, "pb_checkoutsessionid")
	if l.intent+l.session == "" {
		return errOver
	}
	return nil
}

// reprice changes the amount before anybody pays.
func (l *life) reprice(ctx context.Context, by payment.CollectBy) error {
	l.amount++
	if err := l.change(ctx, people.Columns{"pb_amount": people.Amount(l.money.text(l.amount))}); err != nil {
		return err
	}
	if by == payment.ByLink {
		return l.offered(ctx, by)
	}
	return l.until(ctx, "the intent has the new amount", func(row map[string]any) bool {
		return oracle.Text(row, "pb_handledrequest") != "" && strings.Contains(oracle.Text(row, "pb_handledrequest"), " "+l.money.text(l.amount)+" ")
	})
}

// cancel takes the request back, and perhaps asks again.
func (l *life) cancel(ctx context.Context, by payment.CollectBy) error {
	if err := l.change(ctx, people.Asking(payment.RequestCancel)); err != nil {
		return err
	}
	if err := l.until(ctx, "the row is Canceled", func(row map[string]any) bool { return oracle.Status(row) == "Canceled" }); err != nil {
		return err
	}
	return l.again(ctx, by)
}

// again asks for another payment where the last one is over.
func (l *life) again(ctx context.Context, by payment.CollectBy) error {
	if l.chance(0.5) {
		return errOver
	}
	if err := l.change(ctx, people.Asking(payment.RequestNone)); err != nil {
		return err
	}
	err := l.until(ctx, "the row says that nothing is asked for", func(row map[string]any) bool { return oracle.Text(row, "pb_handledrequest") == "None" })
	if err != nil {
		return err
	}
	if err := l.change(ctx, people.Asking(payment.RequestPay)); err != nil {
		return err
	}
	return l.offered(ctx, by)
}

// delete takes the row away.
func (l *life) delete(ctx context.Context) error {
	if err := l.crm.Delete(ctx, l.row); err != nil {
		if _, ok := errors.AsType[*people.Refused](err); !ok {
			return err
		}
	}
	l.deleted = true
	l.tally.fault(Delete)
	l.tell("a person deletes the row")
	return nil
}
