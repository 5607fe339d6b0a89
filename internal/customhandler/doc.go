// Package customhandler speaks the custom-handler protocol of Azure Functions,
// so that a function of this project is an ordinary Go function and nothing
// outside this package knows how the host wraps a request.
//
// The host starts the process, asks GET / until it answers, and then sends
// every invocation as POST /{FunctionName} with a JSON envelope. The answer is
// a JSON envelope too. A [Mux] reads the one and writes the other, with one
// door per kind of trigger: [Mux.HTTP], [Mux.Queue] and [Mux.Timer]. All three
// take a function of the same shape: a context and the decoded trigger in, a
// result and an error out.
//
// What the host does with an answer decides the rules of this package:
//
//   - A result is a 200 with a body and Content-Type application/json. An empty
//     200, a 204 or the body null would leave the invocation hanging until
//     functionTimeout, when the host kills the whole process.
//   - An error of a function means "run me again" and is the only reason for a
//     status outside 2xx. The host gives an HTTP caller an empty 500 for it and
//     puts queue messages back. What an HTTP caller is to see, a 400 included,
//     is a [Reply].
//   - A message leaves as an element of an array of strings, the one form that
//     the host sends byte for byte.
//
// The envelope of an HTTP trigger holds the caller's function key, in Url, in
// Query and possibly in Headers. This package logs none of them, and [Request]
// prints as its method and the size of its body, however it is printed.
package customhandler
