package newtonsoft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

// Parse reads one JSON value as JToken.Parse does: strings that look like ISO
// dates become dates, integers keep every digit, other numbers become doubles
// (and infinite when they are too large), and a repeated name keeps its last
// value. Anything after the value is an error.
func Parse(text []byte) (*Token, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	t, err := read(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("additional text after the JSON value")
	}
	return t, nil
}

func read(dec *json.Decoder) (*Token, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	switch v := tok.(type) {
	case nil:
		return NewNull(), nil
	case bool:
		return NewBool(v), nil
	case string:
		if d, ok := ParseDate(v); ok {
			return &Token{Kind: Date, Date: d}, nil
		}
		return NewString(v), nil
	case json.Number:
		return number(v.String())
	case json.Delim:
		if v == '[' {
			return readArray(dec)
		}
		return readObject(dec)
	default:
		return nil, fmt.Errorf("unexpected JSON token %T", tok)
	}
}

func number(s string) (*Token, error) {
	if !strings.ContainsAny(s, ".eE") {
		n, ok := new(big.Int).SetString(s, 10)
		if !ok {
			return nil, fmt.Errorf("%q is not an integer", s)
		}
		return &Token{Kind: Integer, Int: n}, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("reading the number: %w", err)
	}
	return &Token{Kind: Float, Float: f}, nil
}

func readArray(dec *json.Decoder) (*Token, error) {
	a := NewArray()
	for dec.More() {
		item, err := read(dec)
		if err != nil {
			return nil, err
		}
		a.Items = append(a.Items, item)
	}
	return a, closing(dec)
}

func readObject(dec *json.Decoder) (*Token, error) {
	o := NewObject()
	place := make(map[string]int)
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("reading a JSON name: %w", err)
		}
		name, ok := tok.(string)
		if !ok {
			return nil, fmt.Errorf("a JSON name is a %T", tok)
		}
		value, err := read(dec)
		if err != nil {
			return nil, err
		}
		if i, twice := place[name]; twice {
			o.Members[i].Value = value
			continue
		}
		place[name] = len(o.Members)
		o.Members = append(o.Members, Member{name, value})
	}
	return o, closing(dec)
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("reading the end of a JSON value: %w", err)
	}
	return nil
}
