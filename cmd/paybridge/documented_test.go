package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what a page's commands meet in a script in the place of the real
// ones: azd and az know the stand-ins that the script has started, and of our
// own commands those that end by themselves are about these, with what a person
// would type where they ask.
var programs = map[string]string{
	"azd": `case "$*" in
"env get-values") printf 'AZURE_KEY_VAULT_NAME="%s"\nFUNCTION_APP_URL="http://127.0.0.1:7071"\nAZURE_RESOURCE_GROUP="rg"\nSTRIPE_MODE="test"\nFUNCTION_APP_NAME="func"\n' "$VAULT_URL" ;;
esac`,
	"az": `case "$*" in
"functionapp keys list "* | "functionapp function keys list "*) echo a-function-key ;;
"functionapp keys set "*) echo the-next-key ;;
"functionapp show "*) echo an-id ;;
"functionapp config appsettings list "*) printf '[{"name":"StripeWebhookSecret","value":"@Microsoft.KeyVault(SecretUri=%s/secrets/stripe-webhook-secret)","slotSetting":false}]' "$VAULT_URL" ;;
esac`,
	"paybridge": `case "$*" in
local* | pack* | soak*) exit 0 ;; # Run by the end-to-end tests and by a script of its own.
"setup stripe"*--retire*) exit 0 ;; # Run by the tests of package endpoint, which have an app to ask.
"setup stripe"* | "setup keyvault"*-file* | "setup dataverse --app"*) ;;
"setup keyvault"*) set -- "$@" --stripe-secret-key-file stripe-key ;;
"deadletters resubmit"* | "deadletters drop"*) set -- "$@" --local --yes ;;
reconcile*--dry-run*) set -- "$@" --local ;;
reconcile*) set -- "$@" --local --yes ;;
doctor*) # Where a page begins with dead letters, they are a warning.
	"$PAYBRIDGE" "$@" --local || test $? -eq "${DOCTOR_WARNS:-0}"
	exit ;;
*) set -- "$@" --local ;;
esac
exec "$PAYBRIDGE" "$@"`,
	"go": `test "$1 $2" = "run ./cmd/paybridge" || exit 0
shift 2
exec paybridge "$@"`,
	"func": "", "curl": "", "git": "", "stripe": "",
}

// documented runs the commands of a page, block by block, as a reader would who
// follows it: documented PAGE [WORD=VALUE...], where a word that stands in the
// place of a placeholder becomes a value.
func documented(ts *testscript.TestScript, _ bool, args []string) {
	folder := "docs"
	if args[0] == readme {
		folder = "."
	}
	content, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), folder, args[0]))
	ts.Check(err)
	bin := ts.MkAbs("documented")
	ts.Check(os.MkdirAll(bin, 0o755))
	for name, script := range programs {
		ts.Check(os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho \"+ "+name+" $*\" >&2\n"+script+"\n"), 0o755))
	}
	found := blocks(string(content))
	if len(found) == 0 {
		ts.Fatalf("%s shows no commands", args[0])
	}
	var all bytes.Buffer
	all.WriteString("PAYBRIDGE=$(command -v paybridge)\nexport PAYBRIDGE\nPATH='" + bin + "':$PATH\n")
	for _, text := range found {
		for _, replacement := range args[1:] {
			word, value, _ := strings.Cut(replacement, "=")
			text = regexp.MustCompile(`\b`+word+`\b`).ReplaceAllLiteralString(text, value)
		}
		all.WriteString(text)
	}
	path := ts.MkAbs("documented.sh")
	ts.Check(os.WriteFile(path, all.Bytes(), 0o600))
	ts.Check(ts.Exec("sh", "-eu", path))
}
