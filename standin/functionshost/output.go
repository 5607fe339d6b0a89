package functionshost

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"paybridge/standin/functionshost/newtonsoft"
	"paybridge/standin/servicebus"
)

// byteArrayText is what .NET prints for a byte array, and so what arrives when
// the host took a string for base64 and then wanted a string again.
const byteArrayText = "System.Byte[]"

// sendOutputs sends what the answer says for the bindings other than http, all
// bindings at once and each message by itself. When one fails, others may have
// been sent.
func sendOutputs(ctx context.Context, a *answer, outputs []output) error {
	var all errgroup.Group
	for _, o := range outputs {
		value := a.value(o.Name)
		if o.is(httpOutput) || value.IsNull() {
			continue
		}
		bodies, err := messageBodies(value, strings.EqualFold(o.DataType, "binary"))
		if err != nil {
			all.Go(func() error { return fmt.Errorf("converting the output %s: %w", o.Name, err) })
			continue
		}
		all.Go(func() error {
			for _, body := range bodies {
				m := servicebus.Message{Body: []byte(body), ContentType: "text/plain"}
				if err := o.queue.Send(ctx, m); err != nil {
					return fmt.Errorf("sending the output %s: %w", o.Name, err)
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// messageBodies converts an output value to the bodies of the messages that
// the host sends for it: one for each element of an array, or of a string that
// holds an array.
func messageBodies(value *newtonsoft.Token, binary bool) ([]string, error) {
	if value.Kind == newtonsoft.String {
		if !binary && looksLikeBase64(value.Text) {
			return []string{byteArrayText}, nil
		}
		if looksLikeJSON(value.Text) {
			parsed, err := newtonsoft.Parse([]byte(value.Text))
			if err != nil {
				return nil, err
			}
			value = parsed
		}
	}
	if value.Kind != newtonsoft.Array {
		return []string{value.Plain()}, nil
	}
	bodies := make([]string, 0, len(value.Items))
	for _, item := range value.Items {
		bodies = append(bodies, item.Plain())
	}
	return bodies, nil
}

func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") ||
		strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]")
}

// looksLikeBase64 reports whether Convert.FromBase64String would read s: white
// space does not count, the length is a multiple of four, and there are at
// most two equals signs, at the end.
func looksLikeBase64(s string) bool {
	n, padding := 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == '=':
			padding++
		case padding > 0:
			return false
		case !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'):
			return false
		}
		n++
	}
	return n%4 == 0 && padding <= 2
}
