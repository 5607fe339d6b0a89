package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// mask is what every way of writing a Secret down shows in its place. It is the
// same for an empty secret: whether one is set is told by IsZero.
const mask = "[secret]"

// Secret is a value that must not be written down: a key, a password, a
// connection string. Formatting, logging and text encodings show "[secret]";
// binary encodings refuse. The zero Secret is empty and ready to use.
//
// The value sits behind a function because fmt and other printers do not call
// the methods of a struct's unexported fields: they would follow a string or a
// pointer to it, and have only an address to print here. It also means that ==
// on secrets does not compile: Equal compares them.
type Secret struct{ value func() string }

// New returns a Secret that holds value.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{func() string { return value }}
}

// Reveal returns the value. Call it where the value is handed to the client
// that needs it, and nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// IsZero reports whether the secret is empty, which is to say not set.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal reports whether two secrets hold the same value, in a time that depends
// on neither where they differ nor on how long they are. Two empty secrets are
// equal: check IsZero before using Equal to admit a caller.
func (s Secret) Equal(other Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Format writes "[secret]" for every verb and flag.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, mask) }

// String returns "[secret]".
func (Secret) String() string { return mask }

// GoString returns "[secret]".
func (Secret) GoString() string { return mask }

// LogValue returns "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns "[secret]", for XML and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON returns the JSON string "[secret]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// errBinary is returned by the binary encodings: what they write is meant to be
// read back as it was, and a mask read back as a value would be worse than an
// error.
var errBinary = errors.New("a secret cannot be encoded")

// MarshalBinary refuses.
func (Secret) MarshalBinary() ([]byte, error) { return nil, errBinary }

// GobEncode refuses.
func (Secret) GobEncode() ([]byte, error) { return nil, errBinary }
