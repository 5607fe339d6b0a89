package stripe

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// shapes holds, for each kind of object, every attribute that API version 2023-10-16 shows, at its resting value. What
// the stand-in keeps of an object is laid over it, so that an SDK finds all the attributes it reads.
//
//go:embed shapes
var shapes embed.FS

// document is an object as it goes over the wire.
type document map[string]any

// MarshalJSON writes id and object first and the rest by name, as Stripe does.
func (d document) MarshalJSON() ([]byte, error) {
	if d == nil {
		return []byte("null"), nil
	}
	var out bytes.Buffer
	out.WriteByte('{')
	write := func(name string) error {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		key, err := encode(name)
		if err != nil {
			return err
		}
		value, err := encode(d[name])
		if err != nil {
			return err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
		return nil
	}
	names := slices.Sorted(maps.Keys(d))
	for _, first := range []string{"id", "object"} {
		if _, ok := d[first]; ok {
			if err := write(first); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range names {
		if name == "id" || name == "object" {
			continue
		}
		if err := write(name); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// encode is json.Marshal without the escaping of <, > and &, which Stripe does not do.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// pretty is how Stripe prints: two spaces a level.
func pretty(v any) ([]byte, error) {
	flat, err := encode(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, flat, "", "  "); err != nil {
		return nil, fmt.Errorf("indenting %T: %w", v, err)
	}
	return out.Bytes(), nil
}

func decodeDocument(raw []byte) (document, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	d := document{}
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("decoding a document: %w", err)
	}
	return d, nil
}

// render lays what is kept of an object over the shape of its kind. Attributes whose name starts with an underscore
// are the stand-in's own and stay inside.
func render(o object) (document, error) {
	raw, err := encode(o)
	if err != nil {
		return nil, err
	}
	kept, err := decodeDocument(raw)
	if err != nil {
		return nil, err
	}
	d, err := shapeOf(o.head().Object)
	if err != nil {
		return nil, err
	}
	for name, value := range kept {
		if !strings.HasPrefix(name, "_") {
			d[name] = value
		}
	}
	return d, nil
}

// shapeOf is the resting shape of a kind, empty where all its attributes are kept.
func shapeOf(kind string) (document, error) {
	raw, err := shapes.ReadFile("shapes/" + strings.ReplaceAll(kind, ".", "_") + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return document{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the shape of %s: %w", kind, err)
	}
	return decodeDocument(raw)
}

// previously is what data.previous_attributes says of a change: the former values of what is different now, inside a
// hash only the members that are.
func previously(was, is map[string]any) map[string]any {
	changed := map[string]any{}
	for name, now := range is {
		before, ok := was[name]
		if !ok {
			before = nil
		}
		if reflect.DeepEqual(before, now) {
			continue
		}
		beforeHash, both := before.(map[string]any)
		nowHash, ok := now.(map[string]any)
		if both && ok {
			changed[name] = previously(beforeHash, nowHash)
			continue
		}
		changed[name] = before
	}
	for name, before := range was {
		if _, ok := is[name]; !ok {
			changed[name] = before
		}
	}
	return changed
}
