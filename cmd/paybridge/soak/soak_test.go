package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/people"
	"paybridge/cmd/paybridge/soak/platform"
)

// asHost makes the test's binary the process that the soak kills.
const asHost = "PAYBRIDGE_TEST_SOAK_HOST"

func TestMain(m *testing.M) {
	if os.Getenv(asHost) == "" {
		os.Exit(m.Run())
	}
	if err := platform.Serve(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestJudge leads payments without faults, of which nothing may be wrong nor
// tried twice, and then plants what the judge has to find.
func TestJudge(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	packed, err := pack.Pack(t.Context(), pack.Config{Root: root, Dist: filepath.Join(dir, "dist")})
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{tally: newTally(nil), rows: newWatch(), cfg: Config{
		Payments: 30, Seed: 1, Parallel: 30, Dist: packed.Dist, Data: dir, Progress: func(string) {},
		Command: func() *exec.Cmd {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asHost+"=1")
			return cmd
		},
	}}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := s.judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if problems := report.Problems(); len(problems) > 0 || report.Events == 0 {
		report.Print(t.Output())
		t.Fatalf("%d events, problems %q; want events and no problems", report.Events, problems)
	}
	t.Run("wrong row", s.findsWrongRow)
	t.Run("secret", s.findsSecret)
}

func (s *soak) findsWrongRow(t *testing.T) {
	ledger, err := s.shop.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.crm.All(t.Context(), "pb_payments")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]any{}
	for _, row := range all {
		rows[oracle.Text(row, "pb_paymentid")] = row
	}
	for _, l := range s.lives {
		row := rows[l.row]
		if row == nil || row["pb_amountreceived"] == nil {
			continue
		}
		row["pb_amountreceived"] = json.Number("123456")
		var r Report
		if s.judgeLife(&r, l, rows, ledger); len(r.Wrong) != 1 || len(r.Problems()) == 0 {
			t.Errorf("an amount that nobody paid: %d rows are wrong, problems %q", len(r.Wrong), r.Problems())
		}
		return
	}
	t.Error("no row has received money")
}

func (s *soak) findsSecret(t *testing.T) {
	for _, l := range s.lives {
		if l.row == "" || l.deleted {
			continue
		}
		if err := s.crm.Change(t.Context(), l.row, people.Columns{"pb_name": s.ends.stripe.SecretKey()}); err != nil {
			t.Fatal(err)
		}
		break
	}
	report, err := s.judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Leaks == 0 || len(report.Problems()) == 0 {
		t.Errorf("a key in a name: %d secrets, problems %q", report.Leaks, report.Problems())
	}
}

func TestDeadLettersAreExplained(t *testing.T) {
	const good, bad = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	intent := func(id, row string) oracle.Object {
		return oracle.Object{"id": id, "metadata": oracle.Object{"CRM_PaymentId": row}}
	}
	ledger := oracle.NewLedger([]oracle.Object{intent("pi_good", good), intent("pi_bad", bad), {"id": "pi_foreign"}}, nil, nil, nil)
	right := map[string]bool{good: true, bad: false}
	for name, c := range map[string]struct {
		queue, body string
		want        bool
	}{
		"poison":         {local.RequestsQueue, "{", true},
		"poisoned hint":  {local.EventsQueue, "not JSON", true},
		"right row":      {local.RequestsQueue, `{"v":1,"payment":"` + good + `"}`, true},
		"wrong row":      {local.RequestsQueue, `{"v":1,"payment":"` + bad + `"}`, false},
		"right payment":  {local.EventsQueue, `{"v":1,"livemode":false,"paymentIntent":"pi_good"}`, true},
		"wrong payment":  {local.EventsQueue, `{"v":1,"livemode":false,"paymentIntent":"pi_bad"}`, false},
		"not the CRM's":  {local.EventsQueue, `{"v":1,"livemode":false,"paymentIntent":"pi_foreign"}`, true},
		"nobody's":       {local.EventsQueue, `{"v":1,"livemode":false,"paymentIntent":"pi_unknown"}`, false},
		"row of no life": {local.EventsQueue, `{"v":1,"livemode":false,"paymentIntent":"pi_foreign","crmPaymentId":"33333333-3333-4333-8333-333333333333"}`, false},
	} {
		if got := explained(platform.DeadLetter{Queue: c.queue, Body: c.body}, right, ledger); got != c.want {
			t.Errorf("%s: explained %t, want %t", name, got, c.want)
		}
	}
}
