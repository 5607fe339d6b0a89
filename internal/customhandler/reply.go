package customhandler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reply is what an HTTP caller gets, and the messages that go out before it.
type Reply struct {
	// Status is the HTTP status. Zero means 200.
	Status int
	// Header has one value per name; the host cannot send more. Without a
	// Content-Type it is application/json.
	Header map[string]string
	// Body is sent as it is. It must be UTF-8.
	Body []byte
	// Outputs are the messages to send. The host sends them before it answers
	// the caller, and answers with an empty 500 if one cannot be sent.
	Outputs Outputs
}

// JSON returns a Reply with v as its body, in the shape that a Handle returns.
// The body is for people to read as well: <, > and & stay as they are.
func JSON(status int, v any) (Reply, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return Reply{}, fmt.Errorf("encoding the reply: %w", err)
	}
	return Reply{Status: status, Body: bytes.TrimSuffix(body.Bytes(), []byte("\n"))}, nil
}

// Outputs are messages by the name of the queue output binding that sends
// them. Each body is one message, must be a JSON object or array in UTF-8, and
// arrives byte for byte. Several messages of one invocation are not sent as a
// unit: if one fails the others may have gone, and the invocation fails.
type Outputs map[string][][]byte

// wireAnswer is the answer to the host. Logs stays null, because logging goes
// through stdout, and ReturnValue too, because no binding is named $return.
type wireAnswer struct {
	Outputs     map[string]any
	Logs        []string
	ReturnValue any
}

// wireReply is the value of an http output binding. The host reads statusCode
// and no other spelling of it.
type wireReply struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// encode returns the answer to the host, and an error for anything that the
// host would drop or change on its way.
func (inv *invocation) encode(reply *Reply, outputs Outputs) ([]byte, error) {
	wire := wireAnswer{Outputs: make(map[string]any, len(outputs)+1)}
	sent := 0
	for binding, bodies := range outputs {
		// The host ignores an output that it does not know, and the message
		// would be lost without a sound.
		if !slices.Contains(inv.function.Outputs, binding) {
			return nil, fmt.Errorf("encoding the outputs: %q is not an output binding of the function", binding)
		}
		if len(bodies) == 0 {
			continue
		}
		texts := make([]string, len(bodies))
		for i, body := range bodies {
			if err := checkMessage(body); err != nil {
				return nil, fmt.Errorf("encoding message %d for %s: %w", i, binding, err)
			}
			texts[i] = string(body)
		}
		wire.Outputs[binding] = texts
		sent += len(texts)
	}
	if reply != nil {
		res, err := encodeReply(reply)
		if err != nil {
			return nil, fmt.Errorf("encoding the reply: %w", err)
		}
		wire.Outputs[inv.function.Response] = res
		inv.res = res.StatusCode
	}
	answer, err := json.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	inv.sent = sent
	return answer, nil
}

var (
	errNotUTF8 = errors.New("it is not valid UTF-8")
	errNotJSON = errors.New("it is not a JSON object or array")
	errDate    = errors.New("it looks like a date, which the host would print in another form")
)

// checkMessage refuses what the host would not send byte for byte. It parses
// no string inside an array but reprints one that is a bare ISO date, which no
// object and no array is.
func checkMessage(body []byte) error {
	if !utf8.Valid(body) {
		return errNotUTF8
	}
	start := bytes.TrimLeft(body, " \t\r\n")
	if len(start) == 0 || start[0] != '{' && start[0] != '[' || !json.Valid(body) {
		return errNotJSON
	}
	return nil
}

func encodeReply(reply *Reply) (wireReply, error) {
	res := wireReply{StatusCode: reply.Status, Headers: make(map[string]string, len(reply.Header)+1), Body: string(reply.Body)}
	if res.StatusCode == 0 {
		res.StatusCode = http.StatusOK
	}
	if res.StatusCode < 200 || res.StatusCode > 599 {
		return res, fmt.Errorf("%d is not a status that can be answered", res.StatusCode)
	}
	if err := checkText(res.Body); err != nil {
		return res, fmt.Errorf("checking the body: %w", err)
	}
	typed := false
	for name, value := range reply.Header {
		if strings.ContainsAny(name, " :\r\n\x00") || strings.ContainsAny(value, "\r\n\x00") || name == "" {
			return res, fmt.Errorf("checking the header %q: it is not one", name)
		}
		if err := checkText(value); err != nil {
			return res, fmt.Errorf("checking the header %q: %w", name, err)
		}
		typed = typed || strings.EqualFold(name, "Content-Type")
		res.Headers[name] = value
	}
	if !typed {
		res.Headers["Content-Type"] = "application/json"
	}
	return res, nil
}

// checkText refuses a string that would not arrive as it is. The host reads
// the answer with a JSON library that turns any string in the form of a date
// into one and prints it differently.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errNotUTF8
	}
	if len(s) >= 19 && len(s) <= 40 && s[4] == '-' && s[7] == '-' && s[10] == 'T' || strings.HasPrefix(s, "/Date(") {
		return errDate
	}
	return nil
}
