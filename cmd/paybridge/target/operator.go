package target

import (
	"cmp"
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/internal/dataverse"
	"paybridge/internal/settings"
	standin "paybridge/standin/dataverse"
)

// Operator returns a client of Dataverse that signs in as whoever runs the
// command, with az login or what the environment says. A System Administrator
// may define and see there what PayBridge itself, as whom Dataverse signs in,
// may not. To a stand-in it is a person, who may do everything.
func (t *Target) Operator(o *dataverse.Options) (*dataverse.Client, error) {
	var credential azcore.TokenCredential = person{}
	if !t.standIn {
		var err error
		if credential, err = settings.DefaultCredential(azcore.ClientOptions{}); err != nil {
			return nil, err
		}
	}
	return dataverse.New(t.Settings.DataverseURL, credential, o)
}

// person is who operates a stand-in, to which any token but PayBridge's is a
// person's.
type person struct{}

// GetToken returns the fixed token.
func (person) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "operator", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// ClientID returns the application that the app signs in to Dataverse as: by
// its client secret, as its managed identity, or to a stand-in. The second
// result says whether it is known.
func (t *Target) ClientID() (uuid.UUID, bool) {
	text := cmp.Or(t.Settings.DataverseClientID, t.identity)
	if text == "" && t.Local && t.standIn {
		text = standin.ApplicationID()
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}
