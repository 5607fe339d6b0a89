package outcome

import "strings"

// The table below is the one place where an answer of Dataverse or Stripe is
// given its class. The first line that matches decides, so what is particular
// stands before what is general.
//
// Three rules shape it. An answer about the work itself, such as a value that
// is too long, is for a person: Review. An answer about the moment, such as a
// throttle or a server error, is for later: Again. An answer about how
// PayBridge is set up, such as a missing permission, cannot be mended by trying
// again at once, yet the hint is right and would be lost with Review: Again, so
// that it waits in the queue, and past that in the dead letters, for the
// setting to be righted.

// anyCode matches every code, noCode an answer without one.
const (
	anyCode = "*"
	noCode  = ""
)

// rule is one line of a table: answers with a status from low to high and a
// code have a class.
type rule struct {
	low, high int
	code      string
	class     Class
}

// dataverseRules are the rules for Dataverse. Codes are in lower case.
var dataverseRules = []rule{
	// The payload does not fit the table: an unknown column, a wrong type.
	{400, 400, "0x80048d19", Review},
	// The URL cannot be read. PayBridge built it, so a person has to look.
	{400, 400, "0x80060888", Review},
	// The table is not there: setup has not run, or the setting names another.
	{404, 404, "0x80060888", Again},
	// The query cannot be read.
	{0, 599, "0x8006088a", Review},
	// A text is too long for its column.
	{0, 599, "0x80044331", Review},
	// A whole number is out of its column's range.
	{0, 599, "0x8004432f", Review},
	// A decimal or an amount is out of its column's range.
	{0, 599, "0x80044330", Review},
	// A choice does not have the value.
	{0, 599, "0x8004431a", Review},
	// InvalidArgument.
	{0, 599, "0x80040203", Review},
	// "An unexpected error occurred." It comes and goes.
	{0, 599, "0x80040216", Again},
	// IsvAborted: somebody's synchronous plug-in said no, which is a rule of
	// the business.
	{0, 599, "0x80040265", Review},
	// ConcurrencyVersionNotProvided: the table wants an ETag and got none.
	{0, 599, "0x80060883", Review},
	// A privilege is missing, the user is disabled or not a member: how the
	// application user is set up.
	{0, 599, "0x80040220", Again},
	{0, 599, "0x80048306", Again},
	{0, 599, "0x80040231", Again},
	{0, 599, "0x80040225", Again},
	{0, 599, "0x80072560", Again},
	// The row is not there, by GUID and by alternate key.
	{0, 599, "0x80040217", Review},
	{0, 599, "0x80060891", Review},
	// CannotDeleteDueToAssociation, also a method that is not allowed.
	{0, 599, "0x80040227", Review},
	// ConcurrencyVersionMismatch: somebody wrote in between. Reading again and
	// deciding again mends it.
	{0, 599, "0x80060882", Again},
	// DuplicateRecord and DuplicateRecordEntityKey: somebody made the row in
	// between. Next time it is found.
	{0, 599, "0x80040237", Again},
	{0, 599, "0x80060892", Again},
	// The schema has a column or a name already, which setup finds next time.
	{0, 599, "0x80060304", Again},
	{0, 599, "0x80047013", Again},
	{0, 599, "0x80047010", Again},
	// DuplicateRecordsFound: a duplicate-detection rule of the organisation.
	{0, 599, "0x80040333", Review},
	// Service protection: too many requests, too much time, too many at once,
	// and the fourth of the family.
	{0, 599, "0x80072322", Again},
	{0, 599, "0x80072321", Again},
	{0, 599, "0x80072326", Again},
	{0, 599, "0x80072327", Again},
	// CustomizationLockException: the schema is being changed.
	{0, 599, "0x80071151", Again},
	// SQL error, SQL timeout, lock timeout.
	{0, 599, "0x80044150", Again},
	{0, 599, "0x80044151", Again},
	{0, 599, "0x80044339", Again},
	// A 404 without a code is not about a row: the address of the organisation
	// is wrong, or something in between answered.
	{404, 404, noCode, Again},
}

