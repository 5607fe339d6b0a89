package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"paybridge/cmd/paybridge/pack"
)

// scripts are the scripts of TestCommandLine.
func scripts(t *testing.T) string {
	t.Helper()
	return texts(t, "testdata/script/*.txtar")
}

// texts returns the files of a few patterns as one text.
func texts(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no files:", pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
	}
	return all.String()
}

// TestPagesAreFollowed: what a page shows in a block is run by a script.
func TestPagesAreFollowed(t *testing.T) {
	all := scripts(t)
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(file); len(blocks(string(content))) > 0 && !strings.Contains(all, "\ndocumented "+name) {
			t.Errorf("no script follows %s", name)
		}
	}
}

// TestShownCommandsAreRun: the commands that pages name in the middle of a
// sentence are run somewhere, with the flags that they have there.
func TestShownCommandsAreRun(t *testing.T) {
	ran := map[string]bool{}
	for line := range strings.Lines(scripts(t)) {
		if _, command, found := strings.Cut(line, "exec paybridge "); found {
			for _, part := range parts(t, command) {
				ran[part] = true
			}
		}
	}
	// These run until they are ended, or long.
	elsewhere := map[string]string{
		"local": texts(t, "../../e2e/*_test.go", "../../interop/run.js"),
		"soak":  texts(t, "../../.ci/run"),
	}
	inline := regexp.MustCompile("`((?:go run \\./cmd/|)paybridge [^`]+)`")
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := string(content)
		var shown []string
		for _, text := range blocks(page) {
			for line := range strings.Lines(text) {
				line = strings.TrimSpace(line)
				if command := ours.FindString(line); command != "" {
					shown = append(shown, strings.TrimPrefix(line, command))
				}
			}
		}
		inBlocks := len(shown)
		for _, found := range inline.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
			shown = append(shown, strings.TrimPrefix(found[1], ours.FindString(found[1])))
		}
		for i, command := range shown {
			for _, part := range parts(t, command) {
				name, flag, _ := strings.Cut(part, " --")
				text, isElsewhere := elsewhere[name]
				switch {
				case isElsewhere && (!strings.Contains(text, name) || !strings.Contains(text, flag)):
					t.Errorf("%s: nothing runs paybridge %s", filepath.Base(file), part)
				case isElsewhere:
				case i < inBlocks:
					ran[part] = true // By the script that follows the page.
				case !ran[part] && !isGroup(name):
					t.Errorf("%s: no script runs paybridge %s", filepath.Base(file), part)
				}
			}
		}
	}
}

// parts splits a command into its name and its name with each flag.
func parts(t *testing.T, line string) []string {
	t.Helper()
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	node, all := parser.Model.Node, []string{}
	var name []string
	for _, word := range words(line) {
		if flag, isFlag := strings.CutPrefix(word, "--"); isFlag {
			flag, _, _ = strings.Cut(flag, "=")
			all = append(all, strings.Join(name, " ")+" --"+flag)
		} else if i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word }); i >= 0 {
			node, name = node.Children[i], append(name, word)
		}
	}
	return append(all, strings.Join(name, " "))
}

// isGroup reports whether a name is that of several commands.
func isGroup(name string) bool {
	return slices.Contains([]string{"", "setup", "deadletters"}, name)
}

// TestTestsInThePagesExist: a go test that finds no test of the name says ok.
func TestTestsInThePagesExist(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^go test (.*)$`).FindAllStringSubmatch(string(content), -1) {
			seen++
			args := words(found[1])
			folder := root
			if i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "./") && a != "./..." }); i >= 0 {
				folder = filepath.Join(root, args[i])
			} else if found[1] == "./..." {
				continue
			}
			code := texts(t, filepath.Join(folder, "*_test.go"))
			for i, arg := range args {
				kind, pattern := "Test", ""
				switch name := strings.TrimPrefix(arg, "-"); {
				case arg == "-run" || arg == "-bench":
					if arg == "-bench" {
						kind = "Benchmark"
					}
					pattern = args[i+1]
				case arg != "-v" && strings.HasPrefix(arg, "-"):
					if !regexp.MustCompile(`flag\.\w+\("` + name + `"`).MatchString(code) {
						t.Errorf("%s: %s: there is no flag %s", filepath.Base(file), found[0], arg)
					}
				}
				if pattern == "" || pattern == "^$" {
					continue
				}
				for alternative := range strings.SplitSeq(pattern, "|") {
					matched := false
					for _, f := range regexp.MustCompile(`(?m)^func (`+kind+`\w+)\(`).FindAllStringSubmatch(code, -1) {
						matched = matched || regexp.MustCompile(alternative).MatchString(f[1])
					}
					if !matched {
						t.Errorf("%s: %s: nothing is called %s", filepath.Base(file), found[0], alternative)
					}
				}
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d calls of go test were found", seen)
	}
}

// TestPagesQuoteWhatIsSaid: whoever looks for a sentence by what a page says has
// to find it, in the log, on a row or in an answer.
func TestPagesQuoteWhatIsSaid(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	code := texts(t, root+"/handler/*.go", root+"/functions/*/*.go", root+"/internal/*/*.go")
	seen := 0
	for _, file := range pages(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile("(?:says|outcome|(?:shows|answers) \\d+ and) [`*]([^`*]+)[`*]").FindAllStringSubmatch(string(content), -1) {
			seen++
			// The mode is put in.
			if said := strings.Replace(found[1], " test mode", " %s mode", 1); !strings.Contains(code, said) {
				t.Errorf("%s: nothing says %q", filepath.Base(file), found[1])
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d quotations were found", seen)
	}
	// Each check of /api/health has its row on the page.
	page := texts(t, root+"/docs/operate.md")
	for _, found := range regexp.MustCompile(`health\.(?:Probe\{Name: |Queue\()"([^"]+)"`).FindAllStringSubmatch(texts(t, root+"/handler/*.go"), -1) {
		if !regexp.MustCompile("(?m)^\\|[^|]*`" + found[1] + "`").MatchString(page) {
			t.Errorf("operate.md does not say what to do when %s fails", found[1])
		}
	}
}
