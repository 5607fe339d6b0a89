package dataverse

import (
	"bytes"
	"encoding/json"
)

// object writes a JSON object whose members keep their order, because
// annotations precede what they annotate.
type object struct {
	buf bytes.Buffer
}

func newObject() *object {
	o := &object{}
	o.buf.WriteByte('{')
	return o
}

func (o *object) name(name string) {
	if o.buf.Len() > 1 {
		o.buf.WriteByte(',')
	}
	o.buf.Write(encode(name))
	o.buf.WriteByte(':')
}

func (o *object) add(name string, v any) { o.raw(name, encode(v)) }

func (o *object) raw(name string, value []byte) {
	o.name(name)
	o.buf.Write(value)
}

func (o *object) bytes() []byte { return append(bytes.Clone(o.buf.Bytes()), '}') }

// encode writes text as the platform does: without escapes for < > &.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// wire is a column's value as reads show it.
func wire(c *Column, v any) []byte {
	if c.WriteOnly {
		return []byte("null")
	}
	switch v := v.(type) {
	case nil:
		return []byte("null")
	case Ref:
		return encode(v.ID)
	case json.Number:
		switch c.Type {
		case Money:
			return []byte(toDecimal(v).StringFixed(4))
		case Decimal:
			return []byte(toDecimal(v).StringFixed(int32(c.Precision)))
		default:
			return []byte(v.String())
		}
	default:
		return encode(v)
	}
}
