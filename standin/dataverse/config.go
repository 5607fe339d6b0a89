package dataverse

import (
	"log/slog"
	"net/http"
	"time"
)

// Config says what the stand-in is like.
type Config struct {
	// Dir holds the stand-in's file, dataverse.db; it is made when missing. It must be set.
	Dir string
	// Tables beside the standard ones: transactioncurrency, systemuser, organization,
	// businessunit, account and contact. A table of the same name replaces a standard one.
	Tables []Table
	// OrganizationHost is the environment's host name in the cloud; empty means
	// local.crm.dynamics.com.
	OrganizationHost string
	// Currencies that the environment starts with, the first being its base
	// currency; nil means [DefaultCurrencies].
	Currencies []Currency
	// People are first names of human users, each of whom a request can act as with the
	// bearer token "user:<name>"; nil means Ann alone.
	People []string
	// NoApplicationUser leaves out the application user of PayBridge, whom its
	// setup makes in an environment that is new to it. Until then requests with
	// [ApplicationToken] are those of nobody in the organisation.
	NoApplicationUser bool
	// Roles holds application users to the privileges of their security roles.
	// People may do everything, as administrators.
	Roles bool
	// Language is the base language of the organisation as a Windows LCID, the
	// only one that labels may be in; 0 means 1033, English.
	Language int
	// Metadata says how definitions behave while they change.
	Metadata Metadata
	// Seed makes the GUIDs of new rows predictable; empty means random ones.
	Seed string
	// Now is the clock of createdon, modifiedon and the service protection limits; nil means time.Now.
	Now func() time.Time
	// Logger hears about every request at debug level; nil means silence.
	Logger *slog.Logger
	// Throttle sets the service protection limits; the zero value means no limits.
	Throttle Throttle
	// Faults is asked before each request and may answer with a misfortune; nil
	// means none. It is not asked for the parts of a batch.
	Faults func(*http.Request) *Fault
	// PartFaults is asked before each operation of a batch, with its method, its path below
	// the API's root and its headers; only Status, Code, Message and RetryAfter of
	// the fault count. nil means none.
	PartFaults func(method, path string, header http.Header) *Fault
	// Steps says how the posts of registered steps are made.
	Steps Steps
	// StrictLines refuses a $batch body whose lines do not end in CRLF. The
	// platform's documentation demands CRLF, widely used clients send LF alone.
	StrictLines bool
	// Sync makes every transaction survive a power cut, not only the death of the process.
	Sync bool
	// MaxBody is the largest request body in bytes; 0 means 16 MiB.
	MaxBody int64
}

// Metadata says how definitions of tables behave while they change.
type Metadata struct {
	// Lag is how long reads of definitions that do not say Consistency: Strong
	// keep showing what was there before a change. Dataverse's own is up to half
	// a minute; the zero value is none.
	Lag time.Duration
	// KeyPolls is how often the status of a new alternate key is asked for
	// before its index is active. Zero: 2. Negative: it is active at once.
	KeyPolls int
	// Publishing keeps changes of columns back until the table is published. New
	// components never wait for that.
	Publishing bool
}

func (m Metadata) keyPolls() int {
	switch {
	case m.KeyPolls < 0:
		return 0
	case m.KeyPolls == 0:
		return 2
	default:
		return m.KeyPolls
	}
}

func (c *Config) language() int {
	if c.Language == 0 {
		return 1033
	}
	return c.Language
}

func (c *Config) host() string {
	if c.OrganizationHost == "" {
		return "local.crm.dynamics.com"
	}
	return c.OrganizationHost
}

func (c *Config) currencies() []Currency {
	if len(c.Currencies) == 0 {
		return DefaultCurrencies()
	}
	return c.Currencies
}

func (c *Config) people() []string {
	if c.People == nil {
		return []string{"Ann"}
	}
	return c.People
}

func (c *Config) now() time.Time {
	if c.Now == nil {
		return time.Now().UTC()
	}
	return c.Now().UTC()
}

func (c *Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}

func (c *Config) maxBody() int64 {
	if c.MaxBody == 0 {
		return 16 << 20
	}
	return c.MaxBody
}
