package secret

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// prefix is how an app setting that is a Key Vault reference begins.
const prefix = "@Microsoft.KeyVault("

// publicSuffix completes a VaultName, which carries no cloud of its own.
const publicSuffix = ".vault.azure.net"

// vaultSuffixes are the domains of Key Vault in the public cloud, in China and
// in the US government cloud. Managed HSMs hold keys and no secrets, so their
// domains are not among them.
func vaultSuffixes() []string {
	return []string{publicSuffix, ".vault.azure.cn", ".vault.usgovcloudapi.net"}
}

var (
	// vaultNameForm is Key Vault's rule, less its length, for the name of a
	// vault: letters, digits and single hyphens, a letter first.
	vaultNameForm = regexp.MustCompile(`^[A-Za-z](-?[0-9A-Za-z])*$`)
	// secretNameForm is Key Vault's rule for the name of a secret.
	secretNameForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)
	// versionForm is wider than the 32 hexadecimal digits that Key Vault hands
	// out, and still safe inside a URL.
	versionForm = regexp.MustCompile(`^[0-9A-Za-z]{1,127}$`)
)

// Reference names one secret in one vault. Its parts are validated, so they can
// be put into a URL. It is comparable.
type Reference struct {
	// Host is the vault's host name in lower case, such as
	// kv-payments.vault.azure.net; a stand-in on this machine has a port too.
	Host string
	// Name is the secret's name.
	Name string
	// Version is the secret's version, empty for the newest.
	Version string
}

// Vault returns the name of the vault.
func (r Reference) Vault() string {
	if loopback(r.Host) {
		return r.Host
	}
	name, _, _ := strings.Cut(r.Host, ".")
	return name
}

// URL returns the base address of the vault.
func (r Reference) URL() string {
	if loopback(r.Host) {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// loopback reports whether a host, with or without a port, is this machine: a
// stand-in, which speaks plain http and believes anybody.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String returns the reference in its SecretUri form. It names a secret and
// holds none.
func (r Reference) String() string {
	s := prefix + "SecretUri=" + r.URL() + "/secrets/" + r.Name
	if r.Version != "" {
		s += "/" + r.Version
	}
	return s + ")"
}

// IsReference reports whether the value of an app setting is meant as a Key
// Vault reference, well formed or not. The platform only resolves a reference
// that is the whole value.
func IsReference(value string) bool {
	value = strings.TrimSpace(value)
	return len(value) >= len(prefix) && strings.EqualFold(value[:len(prefix)], prefix)
}

// ParseReference takes a Key Vault reference apart. It accepts the two forms of
// the platform,
//
//	@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/name[/version])
//	@Microsoft.KeyVault(VaultName=vault;SecretName=name[;SecretVersion=version])
//
// in any case and with spaces around their parts; VaultName means a vault of
// the public cloud. A SecretUri may also be plain http on this machine, which
// the platform does not know: a stand-in. Every other value is an error that
// says what is wrong and does not repeat the value.
func ParseReference(value string) (Reference, error) {
	value = strings.TrimSpace(value)
	if !IsReference(value) {
		return Reference{}, errors.New("a Key Vault reference begins with " + prefix)
	}
	inner, ok := strings.CutSuffix(value[len(prefix):], ")")
	if !ok {
		return Reference{}, errors.New("a Key Vault reference ends with a closing parenthesis and nothing after it")
	}
	parts, err := parseParts(inner)
	if err != nil {
		return Reference{}, err
	}
	if parts.uri != "" {
		if parts.vault != "" || parts.name != "" || parts.version != "" {
			return Reference{}, errors.New("a Key Vault reference has either SecretUri, or VaultName and SecretName")
		}
		return parseSecretURI(parts.uri)
	}
	return parts.reference()
}

// parts are the values of a reference, by the key each was given with.
type parts struct{ uri, vault, name, version string }

func parseParts(inner string) (parts, error) {
	var p parts
	for part := range strings.SplitSeq(inner, ";") {
		if strings.TrimSpace(part) == "" {
			continue // The platform tolerates a semicolon at the end.
		}
		key, value, _ := strings.Cut(part, "=")
		value = strings.TrimSpace(value)
		var field *string
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "secreturi":
			field = &p.uri
		case "vaultname":
			field = &p.vault
		case "secretname":
			field = &p.name
		case "secretversion":
			field = &p.version
		default:
			return parts{}, errors.New("a Key Vault reference knows SecretUri, VaultName, SecretName and SecretVersion only")
		}
		if *field != "" {
			return parts{}, errors.New("a part of the Key Vault reference is given twice")
		}
		if value == "" {
			return parts{}, errors.New("a part of the Key Vault reference has no value")
		}
		*field = value
	}
	return p, nil
}

func (p parts) reference() (Reference, error) {
	switch {
	case p.vault == "" && p.name == "":
		return Reference{}, errors.New("a Key Vault reference needs SecretUri, or VaultName and SecretName")
	case p.vault == "":
		return Reference{}, errors.New("the Key Vault reference has no VaultName")
	case p.name == "":
		return Reference{}, errors.New("the Key Vault reference has no SecretName")
	}
	return checked(p.vault+publicSuffix, p.name, p.version)
}

func parseSecretURI(uri string) (Reference, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return Reference{}, errors.New("the SecretUri is not a URL") // The cause would repeat it.
	}
	local := u.Scheme == "http" && loopback(strings.ToLower(u.Host))
	if u.Scheme != "https" && !local || u.User != nil || u.Port() != "" && !local || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Reference{}, errors.New("the SecretUri must be https:// with a host and a path only")
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), "/secrets/")
	if !ok {
		return Reference{}, errors.New("the path of the SecretUri must be /secrets/name or /secrets/name/version")
	}
	name, version, _ := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	return checked(u.Host, name, version)
}

func checked(host, name, version string) (Reference, error) {
	host = strings.ToLower(host)
	if !loopback(host) && !vaultHost(host) {
		return Reference{}, fmt.Errorf("the host must be a vault's name (3 to 24 letters, digits and single hyphens) and one of %s",
			strings.Join(vaultSuffixes(), ", "))
	}
	if !secretNameForm.MatchString(name) {
		return Reference{}, errors.New("the secret's name must be 1 to 127 letters, digits and hyphens")
	}
	if version != "" && !versionForm.MatchString(version) {
		return Reference{}, errors.New("the secret's version must be letters and digits")
	}
	return Reference{Host: host, Name: name, Version: version}, nil
}

func vaultHost(host string) bool {
	for _, suffix := range vaultSuffixes() {
		if name, ok := strings.CutSuffix(host, suffix); ok {
			return len(name) >= 3 && len(name) <= 24 && vaultNameForm.MatchString(name)
		}
	}
	return false
}
