package dataverse

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Error codes of the Web API. Their case is the platform's own, which is not uniform.
const (
	codePayload         = "0x80048d19"
	codeURI             = "0x80060888"
	codeQuery           = "0x8006088a"
	codeInvalidArgument = "0x80040203"
	codeUnexpected      = "0x80040216"
	codeNotFound        = "0x80040217"
	codeKeyNotFound     = "0x80060891"
	codeMethod          = "0x80040227"
	codeNotMember       = "0x80072560"
	codeDisabled        = "0x80040225"
	codeVersionMismatch = "0x80060882"
	codeDuplicate       = "0x80040237"
	codeDuplicateKey    = "0x80060892"
	codeTooLong         = "0x80044331"
	codeIntegerRange    = "0x8004432f"
	codeDecimalRange    = "0x80044330"
	codeChoice          = "0x8004431A"
	codeDateRange       = "0x80044333"
	codeTooManyRequests = "0x80072322"
	codeExecutionTime   = "0x80072321"
	codeConcurrency     = "0x80072326"
)

// errPart rolls back a changeset whose failing part has its answer already.
var errPart = errors.New("a part of the changeset failed")

// apiError is an error as the Web API answers it.
type apiError struct {
	status        int
	code, message string
	header        http.Header
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message)
}

func fail(status int, code, format string, args ...any) error {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func badPayload(t *table, format string, args ...any) error {
	set := ""
	if t != nil {
		set = t.SetName
	}
	return fail(http.StatusBadRequest, codePayload,
		"Error identified in Payload provided by the user for Entity :'%s', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : %s",
		set, fmt.Sprintf(format, args...))
}

func badLiteral(t *table, literal any, edm string) error {
	return badPayload(t, "Microsoft.OData.ODataException: Cannot convert the literal '%v' to the expected type '%s'.", literal, edm)
}

func badURI(format string, args ...any) error {
	return fail(http.StatusBadRequest, codeURI, format, args...)
}

func noSuchRow(t *table, id string) error {
	return fail(http.StatusNotFound, codeNotFound, "Entity '%s' With Id = %s Does Not Exist", t.LogicalName, id)
}

func noSuchKey(t *table) error {
	return fail(http.StatusNotFound, codeKeyNotFound, "A record with the specified key values does not exist in %s entity", t.LogicalName)
}

func noSuchSegment(segment string) error {
	return fail(http.StatusNotFound, codeURI, "Resource not found for the segment '%s'.", segment)
}

func noSuchProperty(t *table, name string) error {
	return badURI("Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name, t.LogicalName)
}

func methodNotAllowed(method string) error {
	return fail(http.StatusMethodNotAllowed, codeMethod, "The requested resource does not support http method '%s'.", method)
}

func versionMismatch() error {
	return fail(http.StatusPreconditionFailed, codeVersionMismatch, "The version of the existing record doesn't match the RowVersion property provided.")
}

func duplicateRecord() error {
	return fail(http.StatusPreconditionFailed, codeDuplicate, "A record with matching key values already exists.")
}

func duplicateKey(k *Key) error {
	return fail(http.StatusPreconditionFailed, codeDuplicateKey,
		"Entity Key %s violated. A record with the same value for %s already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
		k.SchemaName, joinColumns(k.Columns))
}

// errorBody is the JSON of an error answer.
func errorBody(code, message string) []byte {
	type inner struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	body, err := json.Marshal(struct {
		Error inner `json:"error"`
	}{inner{code, message}})
	if err != nil {
		return []byte(`{"error":{"code":"","message":""}}`)
	}
	return body
}
