package payment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// RowChange says that somebody may have changed what a payment row asks for.
// It is what travels over the queue payment-requests: which row, never what is
// in it, because whoever takes it reads the row.
type RowChange struct {
	// Version is HintVersion.
	Version int `json:"v"`
	// Payment is the row.
	Payment RowID `json:"payment"`
	// Message is what happened to the row in Dataverse's words, Create or
	// Update, or what else made somebody look. It is shown, never judged.
	Message string `json:"message,omitempty"`
	// Operation is Dataverse's id of the change, for finding it in the CRM.
	Operation string `json:"operation,omitempty"`
}

// Encode returns the message body: compact JSON.
func (c RowChange) Encode() ([]byte, error) {
	c.Version = HintVersion
	return json.Marshal(c)
}

// DecodeRowChange reads a message body written by Encode, and checks what in
// it reaches a URL. The error names the field.
func DecodeRowChange(body []byte) (RowChange, error) {
	if len(body) > maxHint {
		return RowChange{}, fmt.Errorf("row change: %d bytes, more than %d", len(body), maxHint)
	}
	var c RowChange
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&c); err != nil {
		return RowChange{}, fmt.Errorf("row change: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return RowChange{}, fmt.Errorf("row change: more than one JSON value")
	}
	if c.Version != HintVersion {
		return RowChange{}, fmt.Errorf("row change: version %d, this build reads version %d", c.Version, HintVersion)
	}
	id, err := ParseRowID(string(c.Payment))
	if err != nil {
		return RowChange{}, fmt.Errorf("row change: payment: %w", err)
	}
	c.Payment = id
	return c, nil
}
