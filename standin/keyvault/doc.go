// Package keyvault stands in for an Azure Key Vault where there is no Azure subscription: its secrets, over HTTP, well
// enough for the official SDKs.
//
// # What it imitates
//
// Setting, reading, listing, updating, deleting, recovering and purging secrets and their versions; the challenge by
// which a vault tells a client where to sign in; the codes by which it refuses: no such secret, a disabled one, one that
// was deleted and not purged, a caller without the role. A deleted secret keeps its name until it is purged or recovered,
// as in a vault with soft delete.
//
// # What it does not imitate
//
//   - Signing in: every bearer token is believed. Config.Readers are tokens that may read only, as the role "Key Vault
//     Secrets User" lets them, Config.Strangers are tokens that may do nothing.
//   - Keys, certificates, backup, restore, the firewall, and throttling.
//   - https: it is for this machine, and PayBridge's clients speak plain http to it.
//
// The state is in memory and ends with the process.
package keyvault
