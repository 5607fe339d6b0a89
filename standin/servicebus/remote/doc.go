// Package remote lets another process of the same machine reach a namespace of
// queues that this one holds open: a small HTTP surface, one POST of JSON for
// each operation, and the client of it. paybridge local serves it, so that the
// operator's command can look after the local queues as it does after those in
// Azure.
//
// It is no part of what Service Bus offers, and it is for this machine only: it
// knows neither keys nor TLS, belongs on 127.0.0.1, and turns away what a
// browser sends on behalf of a page.
package remote
