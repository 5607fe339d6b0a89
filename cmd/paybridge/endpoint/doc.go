// Package endpoint sets up the webhook endpoint by which Stripe tells PayBridge
// about payments, and keeps its signing secret in Key Vault.
//
// Stripe tells the secret of an endpoint once, when it is made. So an endpoint
// whose secret did not reach the vault is of no use to anybody: it is deleted
// and another one made. Which secrets of the vault belong to which endpoints is
// written with them, in one request, as a tag of the vault's secret; so after a
// crash at any point the next run sees what is missing. The endpoint carries a
// fingerprint of its secret as well, by which doctor tells whether the secret
// that the app uses is the endpoint's.
//
// Everything that cannot be changed on an endpoint, its API version and its
// secret, is changed by making a new endpoint beside the old. Both deliver, and
// the app takes both secrets; an event that comes twice does nothing the second
// time. The old one is retired when the app has shown that it takes what is
// signed with the new secret.
package endpoint
