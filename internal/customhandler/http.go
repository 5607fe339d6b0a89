package customhandler

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HTTPFunction is a function with an HTTP trigger.
type HTTPFunction struct {
	// Name is the function's name, which is the name of its folder.
	Name string
	// Trigger and Response are the names of the httpTrigger binding and of the
	// http output binding.
	Trigger, Response string
	// Outputs are the names of the queue output bindings, none when empty.
	Outputs []string
	// Handle answers a request. An error means that the invocation failed: the
	// caller gets an empty 500 and no message is sent. Whatever the caller is
	// to be told is a Reply, a refusal too.
	Handle func(context.Context, *Request) (Reply, error)
}

// HTTP registers a function with an HTTP trigger. It panics if f cannot be
// registered.
func (m *Mux) HTTP(f HTTPFunction) {
	door := &function{Registered: Registered{
		Name: f.Name, Trigger: HTTPTrigger, Binding: f.Trigger, Response: f.Response, Outputs: f.Outputs,
	}}
	door.run = func(ctx context.Context, inv *invocation, envelope []byte) ([]byte, error) {
		req, err := decodeRequest(envelope, f.Trigger)
		if err != nil {
			inv.unread = err
			return inv.replyWith(http.StatusBadRequest, "the request could not be read")
		}
		reply, err := f.Handle(ctx, req)
		if err != nil {
			return nil, err
		}
		return inv.encode(&reply, reply.Outputs)
	}
	m.register(door, f.Handle != nil)
}

// replyWith is the answer to an HTTP caller whose request never reached the
// function.
func (inv *invocation) replyWith(status int, reason string) ([]byte, error) {
	reply, err := JSON(status, map[string]string{"error": reason})
	if err != nil {
		return nil, err
	}
	return inv.encode(&reply, nil)
}

// wireRequest is the value of an HTTP trigger in the envelope. Url and
// Identities are left out on purpose: nothing here needs them, and the first
// holds the function key.
type wireRequest struct {
	Method  string
	Query   Query
	Headers Header
	Params  map[string]string
	// Body is absent unless the caller sent a Content-Length above zero: an
	// upload in chunks loses its body on the way.
	Body *string
}

// decodeRequest reads the envelope of an HTTP trigger. It never looks at
// Metadata, into which the host copies members of the caller's body.
func decodeRequest(envelope []byte, trigger string) (*Request, error) {
	in, err := decodeTrigger[wireRequest](envelope, trigger)
	if err != nil {
		return nil, &envelopeError{doing: "decoding the request", err: err}
	}
	req := &Request{
		Method: in.Method, Header: in.Headers, Query: in.Query, Params: in.Params,
		ContentType: strings.Join(in.Headers.Values("Content-Type"), ","),
	}
	if in.Body == nil {
		return req, nil
	}
	req.HasBody = true
	if !inBase64(req.ContentType) {
		req.Body = []byte(*in.Body)
		length, err := strconv.Atoi(req.Header.Get("Content-Length"))
		req.Exact = err == nil && length == len(req.Body) && !strings.ContainsRune(*in.Body, utf8.RuneError)
		return req, nil
	}
	body, err := base64.StdEncoding.DecodeString(*in.Body)
	if err != nil {
		return nil, &envelopeError{doing: "decoding the base64 of the body", err: err}
	}
	req.Body, req.Binary, req.Exact = body, true, true
	return req, nil
}

// inBase64 says whether the host sends a body of this type in base64. Nothing
// in the envelope marks it: it does so for application/octet-stream and for
// every multipart type, and reads all else as text.
func inBase64(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/octet-stream" || strings.HasPrefix(mediaType, "multipart/")
}
