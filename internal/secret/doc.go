// Package secret keeps secret values out of everything that is written down,
// and reads them from Azure Key Vault where the platform has not.
//
// An app setting may be a Key Vault reference, @Microsoft.KeyVault(...). Azure
// replaces it with the secret before the process starts; where it could not
// (a missing role, a vault behind a firewall) and in runs outside Azure, the
// process sees the literal text of the reference. A [Reference] is that text,
// taken apart and validated; a [Resolver] reads what references point to; a
// [Secret] is the value, which nothing but its Reveal method shows.
package secret
