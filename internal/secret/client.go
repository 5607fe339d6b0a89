package secret

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// Client returns a client of the vault that a reference points into. For a
// stand-in on this machine the credential is not used and may be nil.
func Client(reference Reference, credential azcore.TokenCredential, options *azsecrets.ClientOptions) (*azsecrets.Client, error) {
	var o azsecrets.ClientOptions
	if options != nil {
		o = *options
	}
	if o.Transport == nil {
		o.Transport = Transport()
	}
	if loopback(reference.Host) {
		// A stand-in is not at the domain of the resource that it names.
		credential, o.Transport, o.DisableChallengeResourceVerification = anybody{}, plain{o.Transport}, true
	}
	if credential == nil {
		return nil, errNoCredential
	}
	// The pipeline hands out no tokens on a way that is not https, so the
	// scheme of a stand-in is put right behind it.
	client, err := azsecrets.NewClient("https://"+reference.Host, signIn{credential}, &o)
	if err != nil {
		return nil, fmt.Errorf("making a client of the vault: %w", err)
	}
	return client, nil
}

// plain sends requests by http.
type plain struct{ next policy.Transporter }

// Do sends the request.
func (p plain) Do(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme = "http"
	return p.next.Do(req)
}

// anybody signs in to a stand-in.
type anybody struct{}

// GetToken returns a token that nobody but a stand-in believes.
func (anybody) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "anybody", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// signIn marks the errors of a credential, so that a vault that refuses can be
// told from a sign-in that did not work.
type signIn struct{ credential azcore.TokenCredential }

// GetToken returns a token of the credential, or an error that is ErrSignIn.
func (s signIn) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.credential.GetToken(ctx, options)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("%w: %w", ErrSignIn, err)
	}
	return token, nil
}
