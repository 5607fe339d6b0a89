package servicebus

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// MaxLockDuration is the longest lock that Service Bus grants.
const MaxLockDuration = 5 * time.Minute

// QueueProperties are the settings of a queue, by the names and with the
// defaults that Service Bus has.
type QueueProperties struct {
	// LockDuration is how long a received message stays locked. Zero means one
	// minute; more than MaxLockDuration is an error.
	LockDuration time.Duration
	// MaxDeliveryCount is how often a message is delivered before it is moved
	// to the dead-letter queue. Zero means 10.
	MaxDeliveryCount int
	// DefaultMessageTTL is how long a message is good for. Zero means for ever.
	DefaultMessageTTL time.Duration
	// DeadLetteringOnExpiration moves an expired message to the dead-letter
	// queue; otherwise it is dropped.
	DeadLetteringOnExpiration bool
	// DuplicateDetectionWindow is how long a MessageID is remembered: a second
	// message with it is dropped, and the sender sees success. Zero turns
	// duplicate detection off. Whether it is on cannot be changed later.
	DuplicateDetectionWindow time.Duration
}

func (p QueueProperties) withDefaults() QueueProperties {
	if p.LockDuration == 0 {
		p.LockDuration = time.Minute
	}
	if p.MaxDeliveryCount == 0 {
		p.MaxDeliveryCount = 10
	}
	return p
}

func (p QueueProperties) validate() error {
	var errs []error
	if p.LockDuration <= 0 || p.LockDuration > MaxLockDuration {
		errs = append(errs, fmt.Errorf("LockDuration %v is not between 0 and %v", p.LockDuration, MaxLockDuration))
	}
	if p.MaxDeliveryCount < 1 || p.MaxDeliveryCount > 2000 {
		errs = append(errs, fmt.Errorf("MaxDeliveryCount %d is not between 1 and 2000", p.MaxDeliveryCount))
	}
	if p.DefaultMessageTTL < 0 {
		errs = append(errs, fmt.Errorf("DefaultMessageTTL %v is negative", p.DefaultMessageTTL))
	}
	if w := p.DuplicateDetectionWindow; w < 0 || w > 7*24*time.Hour {
		errs = append(errs, fmt.Errorf("DuplicateDetectionWindow %v is not between 0 and 7 days", w))
	}
	return errors.Join(errs...)
}

// deadLetterSuffix names the dead-letter queue of a queue.
const deadLetterSuffix = "/$DeadLetterQueue"

var queueName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?$`)

// splitName returns the queue that the path names and which of its two
// sub-queues. As in Service Bus, case does not matter.
func splitName(path string) (name string, sub subqueue, err error) {
	name = strings.ToLower(path)
	if n, ok := strings.CutSuffix(name, strings.ToLower(deadLetterSuffix)); ok {
		name, sub = n, deadLetter
	}
	if !queueName.MatchString(name) {
		return "", 0, fmt.Errorf("servicebus: %q is not the name of a queue", path)
	}
	return name, sub, nil
}
