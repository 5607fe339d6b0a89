package endpoint

import (
	"slices"
	"strings"

	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// webhookSetting is the setting that lists the signing secrets.
const webhookSetting = "StripeWebhookSecret"

// tag is the tag of the vault's secret that lists, in the order of the secrets,
// the endpoints that they are of.
const tag = "endpoints"

// nobody stands in the tag for a secret of which the endpoint is not known.
const nobody = "-"

// maxSecrets is how many secrets the app takes.
const maxSecrets = 5

// stored is one signing secret in the vault.
type stored struct {
	secret secret.Secret
	// endpoint is the id of the endpoint it is of, empty where it is not known.
	endpoint string
}

// readStored takes the vault's secret apart. A secret that a person put there
// has no tag, or that of an earlier version: then the fingerprints on the
// endpoints tell.
func readStored(v vault.Secret, endpoints []stripeapi.Endpoint) []stored {
	var list []stored
	for part := range strings.SplitSeq(v.Value.Reveal(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, stored{secret: secret.New(part)})
		}
	}
	ids := strings.Split(v.Tags[tag], ",")
	tagged := len(ids) == len(list)
	for i := range list {
		if tagged && ids[i] != nobody {
			list[i].endpoint = ids[i]
			continue
		}
		for _, e := range endpoints {
			if e.Metadata[MetadataSecret] == Fingerprint(list[i].secret) {
				list[i].endpoint = e.ID
			}
		}
	}
	return list
}

// join is the inverse of readStored.
func join(list []stored) (secret.Secret, map[string]string) {
	var secrets, ids []string
	for _, s := range list {
		secrets = append(secrets, s.secret.Reveal())
		ids = append(ids, s.endpoint)
		if s.endpoint == "" {
			ids[len(ids)-1] = nobody
		}
	}
	return secret.New(strings.Join(secrets, ",")), map[string]string{tag: strings.Join(ids, ",")}
}

// has reports whether the secret of an endpoint is in the list.
func has(list []stored, id string) bool { return find(list, id) >= 0 }

func find(list []stored, id string) int {
	return slices.IndexFunc(list, func(s stored) bool { return s.endpoint == id })
}

// name is the name of the vault's secret.
func name() string { return settings.VaultSecret(webhookSetting) }
