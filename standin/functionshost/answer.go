package functionshost

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"paybridge/standin/functionshost/newtonsoft"
)

// errNoResult is the answer that the host takes for none: it goes on waiting
// until the function times out.
var errNoResult = errors.New("the answer is empty, so the invocation never ends")

// answer is what the handler answered to a JSON request.
type answer struct {
	outputs     *newtonsoft.Token // nil when there were none
	logs        []string
	returnValue *newtonsoft.Token // nil when there was none
}

// reply is what an HTTP caller gets.
type reply struct {
	status  int
	headers []header
	body    string
}

// readAnswer reads an answer by the host's rules. errNoResult is the one that
// hangs, any other error a failed invocation.
func readAnswer(status int, contentType string, body []byte) (*answer, error) {
	if status < 200 || status > 299 {
		return nil, fmt.Errorf("response status code does not indicate success: %d", status)
	}
	if len(body) == 0 {
		return nil, errNoResult
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" && media != "text/json" {
		return nil, fmt.Errorf("invalid HttpResponseMessage: the content type is %q", contentType)
	}
	top, err := newtonsoft.Parse([]byte(decodeText(body)))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if top.Kind == newtonsoft.Null {
		return nil, errNoResult
	}
	if top.Kind != newtonsoft.Object {
		return nil, errors.New("reading the answer: it is no JSON object")
	}
	a := &answer{}
	if o := top.GetFold("Outputs"); !o.IsNull() {
		if o.Kind != newtonsoft.Object {
			return nil, errors.New("reading the answer: Outputs is no object")
		}
		a.outputs = o
	}
	if v := top.GetFold("ReturnValue"); !v.IsNull() {
		a.returnValue = v
	}
	if a.logs, err = readLogs(top.GetFold("Logs")); err != nil {
		return nil, err
	}
	return a, nil
}

func readLogs(t *newtonsoft.Token) ([]string, error) {
	if t.IsNull() {
		return nil, nil
	}
	if t.Kind != newtonsoft.Array {
		return nil, errors.New("reading the answer: Logs is no array")
	}
	var lines []string
	for _, item := range t.Items {
		if item.Kind == newtonsoft.Object || item.Kind == newtonsoft.Array {
			return nil, errors.New("reading the answer: a log is no string")
		}
		lines = append(lines, item.Plain())
	}
	return lines, nil
}

// value returns what the answer says for an output binding, nil for nothing.
func (a *answer) value(name string) *newtonsoft.Token {
	if name == "$return" {
		return a.returnValue
	}
	return a.outputs.Get(name)
}

// mergeReturn adds the members of a returned object to the outputs, which the
// host does when no binding is called $return.
func (a *answer) mergeReturn(outputs []output) {
	if a.returnValue == nil || a.returnValue.Kind != newtonsoft.Object {
		return
	}
	for _, o := range outputs {
		if o.Name == "$return" {
			return
		}
	}
	if a.outputs == nil {
		a.outputs = newtonsoft.NewObject()
	}
	for _, m := range a.returnValue.Members {
		a.outputs.Set(m.Name, m.Value)
	}
}

// httpReply is the reply of an HTTP function.
func (a *answer) httpReply(outputs []output) (*reply, error) {
	for _, o := range outputs {
		if !o.is(httpOutput) {
			continue
		}
		value := a.value(o.Name)
		if value != nil {
			return responseObject(value)
		}
		if a.outputs != nil && o.Name != "$return" {
			// Captured: the binding's own empty response object is the reply.
			return textReply(http.StatusOK, "{}"), nil
		}
	}
	if a.returnValue != nil {
		return textReply(http.StatusOK, a.returnValue.Plain()), nil
	}
	return &reply{status: http.StatusNoContent}, nil
}

const plainText = "text/plain; charset=utf-8"

func textReply(status int, body string) *reply {
	return &reply{status, []header{{"Content-Type", []string{plainText}}}, body}
}

// responseObject reads the value of an http output: an object, or a string
// that holds one, with statusCode, headers and body.
func responseObject(value *newtonsoft.Token) (*reply, error) {
	parsed, err := newtonsoft.Parse([]byte(value.Plain()))
	if err != nil || parsed.Kind != newtonsoft.Object {
		return nil, errors.New("the http output is not in the expected format: it is no JSON object")
	}
	r := textReply(http.StatusOK, parsed.GetFold("body").Plain())
	if code := parsed.GetFold("statusCode"); !code.IsNull() {
		n, err := strconv.Atoi(code.Plain())
		if err != nil || n < 100 || n > 999 {
			return nil, fmt.Errorf("the http output has the status code %q", code.Plain())
		}
		r.status = n
	}
	headers := parsed.GetFold("headers")
	if headers.IsNull() {
		return r, nil
	}
	if headers.Kind != newtonsoft.Object {
		return nil, errors.New("the http output is not in the expected format: its headers are no object")
	}
	for _, m := range headers.Members {
		r.set(m.Name, m.Value.Plain())
	}
	return r, nil
}

// set sets a header. A content type without a charset gets the one in which
// the body is written.
func (r *reply) set(name, value string) {
	if strings.EqualFold(name, "Content-Type") {
		if _, params, err := mime.ParseMediaType(value); err == nil && params["charset"] == "" {
			value += "; charset=utf-8"
		}
		r.headers[0].values[0] = value
		return
	}
	r.headers = append(r.headers, header{name, []string{value}})
}
