package stripe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.etcd.io/bbolt"
)

// The methods of this file are what happens outside the API: what customers, banks and people at the Dashboard do.
// They work on objects of the account and of its connected accounts alike. An id that is not there and a state that does
// not allow it come back as errors; a declined payment does not: the intent tells of it.

// Pay confirms an intent as the customer's browser does, with a test payment method such as pm_card_visa.
func (s *Server) Pay(intentID, method string) error {
	return s.happen(kindIntent, intentID, func(c *change) error {
		i, err := c.intent("intent", intentID)
		if err != nil {
			return err
		}
		if i.Status != statusRequiresMethod && i.Status != statusRequiresConfirmation && i.Status != statusRequiresAction {
			return i.unexpected(c, "This PaymentIntent has a status of "+i.Status+" and cannot be paid.")
		}
		if err := c.outsideCheckout(i); err != nil {
			return err
		}
		if err := c.attach(i, confirmation{method: &method}); err != nil {
			return err
		}
		return c.attempt(i, attempt{base: s.receiptBase()})
	})
}

// Authenticate ends the authentication that an intent in requires_action waits for.
func (s *Server) Authenticate(intentID string, passed bool) error {
	return s.happen(kindIntent, intentID, func(c *change) error {
		i, err := c.intent("intent", intentID)
		if err != nil {
			return err
		}
		return c.authenticate(i, passed, s.receiptBase())
	})
}

// Settle lets an intent in processing succeed.
func (s *Server) Settle(intentID string) error {
	return s.inProcessing(intentID, (*change).settle)
}

// Bounce lets an intent in processing fail with a decline code, as insufficient_funds. Empty: generic_decline.
func (s *Server) Bounce(intentID, declineCode string) error {
	return s.inProcessing(intentID, func(c *change, i *intent) error { return c.bounce(i, declineCode) })
}

func (s *Server) inProcessing(intentID string, do func(*change, *intent) error) error {
	return s.happen(kindIntent, intentID, func(c *change) error {
		i, err := c.intent("intent", intentID)
		if err != nil {
			return err
		}
		if i.Status != statusProcessing {
			return i.unexpected(c, "This PaymentIntent has a status of "+i.Status+" and is not processing.")
		}
		return do(c, i)
	})
}

// PaySession pays an open Checkout Session as a customer on its page does.
func (s *Server) PaySession(sessionID string, by Payer) error {
	return s.happen(kindSession, sessionID, func(c *change) error {
		session, err := load[session](c, kindSession, "session", sessionID)
		if err != nil {
			return err
		}
		return c.pay(session, by, s.receiptBase())
	})
}

// ExpireSession expires an open Checkout Session as its time does.
func (s *Server) ExpireSession(sessionID string) error {
	return s.happen(kindSession, sessionID, func(c *change) error {
		session, err := load[session](c, kindSession, "session", sessionID)
		if err != nil {
			return err
		}
		if session.Status != sessionOpen {
			return invalid("", "", "This Checkout Session is "+session.Status+".")
		}
		return c.expire(session)
	})
}

// Dispute opens a dispute about a charge, or the latest charge of an intent, and returns its id.
func (s *Server) Dispute(chargeOrIntent string, about Complaint) (string, error) {
	var id string
	err := s.happen(kindOf(chargeOrIntent), chargeOrIntent, func(c *change) error {
		chargeID := chargeOrIntent
		if kindOf(chargeOrIntent) == kindIntent {
			i, err := c.intent("payment_intent", chargeOrIntent)
			if err != nil {
				return err
			}
			chargeID = orText(i.LatestCharge, "")
		}
		ch, err := load[charge](c, kindCharge, "charge", chargeID)
		if err != nil {
			return err
		}
		if ch.Status != chargeSucceeded || !ch.Captured || ch.Dispute != nil {
			return invalid("", "", "This charge cannot be disputed.")
		}
		d, err := c.dispute(ch, about)
		if err != nil {
			return err
		}
		id = d.ID
		return nil
	})
	return id, err
}

