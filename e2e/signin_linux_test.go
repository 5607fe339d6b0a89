package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paybridge/standin/dataverse"
	"paybridge/standin/keyvault"
)

// The names at Azure by which the command knows what it sets up.
const (
	theCRM   = "contoso.crm4.dynamics.com"
	theVault = "kv-pay.vault.azure.net"
	theLogin = "login.microsoftonline.com"
)

// machine is one from which the command reaches a CRM, a key vault and Entra ID
// by their names, over TLS: through a proxy, and with an authority for
// certificates that the environment names, as in many a company.
type machine struct {
	t           *testing.T
	binary, dir string
	env         []string
}

// newMachine makes a machine. Roles say that the CRM holds applications to their
// security roles, and refuse, where it is not nil, is asked what it refuses.
func newMachine(t *testing.T, binary string, roles bool, refuse func(*http.Request) *dataverse.Fault) *machine {
	t.Helper()
	m := &machine{t: t, binary: binary, dir: t.TempDir()}
	crm, err := dataverse.Open(dataverse.Config{
		Dir: filepath.Join(m.dir, "dataverse"), OrganizationHost: theCRM, Roles: roles, Metadata: dataverse.Metadata{KeyPolls: -1}, Faults: refuse,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = crm.Close() })
	m.file("client-secret", theClientSecret, 0o600)
	proxy := m.serve(map[string]http.Handler{
		theCRM: crm, theVault: keyvault.New(keyvault.Config{Strangers: []string{"stranger"}}), theLogin: http.HandlerFunc(entra),
	})
	m.env = []string{
		"HTTPS_PROXY=" + proxy, "HTTP_PROXY=" + proxy, "SSL_CERT_FILE=" + filepath.Join(m.dir, "authority.pem"), "PATH=" + m.dir,
		"DataverseUrl=https://" + theCRM, "FUNCTION_APP_URL=https://pay.example", "PAYBRIDGE_FUNCTION_KEY=" + theFunctionKey,
		"IDENTITY_CLIENT_ID=" + dataverse.ApplicationID(), "AZURE_KEY_VAULT_NAME=kv-pay",
	}
	return m
}

// serve serves ends by their names and returns the address of the proxy that
// leads there and nowhere else. It writes down whom to believe.
func (m *machine) serve(ends map[string]http.Handler) string {
	m.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a company"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, DNSNames: []string{theCRM, theVault, theLogin},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		m.t.Fatal(err)
	}
	m.file("authority.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})), 0o600)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ends[r.Host].ServeHTTP(w, r) }))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	web.StartTLS()
	m.t.Cleanup(web.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(r.Host, ":")
		if r.Method != http.MethodConnect || ends[name] == nil {
			// There is no managed identity here, nor anything else.
			panic(http.ErrAbortHandler)
		}
		through(w, web.Listener.Addr().String())
	}))
	m.t.Cleanup(proxy.Close)
	return proxy.URL
}

// through connects a client of the proxy with an address until one of them ends.
func through(w http.ResponseWriter, address string) {
	end, err := net.Dial("tcp", address)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = end.Close() }()
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = client.Close() }()
	go func() {
		_, _ = io.Copy(end, buffered)
		_ = end.Close()
	}()
	_, _ = io.Copy(client, end)
}

// entra gives the application its token for its secret.
func entra(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	at := "https://" + theLogin + "/" + theTenant
	switch {
	case strings.HasPrefix(r.URL.Path, "/common/discovery/instance"):
		_, _ = io.WriteString(w, `{"tenant_discovery_endpoint":"`+at+`/v2.0/.well-known/openid-configuration","metadata":[{"preferred_network":"`+theLogin+`","preferred_cache":"login.windows.net","aliases":["`+theLogin+`"]}]}`)
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		_, _ = io.WriteString(w, `{"issuer":"`+at+`/v2.0","authorization_endpoint":"`+at+`/oauth2/v2.0/authorize","token_endpoint":"`+at+`/oauth2/v2.0/token"}`)
	case r.FormValue("client_secret") == theClientSecret && r.FormValue("client_id") == dataverse.ApplicationID() && r.FormValue("scope") != "":
		_, _ = io.WriteString(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"`+dataverse.ApplicationToken+`"}`)
	default:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 1"}`)
	}
}

const theTenant = "b3a1f0c2-7d4e-4a5b-9c6d-1e2f3a4b5c6d"

