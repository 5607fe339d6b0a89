package infra_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hook runs a hook with programs in the place of the real ones. Each writes
// down how it was called, and fails if it is told to.
func hook(t *testing.T, name string, programs []string, env ...string) (output, calls string, err error) {
	t.Helper()
	bin := t.TempDir()
	log := filepath.Join(bin, "calls")
	for _, program := range programs {
		program, script, _ := strings.Cut(program, ":")
		text := "#!/bin/sh\necho \"" + program + " $*\" >> '" + log + "'\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(bin, program), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A copy in a folder of its own, where dist/ may be gone into.
	root := t.TempDir()
	for _, folder := range []string{"infra/hooks", "dist"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := os.ReadFile(filepath.Join("hooks", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "infra/hooks", name), script, 0o755); err != nil {
		t.Fatal(err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	dirname, err := exec.LookPath("dirname")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dirname, filepath.Join(bin, "dirname")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), shell, filepath.Join(root, "infra/hooks", name))
	cmd.Dir, cmd.Env = root, append(env, "PATH="+bin)
	text, err := cmd.CombinedOutput()
	called, _ := os.ReadFile(log)
	return string(text), string(called), err
}

func TestPostdeployPacksAndPublishes(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // Its hook is the other script.
	}
	env := []string{"FUNCTION_APP_NAME=func-1", "FUNCTION_APP_URL=https://func-1.example", "STRIPE_MODE=test"}
	programs := []string{"go", "func"}
	output, calls, err := hook(t, "postdeploy.sh", programs, env...)
	want := "go run ./cmd/paybridge pack --goos linux --goarch amd64\nfunc azure functionapp publish func-1 --custom\n"
	if err != nil || calls != want || !strings.Contains(output, "published to https://func-1.example, Stripe in test mode") {
		t.Errorf("%v\n%s%s", err, calls, output)
	}
	_, calls, err = hook(t, "postdeploy.sh", programs, append(env, "PAYMENT_TABLE=my invoice.json")...)
	if err != nil || !strings.Contains(calls, "--mapping my invoice.json\n") {
		t.Errorf("%v\n%s", err, calls)
	}
	_, calls, err = hook(t, "postdeploy.sh", programs, append(env, "PAYMENT_TABLE=salesorder")...)
	if err != nil || calls != want {
		t.Errorf("%v\n%s", err, calls)
	}
	output, _, err = hook(t, "postdeploy.sh", []string{"go", "func:exit 3"}, env...)
	if err == nil || !strings.Contains(output, "hint: after the first azd up") {
		t.Errorf("%v\n%s", err, output)
	}
	if _, calls, err = hook(t, "postdeploy.sh", []string{"go:exit 3", "func"}, env...); err == nil || strings.Contains(calls, "func") {
		t.Errorf("what was not packed is published: %v\n%s", err, calls)
	}
}

func TestPreprovisionSaysWhatIsMissing(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // Its hook is the other script.
	}
	all := []string{"go", "az", "func"}
	for name, c := range map[string]struct {
		programs []string
		env      string
		want     string
	}{
		"all is there":     {all, "DATAVERSE_URL=https://contoso.crm4.dynamics.com", ""},
		"no Go":            {[]string{"az", "func"}, "", "Go is not installed"},
		"no Azure CLI":     {[]string{"go", "func"}, "", "the Azure CLI is not installed"},
		"no Core Tools":    {[]string{"go", "az"}, "", "Core Tools are not installed"},
		"not signed in":    {[]string{"go", "az:exit 1", "func"}, "", "hint: az login"},
		"no CRM":           {all, "", "DATAVERSE_URL is not set"},
		"the CRM is empty": {all, "DATAVERSE_URL=", "DATAVERSE_URL is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			output, _, err := hook(t, "preprovision.sh", c.programs, c.env)
			if (err == nil) != (c.want == "") || !strings.Contains(output, c.want) || c.want == "" && output != "" {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// TestHooksAreThere: azd runs one script on Linux and macOS and another on
// Windows. They call the same programs and say the same.
func TestHooksAreThere(t *testing.T) {
	content, err := os.ReadFile("../azure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	for _, found := range regexp.MustCompile(`run: \./(\S+)`).FindAllStringSubmatch(string(content), -1) {
		scripts = append(scripts, found[1])
		info, err := os.Stat(filepath.Join("..", found[1]))
		if err != nil || strings.HasSuffix(found[1], ".sh") && runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", found[1], err)
		}
	}
	files, err := filepath.Glob("hooks/*")
	if err != nil || len(files) != len(scripts) || len(files) == 0 {
		t.Errorf("azure.yaml runs %v, there are %v", scripts, files)
	}
	outputs := regexp.MustCompile(`output ([A-Z_]+) `)
	main, err := os.ReadFile("main.bicep")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"PAYMENT_TABLE", "DATAVERSE_URL"} // From azd env set.
	for _, found := range outputs.FindAllSubmatch(main, -1) {
		known = append(known, string(found[1]))
	}
	for _, name := range files {
		if !strings.HasSuffix(name, ".sh") {
			continue
		}
		posix, windows := read(t, name), read(t, strings.TrimSuffix(name, ".sh")+".ps1")
		if diff := cmp.Diff(words(posix), words(windows)); diff != "" {
			t.Errorf("%s (-) and its counterpart for Windows (+) differ:\n%s", name, diff)
		}
		for _, found := range regexp.MustCompile(`\$\{?(?:env:)?([A-Z]+_[A-Z_]+)\b`).FindAllStringSubmatch(posix+windows, -1) {
			if !slices.Contains(known, found[1]) {
				t.Errorf("%s uses %s, which azd does not have", name, found[1])
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// common finds what the two kinds of script have in common: the programs that
// they call with their plain arguments, what is missing, and what to do.
var common = []*regexp.Regexp{
	regexp.MustCompile(`go run \./cmd/\S+ \S+ --goos linux --goarch amd64|func azure functionapp publish|--custom|az account show`),
	regexp.MustCompile(`hint: after [^'"\\]+`),
	regexp.MustCompile(`(?i)missing '[^']+' '[^']+'`),
}

func words(script string) []string {
	var all []string
	for _, form := range common {
		for _, found := range form.FindAllString(script, -1) {
			all = append(all, strings.ToLower(found))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
