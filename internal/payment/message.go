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
