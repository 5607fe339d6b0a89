package dataverse

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// The collections of definitions.
const (
	definitionsPath   = "EntityDefinitions"
	relationshipsPath = "RelationshipDefinitions"
)

// crmNamespace is the prefix of types, casts and bound actions.
const crmNamespace = "Microsoft.Dynamics.CRM."

var (
	keyedSegment = regexp.MustCompile(`^(\w+)\((?:(LogicalName|SchemaName)='(\w+)'|([0-9A-Fa-f-]{36}))\)$`)
	nameFilter   = regexp.MustCompile(`^(LogicalName|SchemaName) eq '(\w+)'$`)
)

// named is a segment of a path that names one definition, by its name or by
// its MetadataId.
type named struct {
	collection string
	property   string
	name       string
	id         string
}

func parseNamed(segment string) (named, bool) {
	m := keyedSegment.FindStringSubmatch(segment)
	if m == nil {
		return named{}, false
	}
	return named{collection: m[1], property: m[2], name: m[3], id: strings.ToLower(m[4])}, true
}

// is reports whether a definition is the one that is named.
func (n named) is(logicalName, schemaName, id string) bool {
	switch {
	case n.id != "":
		return n.id == id
	case n.property == "SchemaName":
		return strings.EqualFold(n.name, schemaName)
	default:
		return n.name == logicalName
	}
}

// aboutMetadata says whether a request is one about definitions.
func (q *request) aboutMetadata() bool {
	name, _, _ := strings.Cut(q.path, "(")
	name, _, _ = strings.Cut(name, "/")
	return name == definitionsPath || name == relationshipsPath
}

// pollsKeys says whether a read advances the indexes of keys that are not
// active yet, which is how time passes for them.
func (q *request) pollsKeys() bool {
	return q.method == http.MethodGet && q.aboutMetadata() && strings.Contains(q.path, ")/Keys")
}

// metadata finds the answer to a request about definitions, nil when it is
// about something else.
func (x *tx) metadata(segments []string, q *request) func() (*response, error) {
	if !q.aboutMetadata() {
		return nil
	}
	return func() (*response, error) {
		if q.method != http.MethodGet {
			if err := x.mayCustomize(); err != nil {
				return nil, err
			}
		}
		name, _, _ := strings.Cut(segments[0], "(")
		if name == relationshipsPath {
			return x.relationships(segments, q)
		}
		if segments[0] == definitionsPath {
			switch q.method {
			case http.MethodGet:
				return x.listTables(q)
			case http.MethodPost:
				return x.createTable(q)
			default:
				return nil, methodNotAllowed(q.method)
			}
		}
		t := x.defined(segments[0])
		if t == nil {
			return nil, fail(http.StatusNotFound, codeNotFound, "Could not find an entity with the name given in %s.", segments[0])
		}
		if len(segments) == 1 {
			return x.oneTable(t, q)
		}
		return x.belowTable(t, segments[1:], q)
	}
}

// defined returns the table that a segment names.
func (x *tx) defined(segment string) *table {
	n, ok := parseNamed(segment)
	if !ok || n.collection != definitionsPath {
		return nil
	}
	for _, t := range x.schema.tables {
		if n.is(t.LogicalName, t.SchemaName, metadataID(t.LogicalName)) {
			return t
		}
	}
	return nil
}

// belowTable answers for the columns and keys of a table.
func (x *tx) belowTable(t *table, segments []string, q *request) (*response, error) {
	collection, _, _ := strings.Cut(segments[0], "(")
	switch {
	case collection == "Attributes" && segments[0] == collection && q.method == http.MethodPost:
		return x.createColumn(t, q)
	case collection == "Attributes":
		return x.columnDefinitions(t, segments, q)
	case collection == "Keys" && segments[0] == collection && q.method == http.MethodPost:
		return x.createKey(t, q)
	case collection == "Keys":
		return x.keyDefinitions(t, segments, q)
	case segments[0] == "Privileges" && q.method == http.MethodGet:
		return definitions(t.privileges()), nil
	default:
		return nil, noSuchSegment(segments[0])
	}
}

func metadataID(name string) string {
	return uuid.NewSHA1(seedSpace, []byte("metadata/"+name)).String()
}

// createdDefinition is the answer to the making of a definition.
func createdDefinition(q *request, path, name string) *response {
	answer := noContent()
	answer.header.Set("OData-EntityId", q.base+path+"("+metadataID(name)+")")
	return answer
}