// CloseDispute lets the bank decide an open dispute; an inquiry is closed without a winner.
func (s *Server) CloseDispute(disputeID string, won bool) error {
	return s.onDispute(disputeID, func(c *change, d *dispute) error { return c.end(d, won) })
}

// EscalateDispute makes a chargeback of an inquiry.
func (s *Server) EscalateDispute(disputeID string) error {
	return s.onDispute(disputeID, func(c *change, d *dispute) error {
		if !d.inquiry() {
			return invalid("", "", "This dispute is not an inquiry.")
		}
		return c.escalate(d)
	})
}

func (s *Server) onDispute(disputeID string, do func(*change, *dispute) error) error {
	return s.happen(kindDispute, disputeID, func(c *change) error {
		d, err := load[dispute](c, kindDispute, "dispute", disputeID)
		if err != nil {
			return err
		}
		if !d.open() {
			return invalid("", "", "This dispute is already closed")
		}
		return do(c, d)
	})
}

// SettleRefund lets a pending refund succeed.
func (s *Server) SettleRefund(refundID string) error {
	return s.onRefund(refundID, (*change).settleRefund)
}

// FailRefund lets a pending or succeeded refund fail: the money is back and the charge's amount_refunded falls. Empty
// reason: expired_or_canceled_card.
func (s *Server) FailRefund(refundID, reason string) error {
	return s.onRefund(refundID, func(c *change, r *refund) error {
		return c.failRefund(r, orElse(reason, "expired_or_canceled_card"))
	})
}

func (s *Server) onRefund(refundID string, do func(*change, *refund) error) error {
	return s.happen(kindRefund, refundID, func(c *change) error {
		r, err := load[refund](c, kindRefund, "refund", refundID)
		if err != nil {
			return err
		}
		return do(c, r)
	})
}

// Silence lets the next events of a type never come to be, neither delivered nor listed, as Stripe says can happen.
func (s *Server) Silence(eventType string, times int) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketSilences))
		if times <= 0 {
			return bucket.Delete([]byte(eventType))
		}
		return bucket.Put([]byte(eventType), binary.BigEndian.AppendUint64(nil, uint64(times)))
	})
}

// Tick brings about at once what the clock has made due. The server does so by itself before every request and
// several times a second.
func (s *Server) Tick() error { return s.sweep() }

// happen runs do in the object space of the account that has the object. A payment that is declined has happened.
func (s *Server) happen(kind, id string, do func(*change) error) error {
	err := s.update(s.account, requestRef{}, func(c *change) error {
		account, err := c.owner(kind, id)
		if err != nil {
			return err
		}
		c.account = account
		err = do(c)
		if bad, ok := errors.AsType[*apiError](err); ok && bad.keep && bad.status == http.StatusPaymentRequired {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("stripe stand-in: %s: %w", id, err)
	}
	return nil
}

// owner is the account whose object it is.
func (c *change) owner(kind, id string) (string, error) {
	for _, account := range append([]string{c.server.account}, c.server.cfg.ConnectedAccounts...) {
		if c.bucket(bucketObjects).Get(objectKey(account, kind, id)) != nil {
			return account, nil
		}
	}
	return "", missing(spoken(kind), "id", id)
}

// RollSecret gives an endpoint a new signing secret and returns it. The old ones sign along for keepOld, at Stripe at
// most 24 hours.
func (s *Server) RollSecret(endpointID string, keepOld time.Duration) (string, error) {
	value := newSecret()
	err := s.update(s.account, requestRef{}, func(c *change) error {
		e, err := load[endpoint](c, kindEndpoint, "webhook_endpoint", endpointID)
		if err != nil {
			return err
		}
		secrets := []secret{{Value: value}}
		for _, old := range e.Secrets {
			if until := c.now.Add(keepOld).Unix(); old.Until == 0 || until < old.Until {
				old.Until = until
			}
			if old.Until > c.now.Unix() {
				secrets = append(secrets, old)
			}
		}
		e.Secrets = secrets
		return c.put(e)
	})
	return value, err
}
