package queues

import (
	"errors"
	"fmt"
	"time"
)

// Settings are what of a queue's properties decides what becomes of its
// messages.
type Settings struct {
	// LockDuration is how long a message stays locked that was received.
	LockDuration time.Duration
	// MaxDeliveryCount is how often a message is delivered before it becomes a
	// dead letter.
	MaxDeliveryCount int
	// DefaultMessageTTL is how long a message is good for, zero for ever.
	DefaultMessageTTL time.Duration
	// DeadLetteringOnExpiration keeps an expired message as a dead letter;
	// otherwise it is dropped.
	DeadLetteringOnExpiration bool
	// DuplicateDetection drops a message whose id was seen before, Sessions
	// hands messages out to receivers of sessions only. Neither can be changed
	// once the queue is made.
	DuplicateDetection, Sessions bool
	// BatchedOperations lets Service Bus store several messages at a time.
	BatchedOperations bool
	// Status is Active, or what was switched off: Disabled, SendDisabled,
	// ReceiveDisabled.
	Status string
	// ForwardTo and ForwardDeadLettersTo name where messages and dead letters
	// go on to, empty for nowhere.
	ForwardTo, ForwardDeadLettersTo string
}

// Active is the status of a queue of which nothing is switched off.
const Active = "Active"

// Wanted returns the settings that both queues are to have. The lock of a batch
// is not renewed, so it is as long as Service Bus allows, and the delivery count
// outlasts hours of outage. The templates in infra/ are held to it, the queues
// of a paybridge local are made by it, and doctor compares.
func Wanted() Settings {
	return Settings{
		LockDuration: 5 * time.Minute, MaxDeliveryCount: 100,
		DefaultMessageTTL: 14 * 24 * time.Hour, DeadLetteringOnExpiration: true,
		BatchedOperations: true, Status: Active,
	}
}

// ErrHidden says that the settings of a queue cannot be seen by whoever asks.
// Its messages may be all the same.
var ErrHidden = errors.New("they cannot be seen from here")

// Difference is one thing of a queue that is not as it is to be.
type Difference struct {
	// Problem says what is wrong: "it …".
	Problem string
	// Harmless says that payments flow all the same.
	Harmless bool
	// Fixed says that it cannot be changed once the queue is made.
	Fixed bool
}

// Compare returns in what a queue is not as it is to be. That it is more patient
// than it has to be is no difference.
func (have Settings) Compare(want Settings) []Difference {
	var all []Difference
	add := func(wrong bool, d Difference) {
		if wrong {
			all = append(all, d)
		}
	}
	add(have.Status != want.Status, Difference{Problem: "it is not active: its status is " + have.Status})
	add(have.Sessions != want.Sessions, Difference{Problem: "it has sessions, and the app receives from queues without", Fixed: true})
	add(have.ForwardTo != "", Difference{Problem: "it forwards its messages to " + have.ForwardTo + ", so the app sees none"})
	add(have.LockDuration < want.LockDuration, Difference{
		Problem: fmt.Sprintf("its lock lasts %v and not %v: a message is delivered again while it is worked on", have.LockDuration, want.LockDuration),
	})
	add(have.MaxDeliveryCount < want.MaxDeliveryCount, Difference{
		Problem: fmt.Sprintf("it gives a message up after %d deliveries and not %d, which do not outlast hours of outage", have.MaxDeliveryCount, want.MaxDeliveryCount),
	})
	add(have.DefaultMessageTTL > 0 && have.DefaultMessageTTL < want.DefaultMessageTTL, Difference{
		Problem: fmt.Sprintf("its messages are good for %v and not %v", have.DefaultMessageTTL, want.DefaultMessageTTL),
	})
	add(want.DeadLetteringOnExpiration && !have.DeadLetteringOnExpiration, Difference{Problem: "it drops what has expired and keeps no dead letter of it"})
	add(have.ForwardDeadLettersTo != "", Difference{
		Problem: "it forwards its dead letters to " + have.ForwardDeadLettersTo + ", where neither the alert nor paybridge deadletters looks",
	})
	add(have.DuplicateDetection && !want.DuplicateDetection, Difference{
		Problem: "it drops a message whose id it has seen, which PayBridge does not count on", Harmless: true, Fixed: true,
	})
	add(want.BatchedOperations && !have.BatchedOperations, Difference{Problem: "it stores each message by itself, which is slower", Harmless: true})
	return all
}
