package dataverse

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"
)

// maxMessage bounds what of Dataverse's message an error keeps, in bytes.
const maxMessage = 400

// The codes that callers branch on. The status does not tell them apart: each
// of the three comes as a 412.
const (
	codeConcurrencyConflict = "0x80060882" // ConcurrencyVersionMismatch
	codeDuplicateRecord     = "0x80040237" // DuplicateRecord
	codeDuplicateKey        = "0x80060892" // DuplicateRecordEntityKey
	codeNotFound            = "0x80040217" // ObjectDoesNotExist
	codeNotFoundByKey       = "0x80060891" // RecordNotFoundByEntityKey
)

// Error is an answer of Dataverse that is not the one that was asked for.
type Error struct {
	// Operation is what was being done, such as "updating a row of accounts".
	Operation string
	// Status is the HTTP status, of the part where it comes from a batch.
	Status int
	// Code is Dataverse's error code in lower-case hexadecimal, "0x80040217";
	// empty where the answer had none, such as a 401 or a gateway's 502.
	Code string
	// Message is Dataverse's message on one line, shortened; it is for people.
	Message string
	// RetryAfter is how long Dataverse asked to be left alone, zero if it did
	// not.
	RetryAfter time.Duration
	// RequestID finds the request in Microsoft's own logs.
	RequestID string
}

// Error returns one line without the address, the body or a token.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Operation != "" {
		b.WriteString(e.Operation + ": ")
	}
	b.WriteString("Dataverse answered " + strconv.Itoa(e.Status))
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Class returns what becomes of the work that met this error.
func (e *Error) Class() outcome.Class { return outcome.Dataverse(e.Status, e.Code) }

// Outcome tells [outcome.Of] and [outcome.RetryAfter] about the error.
func (e *Error) Outcome() (outcome.Class, time.Duration) { return e.Class(), e.RetryAfter }

// IsNotFound says whether err is Dataverse's word that a row is not there. An
// address that does not exist, such as a misspelt table, is not that.
func IsNotFound(err error) bool { return hasCode(err, codeNotFound, codeNotFoundByKey) }

// IsConcurrencyConflict says whether a write with [IfMatch] met a row that was
// changed in between.
func IsConcurrencyConflict(err error) bool { return hasCode(err, codeConcurrencyConflict) }

// IsDuplicate says whether a write would have made a second row with the same
// key, or met a row that should have been absent.
func IsDuplicate(err error) bool { return hasCode(err, codeDuplicateRecord, codeDuplicateKey) }

func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	return slices.Contains(codes, e.Code)
}

// TokenError says that there was no token to call Dataverse with. Nothing was
// sent. Its class is the one of anything unknown, Again: the service that
// gives out tokens may be unreachable, or a setting is wrong and will be
// righted.
type TokenError struct{ err error }

var aadCode = regexp.MustCompile(`AADSTS[0-9]+: [^"\\\r\n]{0,200}`)

// Error returns the first line of what the credential said, which is followed
// by a dump of the exchange, and the reason that Entra ID gave.
func (e *TokenError) Error() string {
	text := e.err.Error()
	first, rest, _ := strings.Cut(text, "\n")
	message := "getting a token for Dataverse: " + oneLine(first, maxMessage)
	if reason := aadCode.FindString(rest); reason != "" {
		message = strings.TrimSuffix(message, ".") + ": " + oneLine(reason, maxMessage)
	}
	return message
}

// Unwrap returns the error of the credential.
func (e *TokenError) Unwrap() error { return e.err }

// newError reads an answer that is not the one that was asked for.
func newError(operation string, status int, header http.Header, body []byte) *Error {
	e := &Error{
		Operation:  operation,
		Status:     status,
		RetryAfter: backoff.RetryAfter(header),
		RequestID:  requestID(header),
	}
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	// What is not Dataverse's JSON is a page of a gateway or the text of a
	// 401; the status says as much.
	if json.Unmarshal(body, &answer) == nil {
		e.Code = normalCode(answer.Error.Code)
		e.Message = oneLine(answer.Error.Message, maxMessage)
	}
	if e.Message == "" {
		e.Message = http.StatusText(status)
	}
	return e
}

// normalCode writes an error code in lower-case hexadecimal. Dataverse varies
// the case of its codes, code that runs inside of it writes them as signed
// decimals, and where it has none, as for a column in a filter that is not
// there, it may say 0x0.
func normalCode(code string) string {
	code = strings.ToLower(strings.TrimSpace(code))
	if digits, ok := strings.CutPrefix(code, "0x"); ok {
		if n, err := strconv.ParseUint(digits, 16, 32); err == nil && n > 0 {
			return fmt.Sprintf("0x%x", n)
		}
		return ""
	}
	if n, err := strconv.ParseInt(code, 10, 32); err == nil && n != 0 {
		return fmt.Sprintf("0x%x", uint32(n))
	}
	return ""
}

func requestID(header http.Header) string {
	for _, name := range []string{"X-Ms-Service-Request-Id", "REQ_ID"} {
		if id, err := parseGUID(header.Get(name)); err == nil {
			return id.String()
		}
	}
	return ""
}

var bearerToken = regexp.MustCompile(`(?i)(bearer\s+\S+|eyJ[\w-]+\.[\w.-]+)`)

// oneLine makes foreign text fit for a log: one line, no control characters,
// nothing that looks like a token, and at most limit bytes.
func oneLine(text string, limit int) string {
	// Nothing beyond this can get into the result, however much there is.
	text = strings.ToValidUTF8(text[:min(len(text), 8*limit)], "")
	text = bearerToken.ReplaceAllString(text, "[token]")
	fields := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	text = strings.Join(fields, " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
