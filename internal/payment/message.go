package payment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// MessageVersion is the version of the format in which this build writes the
// messages of both queues. Messages of another version are refused with a
// clear error, so a roll back of a deployment cannot misread what a newer one
// enqueued.
const MessageVersion = 1

// MaxDeliveries is how often a hint or a row change may be delivered in vain
// before a person is told. What goes back to the queue while its neighbours are
// finished is a new message to Service Bus, which counts from one again and would
// never give it up; so the count travels in the message. Each delivery holds on
// to what is left for half a minute at least, so this outlasts four hours.
const MaxDeliveries = 500

// maxMessage bounds a message body in bytes. The largest message that PayBridge
// writes is far smaller: everything in it is bounded.
const maxMessage = 16 << 10

// decodeMessage reads a message body: one JSON value and nothing after it.
func decodeMessage(body []byte, v any) error {
	if len(body) > maxMessage {
		return fmt.Errorf("%d bytes, more than %d", len(body), maxMessage)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

// checkVersion refuses what another build wrote in another format.
func checkVersion(version int) error {
	if version != MessageVersion {
		return fmt.Errorf("version %d, this build reads version %d", version, MessageVersion)
	}
	return nil
}

// delivered adds deliveries to a count.
func delivered(count, n int) int { return min(count+max(n, 0), MaxDeliveries) }

// checkDeliveries refuses a count that Encode never writes.
func checkDeliveries(count int) error {
	if count < 0 || count > MaxDeliveries {
		return fmt.Errorf("deliveries are not between 0 and %d", MaxDeliveries)
	}
	return nil
}
