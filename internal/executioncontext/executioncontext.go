// Package executioncontext reads the RemoteExecutionContext that a step of
// Dataverse posts to a webhook. It takes from it who changed which row and how
// the change can be found again, never a column's value: the values are those
// of the moment of the change, are left out above 256 KB, and whoever knows the
// address can post any. The row itself says what is true.
package executioncontext

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"paybridge/internal/payment"
)

// The messages that say that a row may ask for something new. CreateMultiple
// and UpdateMultiple raise one of them for each row.
const (
	Create = "Create"
	Update = "Update"
)

// Context is what is read of an execution context. All ids are GUIDs in lower
// case without braces.
type Context struct {
	// Entity is the logical name of the table, never empty. Messages that are
	// about no table say "none".
	Entity string
	// RowID is the row, empty where the context names none.
	RowID payment.RowID
	// Message is the name of what happened, such as Update, never empty.
	Message string
	// InitiatingUserID is the user who started it, UserID the one in whose name
	// the step ran. Both are empty where the context does not say.
	InitiatingUserID, UserID string

	// What follows helps a person to find the change in the CRM. What is missing
	// or unreadable there is left empty, because nothing is decided by it.
	OrganizationID, OrganizationName string
	// Depth is 1 for a change that somebody made, more for one that a plug-in or
	// a workflow made because of another, and 0 where it is not known.
	Depth int
	// CorrelationID groups all that one request set off. OperationID is the id
	// of the system job of an asynchronous step.
	CorrelationID, OperationID string
}

// wire is the execution context as Dataverse's DataContractJsonSerializer
// writes it. What is read of it is kept as it stands, because each value has
// several forms, and InputParameters with all the columns in it is looked into
// only when it has to be. An escaped slash and a date are never met: they are
// in what is left out.
type wire struct {
	PrimaryEntityName, PrimaryEntityID, MessageName json.RawMessage
	InitiatingUserID, UserID                        json.RawMessage
	OrganizationID, OrganizationName, Depth         json.RawMessage
	CorrelationID, OperationID                      json.RawMessage
	InputParameters, OutputParameters               json.RawMessage
}

// Read reads the body of a webhook call. It does not bound the body: whoever
// received it has to. An error names the field in Dataverse's spelling and
// never holds anything of the body.
func Read(body []byte) (Context, error) {
	var w wire
	if err := json.Unmarshal(body, &w); err != nil {
		return Context{}, unreadable(err)
	}
	var c Context
	var err error
	if c.Entity, err = name(w.PrimaryEntityName, tableName); err != nil {
		return Context{}, fmt.Errorf("PrimaryEntityName, the table's logical name, %w", err)
	}
	if c.Message, err = name(w.MessageName, messageName); err != nil {
		return Context{}, fmt.Errorf("MessageName, such as Create or Update, %w", err)
	}
	if c.RowID, err = w.row(); err != nil {
		return Context{}, err
	}
	initiator, err := guid(w.InitiatingUserID)
	if err != nil {
		return Context{}, fmt.Errorf("InitiatingUserId, the user who made the change, %w", err)
	}
	c.InitiatingUserID = string(initiator)
	c.UserID = shown(w.UserID)
	c.OrganizationID = shown(w.OrganizationID)
	c.OrganizationName, _ = name(w.OrganizationName, organizationName)
	c.CorrelationID = shown(w.CorrelationID)
	c.OperationID = shown(w.OperationID)
	if json.Unmarshal(w.Depth, &c.Depth) != nil || c.Depth < 0 {
		c.Depth = 0
	}
	return c, nil
}

// unreadable says what is wrong with a body that is no JSON object.
func unreadable(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the body is not JSON: it cannot be read on from byte %d", e.Offset)
	}
	return errors.New("the body is JSON, but not an object")
}

var (
	tableName        = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)
	messageName      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,127}$`)
	organizationName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,159}$`)
)

// The errors of one field, to stand behind its name.
var (
	errMissing = errors.New("is missing")
	errName    = errors.New("is not a name")
	errGUID    = errors.New("is not a GUID")
)

// name reads a name that has the form of pattern, so that it can be shown and
// logged.
func name(raw json.RawMessage, pattern *regexp.Regexp) (string, error) {
	var text *string
	switch err := json.Unmarshal(raw, &text); {
	case len(raw) == 0 || err == nil && (text == nil || *text == ""):
		return "", errMissing
	case err != nil || !pattern.MatchString(*text):
		return "", errName
	}
	return *text, nil
}
