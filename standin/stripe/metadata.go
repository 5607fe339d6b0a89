package stripe

import (
	"maps"
	"strconv"
	"strings"
)

// Stripe's limits on metadata.
const (
	maxMetadataKeys  = 50
	maxMetadataName  = 40
	maxMetadataValue = 500
)

// merge reads a metadata parameter into what there was: a key with an empty value is taken away, and an empty string
// in place of the whole hash takes all away, as Stripe documents.
func (f *form) merge(name string, was map[string]string) map[string]string {
	node := f.at(name)
	node.read = true
	merged := maps.Clone(was)
	if merged == nil {
		merged = map[string]string{}
	}
	if node.isSet && node.value == "" && len(node.kids) == 0 {
		return map[string]string{}
	}
	for _, key := range node.order {
		kid := node.kids[key]
		kid.read = true
		switch {
		case kid.value == "":
			delete(merged, key)
		case len([]rune(key)) > maxMetadataName || strings.ContainsAny(key, "[]"):
			f.fail(invalid("", node.path, "Metadata keys must be "+strconv.Itoa(maxMetadataName)+
				" characters or less. The key '"+key+"' is longer."))
		case len([]rune(kid.value)) > maxMetadataValue:
			f.fail(invalid("", node.path, "Metadata values can have up to "+strconv.Itoa(maxMetadataValue)+
				" characters, but you passed in a value that is "+strconv.Itoa(len([]rune(kid.value)))+" characters."))
		default:
			merged[key] = kid.value
		}
	}
	if len(merged) > maxMetadataKeys {
		f.fail(invalid("", node.path, "Metadata can have up to "+strconv.Itoa(maxMetadataKeys)+
			" keys, but you passed "+strconv.Itoa(len(merged))+"."))
	}
	return merged
}
