package crmwebhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paybridge/internal/payment"
)

const (
	// selfWithin is how long a call waits for the answer who PayBridge is.
	// Dataverse gives the call a minute, and what it is good for is only to save
	// a message.
	selfWithin = 2 * time.Second
	// selfAgain is how long nobody asks again after there was no answer.
	selfAgain = 30 * time.Second
)

// self is who PayBridge is to Dataverse, asked once.
type self struct {
	ask func(context.Context) (string, error)
	// turn holds what is known. Who takes it out may ask, and the others wait.
	turn chan known
}

type known struct {
	user string
	// notBefore is when to ask again.
	notBefore time.Time
}

func newSelf(ask func(context.Context) (string, error)) self {
	s := self{ask: ask, turn: make(chan known, 1)}
	s.turn <- known{}
	return s
}

// user returns the GUID of PayBridge's own user in lower case, empty while it
// is not known. An error says why the asking has just failed.
func (s *self) user(ctx context.Context) (string, error) {
	if s.ask == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, selfWithin)
	defer cancel()
	var k known
	select {
	case k = <-s.turn:
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the answer who PayBridge is: %w", ctx.Err())
	}
	defer func() { s.turn <- k }()
	if k.user != "" || time.Now().Before(k.notBefore) {
		return k.user, nil
	}
	answer, err := s.ask(ctx)
	if err == nil {
		var id payment.RowID
		if id, err = payment.ParseRowID(answer); err == nil {
			k.user = string(id)
			return k.user, nil
		}
	}
	// A caller that has gone says nothing about Dataverse.
	if !errors.Is(err, context.Canceled) {
		k.notBefore = time.Now().Add(selfAgain)
	}
	return "", fmt.Errorf("asking Dataverse who PayBridge is: %w", err)
}
