// Package outbound is how the app's requests leave it, whichever end they go to:
// over connections that are kept, bounded, and given up when they have fallen
// silent.
package outbound

import (
	"net"
	"net/http"
	"time"
)

const (
	// MaxHeader bounds the header of an answer in bytes. Those of Dataverse and
	// Stripe have about 2 KB.
	MaxHeader = 64 << 10
	// dialWithin bounds the making of a connection, and after that of TLS on it.
	dialWithin = 10 * time.Second
	// keepFor is how long a connection is kept that nobody uses. Azure forgets
	// one after four minutes, without a word to either side.
	keepFor = 90 * time.Second
	// askAfter is how long an HTTP/2 connection may be silent while requests wait
	// on it until it is asked whether it is still there, and answerWithin how long
	// it has to answer. On one that something in between has forgotten, requests
	// would wait in vain for as long as TCP tries to send, a quarter of an hour.
	askAfter     = 10 * time.Second
	answerWithin = 5 * time.Second
)

// Transport returns a transport that keeps so many connections to a host.
func Transport(connections int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialWithin, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    dialWithin,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: askAfter, PingTimeout: answerWithin},
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        keepFor,
		MaxIdleConnsPerHost:    connections,
		MaxResponseHeaderBytes: MaxHeader,
	}
}

// NoRedirect is a CheckRedirect that hands the redirect to the caller, so that
// a token or a client secret goes nowhere but to where it was meant for.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
