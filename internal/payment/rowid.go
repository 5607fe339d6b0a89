package payment

import (
	"fmt"
	"strings"
)

// RowID is the GUID of a payment row in the CRM, in lower case, without
// braces. Only ParseRowID makes one from outside text, so a RowID is safe in a
// URL, in an OData filter and as a key.
type RowID string

// ParseRowID reads a GUID as people and systems write it: upper or lower case,
// with or without braces, surrounded by spaces or not.
func ParseRowID(s string) (RowID, error) {
	t := strings.ToLower(strings.TrimSpace(s))
	if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") {
		t = t[1 : len(t)-1]
	}
	if len(t) != 36 {
		return "", fmt.Errorf("not a GUID: it has %d characters instead of 36", len(t))
	}
	for i := range len(t) {
		c := t[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", fmt.Errorf("not a GUID: no hyphen at position %d", i+1)
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
				return "", fmt.Errorf("not a GUID: position %d is not a hexadecimal digit", i+1)
			}
		}
	}
	return RowID(t), nil
}
