package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
)

// command is a built paybridge, run as a child process like anybody runs it.
type command struct {
	*world
	binary, root, data, ready string
	process                   *exec.Cmd
	said                      *output
}

func build(t *testing.T) *command {
	t.Helper()
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &command{
		world: &world{t: t, output: &output{}}, binary: filepath.Join(dir, "paybridge"), root: root,
		data: filepath.Join(dir, "data"), ready: filepath.Join(dir, "ready.json"), said: &output{},
	}
	packtest.Consult(t)
	made := exec.CommandContext(t.Context(), "go", "build", "-o", c.binary, "./cmd/paybridge")
	made.Dir = root
	if text, err := made.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, text)
	}
	return c
}

// local runs paybridge local until it is killed and returns once its ready
// file is there.
func (c *command) local(flags ...string) {
	c.t.Helper()
	if err := os.Remove(c.ready); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.t.Fatal(err)
	}
	args := append([]string{"local", "--port", "0", "--dataverse-port", "0", "--stripe-port", "0", "--data", c.data, "--ready", c.ready}, flags...)
	c.process = exec.Command(c.binary, args...)
	c.process.Dir = c.root
	c.process.Stdout, c.process.Stderr = c.said, c.said
	if err := c.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.kill)
	c.until("the ready file is there", func() bool {
		text, err := os.ReadFile(c.ready)
		return err == nil && json.Unmarshal(text, &c.urls) == nil
	})
}

// kill sends SIGKILL. What the command started dies with it.
func (c *command) kill() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
	c.process = nil
}

// TestWholeProcessIsKilled kills paybridge local in the middle of its work and
// starts it again on the same data.
func TestWholeProcessIsKilled(t *testing.T) {
	t.Parallel()
	c := build(t)
	c.local("--demo=false")
	first := c.urls
	var lives []*payment
	for range 3 {
		for range 10 {
			p := &payment{world: c.world, row: c.row("12.50", "EUR")}
			p.byIntent("pm_card_visa")
			p.refund("250")
			lives = append(lives, p)
		}
		c.kill()
		c.local("--demo=false")
		if diff := cmp.Diff(first, c.urls); diff != "" {
			t.Fatalf("after the restart something is elsewhere:\n%s", diff)
		}
	}
	for _, p := range lives {
		want := p.truth(p.intentID, "")
		c.until("the row of "+p.intentID+" is true", func() bool { return cmp.Equal(want, shown(c.read(p.row))) })
	}
	c.timeline()
}

func TestReadyFileTellsWhereEverythingIs(t *testing.T) {
	t.Parallel()
	c := build(t)
	c.local()
	info, err := os.Stat(c.ready)
	c.must(err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the ready file, which holds keys, has mode %v", mode)
	}
	text, err := os.ReadFile(c.ready)
	c.must(err)
	var fields map[string]string
	c.must(json.Unmarshal(text, &fields))
	for _, name := range []string{"functions", "dataverse", "stripe", "stripeSecretKey", "stripeWebhookSecret", "queues"} {
		if fields[name] == "" {
			t.Errorf("the ready file has no %s", name)
		}
		delete(fields, name)
	}
	if len(fields) > 0 {
		t.Errorf("the ready file has more than was promised: %v", fields)
	}
	if status, answer := c.call(http.MethodGet, c.urls.Functions+"/api/health", nil, nil); status != http.StatusOK {
		t.Errorf("health: %d %v", status, answer)
	}
	c.until("the demonstration has ended well", func() bool {
		return bytes.Contains([]byte(c.said.String()), []byte("the row shows Completed"))
	})
	for _, trigger := range []string{"crmupdate      queue payment-events", "reconcile      timer 0 */5 * * * *"} {
		if !strings.Contains(c.said.String(), trigger) {
			t.Errorf("it does not say %q", trigger)
		}
	}
	begun := time.Now()
	c.must(c.process.Process.Signal(os.Interrupt))
	if err := c.process.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	c.process = nil
}

// TestEmptyDataverseIsSetUp does what docs/dataverse.md says of trying it: a CRM
// that knows nothing of PayBridge in one terminal, setup in a second one.
func TestEmptyDataverseIsSetUp(t *testing.T) {
	t.Parallel()
	c := build(t)
	c.local("--empty-dataverse")
	setup := exec.CommandContext(t.Context(), c.binary, "setup", "dataverse", "--local", "--data", c.data)
	setup.Dir = c.root
	if text, err := setup.CombinedOutput(); err != nil || !bytes.Contains(text, []byte("table pb_payment: made")) {
		t.Fatalf("%v\n%s", err, text)
	}
	row := c.row("12.50", "EUR")
	c.patch(row, `{"pb_request":884200001}`)
	c.until("the row has a PaymentIntent", func() bool { return c.read(row)["pb_paymentintentid"] != nil })
}