// file writes a file of the machine.
func (m *machine) file(name, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

// az puts an az there that gives out a token, or that says why it does not.
func (m *machine) az(token, says string) {
	m.t.Helper()
	answer := `printf '{"accessToken":"` + token + `","expires_on":4102444800,"tenant":"` + theTenant + `","tokenType":"Bearer"}'`
	switch {
	case token == "" && says == "":
		return
	case token == "":
		answer = "echo '" + says + "' >&2; exit 1"
	}
	m.file("az", "#!/bin/sh\necho \"$*\" >> '"+filepath.Join(m.dir, "asked")+"'\n"+answer+"\n", 0o700)
}

// asked is what az was asked for.
func (m *machine) asked() string {
	text, _ := os.ReadFile(filepath.Join(m.dir, "asked"))
	return string(text)
}

// run runs the command and returns what it said and its exit code.
func (m *machine) run(env []string, args ...string) (string, int) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), m.binary, args...)
	cmd.Dir, cmd.Env = m.dir, slices.Concat(m.env, env)
	text, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		m.t.Fatal(err)
	}
	for _, secret := range []string{theFunctionKey, theClientSecret, "user:Ann"} {
		if strings.Contains(string(text), secret) {
			m.t.Errorf("a secret is shown: %s", text)
		}
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// TestOperatorSignsIn goes through the ways in which somebody who sets up is, and
// is not, let in, each with what they are told.
func TestOperatorSignsIn(t *testing.T) {
	t.Parallel()
	const (
		crm       = "account get-access-token -o json --resource https://" + theCRM + "\n"
		vault     = "account get-access-token -o json --resource https://vault.azure.net --tenant " + theTenant + "\n"
		loggedOff = "ERROR: Please run az login to setup account."
		toTenant  = "hint: sign in with: az login --allow-no-subscriptions --tenant <tenant of the CRM>\n"
		toRole    = "hint: set up as somebody with the security role System Administrator in this environment; PayBridge itself needs no such role\n"
	)
	dataverseAs := []string{"setup", "dataverse"}
	asApp := []string{"setup", "dataverse", "--as-app"}
	secrets := []string{"setup", "keyvault", "--dataverse-client-secret-file", "client-secret"}
	application := func(secret string) []string {
		return []string{"DataverseTenantId=" + theTenant, "DataverseClientId=" + dataverse.ApplicationID(), "DataverseClientSecret=" + secret}
	}
	unauthorized := func(*http.Request) *dataverse.Fault { return &dataverse.Fault{Status: http.StatusUnauthorized} }
	readOnly := func(r *http.Request) *dataverse.Fault {
		if r.Method == http.MethodGet {
			return nil
		}
		return &dataverse.Fault{Status: http.StatusForbidden, Code: "0x80040220", Message: "Principal user is missing prvCreatePublisher privilege"}
	}
	binary := build(t).binary
	for name, c := range map[string]struct {
		args []string
		// token is what az gives out; without one az says what it says, and
		// without either there is no az.
		token, azSays string
		env           []string
		everybody     bool // the CRM holds applications to no role
		refuse        func(*http.Request) *dataverse.Fault
		code          int
		asked         string
		says          []string
	}{
		"signed in":       {args: dataverseAs, token: "user:Ann", asked: crm, says: []string{"looking at the CRM " + theCRM, "16 changes made."}},
		"no az":           {args: dataverseAs, code: 1, says: []string{"getting a token for Dataverse: ", toTenant}},
		"not signed in":   {args: dataverseAs, azSays: loggedOff, code: 1, asked: crm, says: []string{"getting a token for Dataverse: ", toTenant}},
		"another tenant":  {args: dataverseAs, azSays: "ERROR: AADSTS500011: The resource principal named https://" + theCRM + " was not found in the tenant named Fabrikam.", code: 1, asked: crm, says: []string{"failed to acquire a token: AADSTS500011: ", "tenant named Fabrikam", toTenant}},
		"token refused":   {args: dataverseAs, token: "user:Ann", refuse: unauthorized, code: 1, asked: crm + crm, says: []string{"Dataverse answered 401", toTenant}},
		"no member":       {args: dataverseAs, token: "user:Zoe", code: 1, asked: crm, says: []string{"0x80072560: The user is not a member of the organization", toRole}},
		"no privilege":    {args: dataverseAs, token: "user:Ann", refuse: readOnly, code: 1, asked: crm, says: []string{"publisher paybridge: ", "missing prvCreatePublisher privilege", toRole}},
		"no CRM there":    {args: dataverseAs, token: "user:Ann", env: []string{"DataverseUrl=https://typo.crm4.dynamics.com"}, code: 1, asked: "account get-access-token -o json --resource https://typo.crm4.dynamics.com\n", says: []string{"hint: check DataverseUrl and the way there (DNS, proxy, firewall), then run it again"}},
		"as the app":      {args: asApp, env: application(theClientSecret), everybody: true, says: []string{"16 changes made."}},
		"wrong secret":    {args: asApp, env: application("wrong~wrong~wrong~wrong"), code: 1, says: []string{"AADSTS7000215: Invalid client secret provided", "hint: check DataverseTenantId, DataverseClientId and DataverseClientSecret, or leave --as-app out and sign in with az login\n"}},
		"app without it":  {args: asApp, env: application(theClientSecret), code: 1, says: []string{"prvReadOrganization", toRole}},
		"app without any": {args: asApp, code: 1, says: []string{"--as-app needs DataverseTenantId, DataverseClientId and DataverseClientSecret", "hint: set them, or sign in with az login and leave --as-app out\n"}},
		"vault":           {args: secrets, token: "user:Ann", asked: vault, says: []string{"stored DataverseClientSecret in the vault kv-pay"}},
		"vault off":       {args: secrets, azSays: loggedOff, code: 1, asked: vault, says: []string{"of the vault kv-pay cannot be read: signing in to Azure did not work", "hint: sign in with: az login\n"}},
		"vault stranger":  {args: secrets, token: "stranger", code: 1, asked: vault, says: []string{"cannot be read: you may not", `hint: assign the role "Key Vault Secrets Officer" on the vault kv-pay to yourself`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, binary, !c.everybody, c.refuse)
			m.az(c.token, c.azSays)
			text, code := m.run(c.env, c.args...)
			if code != c.code {
				t.Errorf("exit code %d", code)
			}
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if asked := m.asked(); asked != c.asked {
				t.Errorf("az was asked %q", asked)
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}
