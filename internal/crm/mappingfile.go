package crm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"paybridge/internal/payment"
)

// maxMappingFile bounds a mapping file in bytes.
const maxMappingFile = 64 << 10

// mappingFile is a Mapping as a JSON file has it.
type mappingFile struct {
	// Table is the logical name, Set the name in URLs, ID the GUID column.
	Table string `json:"table"`
	Set   string `json:"set"`
	ID    string `json:"id"`
	// EventLookup is the schema name of the lookup on pb_paymentevent.
	EventLookup string `json:"eventLookup"`
	// Columns are logical names by what the columns hold.
	Columns map[string]string `json:"columns"`
	Choices struct {
		Status    map[string]int `json:"status"`
		Request   map[string]int `json:"request"`
		CollectBy map[string]int `json:"collectBy"`
	} `json:"choices"`
}

// ReadMapping returns the mapping that the setting PaymentTable names: one of
// those built in, or a JSON file. The error joins everything that is wrong with
// the file, each naming the member and the remedy.
func ReadMapping(name string, files fs.FS) (Mapping, error) {
	switch name {
	case "", PaymentTable:
		return PaymentMapping(), nil
	case SalesOrderTable:
		return SalesOrderMapping(), nil
	}
	file, err := files.Open(name)
	if err != nil {
		return Mapping{}, fmt.Errorf("opening the mapping file: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxMappingFile+1))
	if err != nil {
		return Mapping{}, fmt.Errorf("reading the mapping file %s: %w", name, err)
	}
	m, err := DecodeMapping(text)
	if err != nil {
		return Mapping{}, fmt.Errorf("reading the mapping file %s: %w", name, err)
	}
	return m, nil
}

// DecodeMapping reads a mapping file. Names become parts of URLs, so each is
// checked.
func DecodeMapping(text []byte) (Mapping, error) {
	if len(text) > maxMappingFile {
		return Mapping{}, fmt.Errorf("the file is larger than %d bytes: a mapping is a page of JSON", maxMappingFile)
	}
	var f mappingFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Mapping{}, fmt.Errorf("%w: compare the file with docs/mapping.md", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Mapping{}, errors.New("there is more than one JSON value: keep the first")
	}
	m := Mapping{Table: f.Table, SetName: f.Set, IDColumn: f.ID, EventLookup: f.EventLookup}
	c := &mappingCheck{}
	c.name("table", f.Table)
	c.name("set", f.Set)
	c.name("id", f.ID)
	if f.EventLookup != "" && !schemaName.MatchString(f.EventLookup) {
		c.wrong("eventLookup", "is not a schema name: write it with its capitals, such as pb_InvoiceId")
	}
	c.columns(&m, f)
	m.StatusValues = choices(c, "status", m.Status, f.Choices.Status, payment.Statuses())
	m.RequestValues = choices(c, "request", m.Request, f.Choices.Request, payment.Requests())
	m.CollectByValues = choices(c, "collectBy", m.CollectBy, f.Choices.CollectBy, payment.Collections())
	if len(c.errs) > 0 {
		return Mapping{}, errors.Join(c.errs...)
	}
	return m, nil
}

var (
	logicalName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)
	schemaName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)
)

// mappingCheck collects what is wrong with a mapping file.
type mappingCheck struct{ errs []error }

func (c *mappingCheck) wrong(member, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s %s", member, fmt.Sprintf(format, args...)))
}

func (c *mappingCheck) name(member, value string) {
	if !logicalName.MatchString(value) {
		c.wrong(member, "is not a logical name: write it in lower case, as the maker portal shows it")
	}
}

// columns takes over the columns of the file.
func (c *mappingCheck) columns(m *Mapping, f mappingFile) {
	known := map[string]bool{}
	by := map[string]string{f.ID: "id"}
	for _, column := range m.mapped() {
		known[column.name] = true
		member := "columns." + column.name
		value := f.Columns[column.name]
		if value == "" {
			if column.need.applies(f.Columns) {
				c.wrong(member, "is missing: %s", column.need)
			}
			continue
		}
		c.name(member, value)
		if other, taken := by[value]; taken {
			c.wrong(member, "names the column of %s: give each a column of its own", other)
		}
		by[value] = member
		*column.column = value
	}
	for _, name := range slices.Sorted(maps.Keys(f.Columns)) {
		if !known[name] {
			c.wrong("columns."+name, "is not known: see the list in docs/mapping.md")
		}
	}
}

// applies reports whether a mapping with these columns must have one of that
// need.
func (n need) applies(columns map[string]string) bool {
	switch n {
	case always:
		return true
	case forRequests:
		return columns["request"] != ""
	case forLinks:
		return columns["collectBy"] != ""
	default:
		return false
	}
}

// String says why the column is needed.
func (n need) String() string {
	switch n {
	case always:
		return "a payment cannot be shown right without it"
	case forRequests:
		return "it is needed where columns.request is mapped, to tell a new request from an old one"
	case forLinks:
		return "it is needed where columns.collectBy is mapped, for the Checkout link"
	default:
		return "it may be left out"
	}
}

// choices reads the values of a choice: all of them, each another.
func choices[T interface {
	comparable
	fmt.Stringer
}](c *mappingCheck, name, column string, values map[string]int, all []T) map[T]int {
	member := "choices." + name
	if column == "" {
		if len(values) > 0 {
			c.wrong(member, "has values, but columns.%s is not mapped: map it, or leave the values out", name)
		}
		return nil
	}
	read, by, labels := map[T]int{}, map[int]string{}, map[string]bool{}
	for _, what := range all {
		label := what.String()
		labels[label] = true
		value, ok := values[label]
		if !ok {
			c.wrong(member, "has no value for %q", label)
			continue
		}
		if other, taken := by[value]; taken {
			c.wrong(member, "has the value %d for %q and for %q: give each its own", value, other, label)
		}
		if value <= 0 {
			c.wrong(member, "has %d for %q: a choice's value is a positive number", value, label)
		}
		by[value] = label
		read[what] = value
	}
	for _, label := range slices.Sorted(maps.Keys(values)) {
		if !labels[label] {
			c.wrong(member, "has %q, which is none of: %s", label, strings.Join(slices.Sorted(maps.Keys(labels)), ", "))
		}
	}
	return read
}