// stripeCodes are the rules for Stripe's error codes.
var stripeCodes = []rule{
	// A server error says nothing for good, whatever code it carries.
	{500, 599, anyCode, Again},
	// Too many requests.
	{0, 499, "rate_limit", Again},
	// Another request holds the same object.
	{0, 499, "lock_timeout", Again},
	// The same request is still running.
	{0, 499, "idempotency_key_in_use", Again},
	// The object moved on between reading and writing. The next round reads it
	// again and decides again.
	{0, 499, "payment_intent_unexpected_state", Again},
	// There is no such object in this account and mode.
	{0, 499, "resource_missing", Review},
	// The event's connected account has withdrawn its access, or is none of
	// this key's. The other payments do not wait for it.
	{0, 499, "account_invalid", Review},
	// The key ran out, or is one for another mode: how PayBridge is set up.
	{0, 499, "api_key_expired", Again},
	{0, 499, "platform_api_key_expired", Again},
	{0, 499, "secret_key_required", Again},
	{0, 499, "testmode_charges_only", Again},
	// A restricted key lacks a permission: likewise.
	{0, 499, "more_permissions_required", Again},
}

// stripeTypes are the rules for Stripe's error types, which decide where the
// code does not.
var stripeTypes = []rule{
	// Stripe's own fault, and a network that failed.
	{0, 599, "api_error", Again},
	{0, 599, "api_connection_error", Again},
	// Too many requests, in an older spelling.
	{0, 599, "rate_limit_error", Again},
	// The key is wrong or lacks a permission.
	{0, 599, "authentication_error", Again},
	{0, 599, "permission_error", Again},
	// The card was declined. Only the customer can do something.
	{0, 599, "card_error", Review},
	// The same idempotency key with other parameters: two different wishes
	// under one name, which PayBridge must not choose between.
	{0, 599, "idempotency_error", Review},
}

// statusRules decide where no code does, for both ends.
var statusRules = []rule{
	// No answer at all, or one that is not an HTTP answer to a request; also a
	// success that could not be read, and a redirect, which means that the
	// address is not the one of the API.
	{0, 399, anyCode, Again},
	// The token or key is refused, or lacks a permission.
	{401, 401, anyCode, Again},
	{403, 403, anyCode, Again},
	// A proxy in between wants something.
	{407, 407, anyCode, Again},
	// Timeout, conflict with something else under way, a dependency that
	// failed, too early, too many.
	{408, 408, anyCode, Again},
	{409, 409, anyCode, Again},
	// A condition did not hold: somebody was faster.
	{412, 412, anyCode, Again},
	{423, 423, anyCode, Again},
	{424, 424, anyCode, Again},
	{425, 425, anyCode, Again},
	{429, 429, anyCode, Again},
	// Everything else that the other end holds against the request.
	{400, 499, anyCode, Review},
	// Everything that it holds against itself.
	{500, 599, anyCode, Again},
}

// Dataverse returns the class of an answer of Dataverse that is not the one
// that was asked for. The code is Dataverse's hexadecimal code in any case,
// empty if there was none; the status is 0 if there was no answer.
func Dataverse(status int, code string) Class {
	if class, ok := match(dataverseRules, status, code); ok {
		return class
	}
	return byStatus(status)
}

// Stripe returns the class of an answer of Stripe that is not the one that was
// asked for, by its status (0 if there was no answer), its error's code and
// its error's type, either of which may be empty.
func Stripe(status int, code, errType string) Class {
	if class, ok := match(stripeCodes, status, code); ok {
		return class
	}
	// The statuses that mean "later" beat a type: a throttle is sometimes
	// reported as an invalid request.
	class := byStatus(status)
	if class == Again && status >= 400 {
		return Again
	}
	if byType, ok := match(stripeTypes, status, errType); ok {
		return byType
	}
	return class
}

func byStatus(status int) Class {
	if class, ok := match(statusRules, status, noCode); ok {
		return class
	}
	// Not a status at all.
	return Again
}

func match(rules []rule, status int, code string) (Class, bool) {
	code = strings.ToLower(code)
	for _, r := range rules {
		if status >= r.low && status <= r.high && (r.code == anyCode || r.code == code) {
			return r.class, true
		}
	}
	return Again, false
}
