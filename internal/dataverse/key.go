package dataverse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// maxKeyValue is the longest text in an alternate key. Dataverse limits a
// whole key to 900 bytes, which is 450 characters of its two-byte text.
const maxKeyValue = 450

// Key addresses one row: by its GUID or by an alternate key. Only the
// functions of this package make one, and they check what they are given, so a
// Key is always safe in a URL. The zero Key addresses nothing and is refused.
type Key struct {
	text    string
	columns []string
}

// ID returns the key of the row with a GUID, given in any case, with or
// without braces.
func ID(guid string) (Key, error) {
	id, err := parseGUID(guid)
	if err != nil {
		return Key{}, fmt.Errorf("making a row key: %w", err)
	}
	return RowID(id), nil
}

// RowID returns the key of the row with a GUID that is already parsed.
func RowID(id uuid.UUID) Key { return Key{text: id.String()} }

// KeyPart is one column of an alternate key with its value: a string, an int
// or a uuid.UUID. The column of a lookup is written _name_value.
type KeyPart struct {
	Column string
	Value  any
}

// AlternateKey returns a key of one column.
//
// A text value must consist of letters, digits and . _ ~ - only: Dataverse
// documents that values with / < > * % & : \ ? + do not work in a URL, however
// they are escaped. Find such a row with a [Filter] instead.
func AlternateKey(column string, value any) (Key, error) {
	return AlternateKeyOf(KeyPart{Column: column, Value: value})
}

// AlternateKeyOf returns a key of several columns. See [AlternateKey] for what
// a value may be.
func AlternateKeyOf(parts ...KeyPart) (Key, error) {
	if len(parts) == 0 {
		return Key{}, errors.New("making an alternate key: no columns")
	}
	var texts, columns []string
	for _, part := range parts {
		if err := checkName(part.Column); err != nil {
			return Key{}, fmt.Errorf("making an alternate key: %w", err)
		}
		value, err := keyValue(part.Value)
		if err != nil {
			return Key{}, fmt.Errorf("making an alternate key: the value of %s %w", part.Column, err)
		}
		texts = append(texts, part.Column+"="+value)
		columns = append(columns, part.Column)
	}
	return Key{text: strings.Join(texts, ","), columns: columns}, nil
}

// String returns the key as it stands between the parentheses of a URL.
func (k Key) String() string { return k.text }

// IsZero says whether the key addresses nothing.
func (k Key) IsZero() bool { return k.text == "" }

func keyValue(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return "", errors.New("is empty")
		}
		if len(v) > maxKeyValue {
			return "", fmt.Errorf("has %d bytes, more than %d", len(v), maxKeyValue)
		}
		for i := range len(v) {
			if !keyCharacter(v[i]) {
				return "", fmt.Errorf("has %q at position %d, which Dataverse does not take in the URL of a row", v[i], i+1)
			}
		}
		return "'" + v + "'", nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uuid.UUID:
		return v.String(), nil
	default:
		return "", fmt.Errorf("is a %T, not a string, an int or a GUID", value)
	}
}

func keyCharacter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '.' || c == '_' || c == '~' || c == '-'
}

func parseGUID(s string) (uuid.UUID, error) {
	// uuid.Parse also takes forms that Dataverse never writes, such as a URN.
	if len(s) != 36 && len(s) != 38 {
		return uuid.UUID{}, fmt.Errorf("not a GUID: it has %d characters instead of 36", len(s))
	}
	if len(s) == 38 && (s[0] != '{' || s[37] != '}') {
		return uuid.UUID{}, errors.New("not a GUID: it has 38 characters and no braces")
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.UUID{}, errors.New("not a GUID")
	}
	return id, nil
}

// checkName accepts the name of a table, set, column or navigation property.
func checkName(name string) error {
	if name == "" {
		return errors.New("a name is empty")
	}
	if len(name) > 128 {
		return fmt.Errorf("a name has %d characters, more than 128", len(name))
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return fmt.Errorf("%q is not a name in Dataverse", name)
		}
	}
	return nil
}
