package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/cmd/paybridge/pack"
)

// pages are the README and the pages of docs/.
func pages(t *testing.T) []string {
	t.Helper()
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) == 0 {
		t.Fatal("no pages", err)
	}
	return append(found, filepath.Join(root, "README.md"))
}

// block is a fenced block of a page. One without a language has commands to
// type.
var block = regexp.MustCompile("(?ms)^([ ]*)```(\\w*)\n(.*?)^[ ]*```$")

// placeholder is what a reader has to put something in the place of.
var placeholder = regexp.MustCompile(`<([A-Za-z][A-Za-z ]*)>`)

// blocks returns the commands of a page, without indentation, with words in the
// place of placeholders.
func blocks(page string) []string {
	var all []string
	for _, found := range block.FindAllStringSubmatch(page, -1) {
		if found[2] != "" {
			continue
		}
		text := regexp.MustCompile("(?m)^"+found[1]).ReplaceAllString(found[3], "")
		text = placeholder.ReplaceAllStringFunc(text, func(name string) string {
			return strings.ReplaceAll(strings.Trim(name, "<>"), " ", "-")
		})
		all = append(all, strings.ReplaceAll(text, "\\\n", " "))
	}
	return all
}

// ours is the beginning of a command of this program.
var ours = regexp.MustCompile(`^(?:[A-Za-z_]+=\S+ )*(?:go run \./cmd/paybridge|paybridge) `)

// TestCommandsInThePagesExist parses every command that a page shows, in a
// block or in the middle of a sentence, by the real command line.
func TestCommandsInThePagesExist(t *testing.T) {
	inline := regexp.MustCompile("`((?:go run \\./cmd/|)paybridge [^`]+)`")
	files := pages(t)
	t.Chdir(t.TempDir())
	// What deploy.md puts into the environment.
	t.Setenv("AZURE_KEY_VAULT_NAME", "kv-any")
	t.Setenv("FUNCTION_APP_URL", "https://pay.example")
	seen := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := string(content)
		for _, text := range blocks(page) {
			for line := range strings.Lines(text) {
				if command := ours.FindString(line); command != "" {
					seen++
					if err := parses(t, strings.TrimPrefix(line, command)); err != nil {
						t.Errorf("%s: %s: %v", filepath.Base(file), strings.TrimSpace(line), err)
					}
				}
			}
		}
		for _, found := range inline.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
			seen++
			rest := strings.TrimPrefix(found[1], ours.FindString(found[1]))
			if !isCommand(t, rest) && parses(t, placeholder.ReplaceAllString(rest, "x")) != nil {
				t.Errorf("%s: `%s` is no command", filepath.Base(file), found[1])
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands were found in the pages", seen)
	}
}

// TestLinksBetweenThePagesLead follows the links to other files of the
// repository.
func TestLinksBetweenThePagesLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(content), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), found[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", filepath.Base(file), found[1])
			}
		}
	}
}

// parses parses the arguments of a command. Files that it names are made.
func parses(t *testing.T, line string) error {
	t.Helper()
	args := words(line)
	for _, arg := range args {
		if strings.HasSuffix(arg, ".json") && !strings.Contains(arg, "/") {
			if err := os.WriteFile(arg, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	var cli commands
	parser, err := newParser(&cli, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return err
}

// isCommand reports whether the words name a command or a group of commands.
func isCommand(t *testing.T, line string) bool {
	t.Helper()
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	node := parser.Model.Node
	for word := range strings.FieldsSeq(line) {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
		if i < 0 {
			return false
		}
		node = node.Children[i]
	}
	return true
}

// words splits a line as a shell does, with x in the place of what the shell
// would put in.
func words(line string) []string {
	line = strings.TrimSpace(line)
	for _, substituted := range []string{`\$\([^()]*\)`, `\$\{?\w+\}?`} {
		line = regexp.MustCompile(substituted).ReplaceAllString(line, "x")
	}
	line, _, _ = strings.Cut(line, " # ")
	var all []string
	var word strings.Builder
	quote, inWord := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && c == ' ':
			if inWord {
				all = append(all, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if inWord {
		all = append(all, word.String())
	}
	return all
}

// programs are what a page's commands meet in a script in the place of the real
// ones: azd and az know the stand-ins that the script has started, and of our
// own commands those that end by themselves are about these, with what a person
// would type where they ask.
var programs = map[string]string{
	"azd": `case "$*" in
"env get-values") printf 'AZURE_KEY_VAULT_NAME="%s"\nFUNCTION_APP_URL="http://127.0.0.1:7071"\nAZURE_RESOURCE_GROUP="rg"\nFUNCTION_APP_NAME="func"\n' "$VAULT_URL" ;;
esac`,
	"az": `case "$*" in
"functionapp keys list "*) echo a-function-key ;;
"functionapp keys set "*) echo the-next-key ;;
"functionapp show "*) echo an-id ;;
"functionapp config appsettings list "*) printf '[{"name":"StripeWebhookSecret","value":"@Microsoft.KeyVault(SecretUri=%s/secrets/stripe-webhook-secret)","slotSetting":false}]' "$VAULT_URL" ;;
esac`,
	"paybridge": `case "$*" in
local* | pack* | soak*) exit 0 ;; # Run by the end-to-end tests and by a script of its own.
"setup stripe"*--retire*) exit 0 ;; # Run by the tests of package endpoint, which have an app to ask.
"setup stripe"* | "setup keyvault"*-file*) ;;
"setup keyvault"*) set -- "$@" --stripe-secret-key-file stripe-key ;;
"deadletters resubmit"* | "deadletters drop"*) set -- "$@" --local --yes ;;
reconcile*--dry-run*) set -- "$@" --local ;;
reconcile*) set -- "$@" --local --yes ;;
*) set -- "$@" --local ;;
esac
exec "$PAYBRIDGE" "$@"`,
	"go": `test "$1 $2" = "run ./cmd/paybridge" || exit 0
shift 2
exec paybridge "$@"`,
	"func": "", "curl": "", "git": "",
}

// documented runs the commands of a page, block by block, as a reader would who
// follows it: documented PAGE [WORD=VALUE...], where a word that stands in the
// place of a placeholder becomes a value.
func documented(ts *testscript.TestScript, _ bool, args []string) {
	content, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), "docs", args[0]))
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
