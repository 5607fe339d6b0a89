package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"paybridge/cmd/paybridge/pack"
	"paybridge/internal/stripeapi"
)

const readme = "README.md"

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
	return append(found, filepath.Join(root, readme))
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

// TestVariablesComeFromTheDeployment: what a flag takes from the environment is
// an output of the templates, which azd hands on, or said in a page.
func TestVariablesComeFromTheDeployment(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile(filepath.Join(root, "infra", "main.bicep"))
	if err != nil {
		t.Fatal(err)
	}
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var look func(n *kong.Node)
	look = func(n *kong.Node) {
		for _, flag := range n.Flags {
			for _, name := range flag.Envs {
				seen++
				if !strings.Contains(string(template), "output "+name+" ") {
					t.Errorf("%s --%s reads %s, which no output of infra/main.bicep is called", n.Path(), flag.Name, name)
				}
			}
		}
		for _, child := range n.Children {
			look(child)
		}
	}
	if look(parser.Model.Node); seen == 0 {
		t.Error("no flag reads the environment")
	}
}

// TestFlagsOfSetupAreInThePages: setup is what people do once, by the pages.
func TestFlagsOfSetupAreInThePages(t *testing.T) {
	var all strings.Builder
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	setup := parser.Model.Children[slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == "setup" })]
	for _, command := range setup.Children {
		for _, flag := range command.Flags {
			if flag.Name != "help" && !regexp.MustCompile("--"+flag.Name+`\b`).MatchString(all.String()) {
				t.Errorf("no page says what %s --%s is for", command.FullPath(), flag.Name)
			}
		}
	}
}

// TestKeyIsMadeAsNeeded holds what the page says of the restricted key to what
// doctor asks of it.
func TestKeyIsMadeAsNeeded(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, sentence, _ := strings.Cut(string(content), "a restricted key with *write* for ")
	write, read, _ := strings.Cut(sentence, "*read* for ")
	read, _, _ = strings.Cut(read, ".")
	for _, permission := range stripeapi.Permissions() {
		name, writes := strings.CutSuffix(strings.TrimPrefix(permission, "rak_"), "_write")
		in := write
		if !writes {
			name, in = strings.TrimSuffix(name, "_read"), read
		}
		if !strings.Contains(strings.ToLower(in), strings.ReplaceAll(name, "_", " ")) {
			t.Errorf("deploy.md does not ask for %s", permission)
		}
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
