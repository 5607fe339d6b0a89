package secret

import (
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/outbound"
)

const (
	// maxAnswer bounds an answer of Key Vault, or of a service that gives out
	// tokens, in bytes. A secret has 25 KB at most and a token a few.
	maxAnswer = 1 << 20
	// answerWithin bounds how long one may take.
	answerWithin = 30 * time.Second
)

// Transport returns what Key Vault and the services that give out tokens are
// asked through. It bounds their answers and follows no redirect, so that a
// client secret or a token goes nowhere but to where it was meant for.
func Transport() policy.Transporter {
	return bounded{&http.Client{Timeout: answerWithin, CheckRedirect: outbound.NoRedirect, Transport: outbound.Transport(parallel)}}
}

// bounded bounds the bodies of answers.
type bounded struct{ client *http.Client }

// Do sends the request.
func (b bounded) Do(req *http.Request) (*http.Response, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}
