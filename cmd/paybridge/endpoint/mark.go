package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"strings"

	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// Metadata of an endpoint that PayBridge made.
const (
	// MetadataApp holds the host of the app that the endpoint delivers to.
	MetadataApp = "PayBridge_App"
	// MetadataSecret holds the Fingerprint of the endpoint's signing secret once
	// the secret is in the vault.
	MetadataSecret = "PayBridge_Secret"
)

// Path is where the app takes Stripe's events.
const Path = "/api/stripe/webhook"

// Fingerprint tells two secrets apart and gives nothing away of either: a part
// of a hash of 32 random characters and more.
func Fingerprint(s secret.Secret) string {
	sum := sha256.Sum256([]byte("PayBridge signing secret\n" + s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Ours returns those endpoints that are an app's, by what PayBridge noted on
// them or by where they deliver to, in the order in which they come. The app is
// its address without a path, such as https://pay.azurewebsites.net.
func Ours(all []stripeapi.Endpoint, app string) []stripeapi.Endpoint {
	var ours []stripeapi.Endpoint
	for _, e := range all {
		if e.Metadata[MetadataApp] == host(app) || strings.EqualFold(e.Address, app+Path) {
			ours = append(ours, e)
		}
	}
	return ours
}

// ParseApp reads the address of a function app: its host, with or without
// https:// before it. Plain http is for a Functions host on this machine.
func ParseApp(address string) (string, error) {
	address = strings.TrimSuffix(strings.TrimSpace(address), "/")
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", &Error{Message: "the address of the app has more or less than a host", Remedy: "write it like https://pay.azurewebsites.net"}
	}
	local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", &Error{Message: "the address of the app is not https", Remedy: "Stripe delivers over https only: write it like https://pay.azurewebsites.net"}
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func host(app string) string {
	_, name, _ := strings.Cut(app, "://")
	return strings.ToLower(name)
}
