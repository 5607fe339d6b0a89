package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLocal bounds a local.settings.json in bytes.
const maxLocal = 1 << 20

// ReadLocal reads the Values of a local.settings.json, the file from which Core
// Tools take app settings on a developer's machine. As there, numbers and
// booleans become their text. It also reads what
//
//	az functionapp config appsettings list
//
// shows of an app in Azure. The file is plain JSON without comments; a byte
// order mark is tolerated. A file that does not exist is an error that is
// fs.ErrNotExist. No error quotes a value.
func ReadLocal(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the local settings: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxLocal+1))
	if err != nil {
		return nil, fmt.Errorf("reading the local settings: %w", err)
	}
	if len(text) > maxLocal {
		return nil, fmt.Errorf("reading the local settings: %s is larger than 1 MiB", path)
	}
	values, err := parseLocal(bytes.TrimPrefix(text, []byte("\uFEFF")))
	if err != nil {
		return nil, fmt.Errorf("reading the local settings: %s: %w", path, err)
	}
	return values, nil
}

func parseLocal(text []byte) (map[string]string, error) {
	if list := bytes.TrimSpace(text); len(list) > 0 && list[0] == '[' {
		return parseList(list)
	}
	var file struct {
		IsEncrypted bool
		Values      map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, describe(text, err)
	}
	if file.IsEncrypted {
		return nil, errors.New("its values are encrypted: run func settings decrypt")
	}
	values := make(map[string]string, len(file.Values))
	for name, raw := range file.Values {
		var value string
		switch raw[0] {
		case '"':
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, fmt.Errorf("the value of %s is not a string", name)
			}
		case '{', '[':
			return nil, fmt.Errorf("the value of %s is not a string: nested settings are written as Name__Part", name)
		case 'n':
			continue // null: not set.
		default:
			value = string(raw)
		}
		values[name] = value
	}
	return values, nil
}

// parseList reads a list of names and values.
func parseList(text []byte) (map[string]string, error) {
	var list []struct {
		Name  string  `json:"name"`
		Value *string `json:"value"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, describe(text, err)
	}
	values := make(map[string]string, len(list))
	for _, setting := range list {
		if setting.Name == "" {
			return nil, errors.New("one of the settings in the list has no name")
		}
		if setting.Value != nil {
			values[setting.Name] = *setting.Value
		}
	}
	return values, nil
}

// describe says where a text stops being JSON of the right form, without
// quoting it.
func describe(text []byte, err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return errors.New("it is not a JSON object")
		}
		return fmt.Errorf("%s is of the wrong type", e.Field)
	}
	e, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return errors.New("it is not JSON")
	}
	before := text[:min(max(int(e.Offset)-1, 0), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	if rest := text[len(before):]; len(rest) > 0 && rest[0] == '/' {
		return fmt.Errorf("line %d, column %d: JSON has no comments", line, column)
	}
	return fmt.Errorf("line %d, column %d: it is not JSON there", line, column)
}
