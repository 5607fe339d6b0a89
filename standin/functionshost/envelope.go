package functionshost

import (
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"paybridge/standin/functionshost/newtonsoft"
)

// envelope is the body of a request to the handler in JSON mode.
type envelope struct {
	data     *newtonsoft.Token // by binding name
	metadata *newtonsoft.Token // binding data, converted already
}

// text returns the envelope as the host writes it: compact.
func (e *envelope) text() string {
	o := newtonsoft.NewObject()
	o.Set("Data", e.data)
	o.Set("Metadata", e.metadata)
	return o.Compact()
}

// addSys adds the host's own binding data, under another name when the payload
// has taken sys already.
func addSys(metadata *newtonsoft.Token, function string, now time.Time) {
	sys := newtonsoft.NewObject()
	sys.Set("MethodName", newtonsoft.NewString(function))
	sys.Set("UtcNow", newtonsoft.NewTime(now, true))
	sys.Set("RandGuid", newtonsoft.NewString(uuid.NewString()))
	name := "sys"
	if metadata.GetFold(name) != nil {
		name = "$sys"
	}
	metadata.Set(name, sys)
}

// encoded is the host's conversion of a value that is no object, date or byte
// array: its JSON, put into a JSON string.
func encoded(t *newtonsoft.Token) *newtonsoft.Token { return newtonsoft.NewString(t.Compact()) }

// encodedText is encoded for a string: quotes within quotes.
func encodedText(s string) *newtonsoft.Token { return newtonsoft.NewString(newtonsoft.Quote(s)) }

// base64Of is the host's conversion of a byte array, encoded once.
func base64Of(b []byte) *newtonsoft.Token {
	return newtonsoft.NewString(base64.StdEncoding.EncodeToString(b))
}

// mergePayload adds the members of a payload that is a JSON object to the
// binding data. They overwrite what is there, whatever its case; arrays and
// nulls are left out, and scalars become strings of their .NET text.
func mergePayload(metadata *newtonsoft.Token, payload string) {
	body, err := newtonsoft.Parse([]byte(payload))
	if err != nil || body.Kind != newtonsoft.Object {
		return
	}
	for _, m := range body.Members {
		switch m.Value.Kind {
		case newtonsoft.Null, newtonsoft.Array:
		case newtonsoft.Object:
			metadata.SetFold(m.Name, m.Value)
		default:
			metadata.SetFold(m.Name, encodedText(m.Value.Plain()))
		}
	}
}
