package infra_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jobs returns the jobs of a workflow as text, and what stands before them. The
// form of workflows is held by actionlint.
func jobs(t *testing.T, path string) (before string, found map[string]string) {
	t.Helper()
	before, text, ok := strings.Cut(read(t, path), "\njobs:\n")
	if !ok {
		t.Fatalf("%s has no jobs", path)
	}
	found = map[string]string{}
	heading := regexp.MustCompile(`(?m)^  (\w[\w-]*):$`)
	at := heading.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		found[text[m[2]:m[3]]] = text[m[1]:end]
	}
	return before, found
}

// runs returns the scripts of a job, each in one line.
func runs(job string) []string {
	var all []string
	for step := range strings.SplitSeq(regexp.MustCompile(`(?m)^ *#.*\n`).ReplaceAllString(job, ""), "\n      - ") {
		if _, script, isScript := strings.Cut(step, "run: "); isScript {
			script, _, _ = strings.Cut(script, "\n        env:")
			all = append(all, strings.Join(strings.Fields(script), " "))
		}
	}
	return all
}

func workflows(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no workflows", err)
	}
	return files
}

// TestWorkflowsMayDoLittle: what a workflow may do, a stolen action may do.
func TestWorkflowsMayDoLittle(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, path := range workflows(t) {
		before, found := jobs(t, path)
		if !strings.Contains(before, "\npermissions:\n  contents: read\n") || strings.Contains(before, "write") {
			t.Errorf("%s: every job may do more than read", path)
		}
		text := read(t, path)
		for _, used := range regexp.MustCompile(`(?m)\buses: (.*)$`).FindAllStringSubmatch(text, -1) {
			if !pinned.MatchString(used[1]) {
				t.Errorf("%s: %s is not pinned to a commit with its version beside it", path, used[1])
			}
		}
		if strings.Contains(text, "secrets.") {
			t.Errorf("%s: GitHub keeps a secret", path)
		}
		for name, job := range found {
			if !strings.Contains(job, "timeout-minutes:") {
				t.Errorf("%s: nothing ends the job %s", path, name)
			}
			if strings.Contains(job, "actions/checkout@") && !strings.Contains(job, "persist-credentials: false") {
				t.Errorf("%s: the job %s leaves a token beside the code that it runs", path, name)
			}
			// A title or branch is text of a stranger, and no part of a script.
			for _, script := range runs(job) {
				if strings.Contains(script, "${{") {
					t.Errorf("%s: the job %s has an expression in a script: %s", path, name, script)
				}
			}
		}
	}
}

// TestDeployTestsPacksAndPublishes: the job that may sign in to Azure runs no
// code of the repository, and gets what the other one has tested.
func TestDeployTestsPacksAndPublishes(t *testing.T) {
	_, found := jobs(t, "../.github/workflows/deploy.yml")
	if diff := cmp.Diff([]string{
		"go test ./...",
		`| case "$PAYMENT_TABLE" in *.json) go run ./cmd/paybridge pack --zip --mapping "$PAYMENT_TABLE" ;; *) go run ./cmd/paybridge pack --zip ;; esac`,
	}, runs(found["package"])); diff != "" {
		t.Errorf("the package: -want +got:\n%s", diff)
	}
	deploy := found["deploy"]
	for _, part := range []string{
		"needs: package\n", "environment: ${{ inputs.environment }}\n", "permissions:\n      id-token: write\n    steps:",
		"azure/login@", "Azure/functions-action@", "package: dist.zip\n", `"$APP/api/health"`,
	} {
		if !strings.Contains(deploy, part) {
			t.Errorf("the job deploy lacks %q", part)
		}
	}
	for _, part := range []string{"actions/checkout", "go run", "setup-go"} {
		if strings.Contains(deploy, part) {
			t.Errorf("the job that may sign in has %s", part)
		}
	}
	for name, job := range found {
		if name != "deploy" && strings.Contains(job, "id-token") {
			t.Errorf("the job %s may sign in too", name)
		}
	}
	// The page says which variables the environment needs at GitHub.
	_, page, _ := strings.Cut(read(t, "../docs/deploy.md"), "\n## Deploy from GitHub\n")
	var variables []string
	for _, v := range regexp.MustCompile(`vars\.([A-Z_]+)`).FindAllStringSubmatch(found["package"]+deploy, -1) {
		if variables = append(variables, v[1]); !strings.Contains(page, "`"+v[1]+"`") {
			t.Errorf("docs/deploy.md does not ask for the variable %s", v[1])
		}
	}
	for _, v := range regexp.MustCompile("`((?:AZURE|FUNCTION|PAYMENT)_[A-Z_]+)`").FindAllStringSubmatch(page, -1) {
		if !slices.Contains(variables, v[1]) {
			t.Errorf("docs/deploy.md asks for the variable %s, which nothing reads", v[1])
		}
	}
}
