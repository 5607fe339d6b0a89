package settings

import (
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"paybridge/internal/secret"
)

const (
	modeTest = "test"
	modeLive = "live"

	// MaxInvocation is the longest InvocationTimeout. Service Bus locks a message
	// for five minutes at most, and locks of a batch are not renewed; the host
	// kills the app at functionTimeout, 4m50s in host.json.
	MaxInvocation = 4*time.Minute + 30*time.Second
	// maxWebhookSecrets bounds the signatures computed for one request.
	maxWebhookSecrets = 5
)

var (
	keyForm    = regexp.MustCompile(`^(?:sk|rk)_(test|live)_[0-9A-Za-z_]+$`)
	whsecForm  = regexp.MustCompile(`^whsec_[0-9A-Za-z+/=_-]+$`)
	guidForm   = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	domainForm = regexp.MustCompile(`^(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z][0-9A-Za-z-]*[0-9A-Za-z]$`)
	queueForm  = regexp.MustCompile(`^[0-9A-Za-z](?:[0-9A-Za-z._/-]{0,258}[0-9A-Za-z])?$`)
	// endpointForm finds the part of a connection string that every one has,
	// the emulator's included.
	endpointForm = regexp.MustCompile(`(?i)(?:^|;)\s*Endpoint\s*=\s*sb://[^;/\s]+/?\s*(?:;|$)`)
)

// keyMode returns the mode that the prefix of a Stripe key tells, "" if it is
// not the form of a secret or restricted key.
func keyMode(key string) string {
	if m := keyForm.FindStringSubmatch(key); m != nil {
		return m[1]
	}
	return ""
}

func stripeKey(value string) (secret.Secret, *Problem) {
	switch {
	case keyMode(value) != "":
		return secret.New(value), nil
	case strings.HasPrefix(value, "pk_"):
		return secret.Secret{}, fault("it is a publishable key, which may read and create nothing",
			"use the secret key (sk_test_…, sk_live_…) or a restricted key (rk_test_…, rk_live_…)")
	case strings.HasPrefix(value, "whsec_"):
		return secret.Secret{}, fault("it is the signing secret of a webhook", "that one belongs into StripeWebhookSecret")
	default:
		return secret.Secret{}, fault("it is not the form of a Stripe key", "a key begins with sk_test_, rk_test_, sk_live_ or rk_live_")
	}
}

func webhookSecrets(value string) ([]secret.Secret, *Problem) {
	var secrets []secret.Secret
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue // A comma too many, left over from a roll.
		}
		if !whsecForm.MatchString(part) {
			return nil, fault("entry "+strconv.Itoa(len(secrets)+1)+" is not the form of a signing secret",
				"copy the endpoint's signing secret from Stripe's Dashboard or from stripe listen: it begins with whsec_")
		}
		secrets = append(secrets, secret.New(part))
	}
	switch {
	case len(secrets) == 0:
		return nil, fault("it holds no secret", "put the endpoint's signing secret there: it begins with whsec_")
	case len(secrets) > maxWebhookSecrets:
		return nil, fault("it lists more than "+strconv.Itoa(maxWebhookSecrets)+" secrets", "keep the current one and those that are still being rolled")
	}
	return secrets, nil
}

// endpoint reads an absolute URL of a host alone. Plain http is for stand-ins
// on this machine: keys and tokens go there.
func endpoint(value string) (string, *Problem) {
	const form = "write it like https://host, without a path"
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return "", fault("it is not an absolute URL", form)
	}
	if strings.Trim(u.EscapedPath(), "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		return "", fault("it has more than a scheme and a host", form)
	}
	if p := u.Port(); p != "" {
		if _, problem := port(p); problem != nil {
			return "", fault("its port is not a number from 1 to 65535", form)
		}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", fault("it is not https", "use https; plain http is for localhost, 127.0.0.1 and [::1] only")
	}
	return u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Host, ":")), nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func guid(value string) (string, *Problem) {
	if !guidForm.MatchString(value) {
		return "", fault("it is not a GUID", "write it like 8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00")
	}
	return strings.ToLower(value), nil
}

func tenant(value string) (string, *Problem) {
	if !guidForm.MatchString(value) && !domainForm.MatchString(value) {
		return "", fault("it is neither a GUID nor a domain", "write the tenant's id, or one of its domains like contoso.onmicrosoft.com")
	}
	return strings.ToLower(value), nil
}

// clientSecret refuses the mistake that the portal invites: it lists the id of
// a client secret beside its value. Entra makes no value of that form.
func clientSecret(value string) (secret.Secret, *Problem) {
	if guidForm.MatchString(value) {
		return secret.Secret{}, fault("it is the id of the client secret, not its value", "make a new client secret and copy the column Value")
	}
	return secret.New(value), nil
}

func connectionString(value string) (secret.Secret, *Problem) {
	if !endpointForm.MatchString(value) {
		return secret.Secret{}, fault("it is not a Service Bus connection string",
			"it begins with Endpoint=sb://; for access by managed identity set ServiceBusConnection__fullyQualifiedNamespace in its place")
	}
	return secret.New(value), nil
}

func namespace(value string) (string, *Problem) {
	if !domainForm.MatchString(value) {
		return "", fault("it is not a host name", "write it like sb-pay.servicebus.windows.net, without sb:// or a slash")
	}
	return strings.ToLower(value), nil
}

func queue(value string) (string, *Problem) {
	if !queueForm.MatchString(value) {
		return "", fault("it is not the name of a queue",
			"a name has up to 260 letters, digits, periods, hyphens, underscores and slashes, and begins and ends with a letter or digit")
	}
	return value, nil
}

func invocationTimeout(value string) (time.Duration, *Problem) {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return 0, fault("it is not a duration", "write it like 90s or 4m")
	case d <= 0 || d > MaxInvocation:
		return 0, fault("it is not between zero and 4m30s", "stay below the 4m50s after which the Functions host kills the app and the five minutes for which Service Bus locks a message, such as 4m")
	}
	return d, nil
}

func logLevel(value string) (slog.Level, *Problem) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return 0, fault("it is not a level", "use debug, info, warn or error")
	}
	return level, nil
}

func port(value string) (int, *Problem) {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return 0, fault("it is not a port", "the Functions host sets it: remove it from the app settings")
	}
	return int(n), nil
}
