package dataverse

import (
	"net/http"
	"time"
)

// Reset says when a connection is cut without an answer.
type Reset int

// The moments at which a fault may cut the connection. ResetAfter is the nasty one: what
// the request asked for has been committed, and the client cannot know.
const (
	NoReset Reset = iota
	ResetBefore
	ResetAfter
)

// Fault is a misfortune that befalls one request.
type Fault struct {
	// Delay passes before anything else happens.
	Delay time.Duration
	// Status, when not 0, is answered instead of doing what was asked. 401 is answered as for an
	// expired token; any other with Code and Message as a Web API error.
	Status        int
	Code, Message string
	// RetryAfter becomes the header of that name; 0 means no header.
	RetryAfter time.Duration
	// Reset cuts the connection.
	Reset Reset
}

// Throttled is the fault of a service protection limit: code is one of 0x80072321, 0x80072322
// and 0x80072326.
func Throttled(code string, retryAfter time.Duration) *Fault {
	limit := map[string]int{codeTooManyRequests: 6000, codeExecutionTime: 1200000, codeConcurrency: 52}[code]
	_, message := ProtectionMessage(code, limit)
	return &Fault{Status: http.StatusTooManyRequests, Code: code, Message: message, RetryAfter: retryAfter}
}

// CustomizationLocked is the fault of a definition that is changed while
// another change is under way.
func CustomizationLocked() *Fault {
	return &Fault{
		Status: http.StatusTooManyRequests, Code: "0x80071151",
		Message: "Cannot start another [EntityCustomization] because there is a previous [EntityCustomization] running at this moment. Use Solution History for more details.",
	}
}

// VersionMismatch is the fault of a row that somebody else has just changed.
func VersionMismatch() *Fault {
	return &Fault{
		Status: http.StatusPreconditionFailed, Code: codeVersionMismatch,
		Message: "The version of the existing record doesn't match the RowVersion property provided.",
	}
}

func (s *Server) fault(r *http.Request) *Fault {
	if s.cfg.Faults == nil {
		return nil
	}
	return s.cfg.Faults(r)
}

// before plays the part of the fault that comes before the operation. It reports
// whether the request is over.
func (f *Fault) before(w http.ResponseWriter, r *http.Request) (done bool) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Reset == ResetBefore {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 {
		return false
	}
	h := http.Header{}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", seconds(f.RetryAfter))
	}
	if f.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="The token is expired"`)
		h.Set("Content-Type", "text/html")
		write(w, &response{status: f.Status, header: h, body: []byte("HTTP Error 401 - Unauthorized: Access is denied")})
		return true
	}
	write(w, errorResponse(&apiError{status: f.Status, code: f.Code, message: f.Message, header: h}))
	return true
}
