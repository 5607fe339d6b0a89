package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
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
	s := &soak{tally: newTally(nil), rows: newWatch(), cfg: config(t, 120)}
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
	report := s.judged(t)
	if problems := report.Problems(); len(problems) > 0 || report.Events == 0 {
		report.Print(t.Output())
		t.Fatalf("%d events, problems %q; want events and no problems", report.Events, problems)
	}
	for _, turn := range Turns {
		if report.Histories[turn] == 0 {
			t.Errorf("no payment was %s: %v", turn, report.Histories)
		}
	}
	t.Run("wrong row", s.findsWrongRow)
	t.Run("secret", s.findsSecret)
}

// config is that of a soak without faults, whose host is the test's binary.
func config(t *testing.T, payments int) Config {
	t.Helper()
	packtest.Consult(t)
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	packed, err := pack.Pack(t.Context(), pack.Config{Root: root, Dist: filepath.Join(dir, "dist")})
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Payments: payments, Seed: 1, Parallel: 30, Dist: packed.Dist, Data: dir, Progress: func(string) {},
		Command: func() *exec.Cmd {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asHost+"=1")
			return cmd
		},
	}
}

// TestHostThatEndsByItselfIsNotWaitedFor kills the host behind the soak's back.
func TestHostThatEndsByItselfIsNotWaitedFor(t *testing.T) {
	cfg := config(t, 100_000)
	command := cfg.Command
	var host *exec.Cmd
	cfg.Command = func() *exec.Cmd {
		host = command()
		return host
	}
	cfg.Progress = func(string) { _ = host.Process.Kill() }
	_, err := Run(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("the soak ended with %v", err)
	}
}

// judged is the report so far.
func (s *soak) judged(t *testing.T) *Report {
	t.Helper()
	report, err := s.judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.count(report)
	return report
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
	report := s.judged(t)
	if report.Leaks == 0 || len(report.Problems()) == 0 {
		t.Errorf("a key in a name: %d secrets, problems %q", report.Leaks, report.Problems())
	}
}

func TestDeadLettersAreExplained(t *testing.T) {
	const agreeing, bad, reviewed, gone = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222",
		"33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
	intent := func(id, row string) oracle.Object {
		return oracle.Object{"id": id, "metadata": oracle.Object{"CRM_PaymentId": row}, "latest_charge": oracle.Object{"id": "ch_" + id}}
	}
	about := func(id, intent string) oracle.Object {
		return oracle.Object{"id": id, "payment_intent": intent, "charge": "ch_of_" + id}
	}
	ledger := oracle.NewLedger(
		[]oracle.Object{intent("pi_good", agreeing), intent("pi_bad", bad), {"id": "pi_foreign", "latest_charge": oracle.Object{"id": "ch_foreign"}}},
		[]oracle.Object{{"id": "cs_good", "metadata": oracle.Object{"CRM_PaymentId": agreeing}}, {"id": "cs_foreign"}},
		[]oracle.Object{about("re_good", "pi_good"), about("re_bad", "pi_bad")},
		[]oracle.Object{about("dp_good", "pi_good"), about("dp_bad", "pi_bad"), {"id": "dp_old"}})
	s := &soak{lives: []*life{{row: agreeing}, {row: bad}, {row: reviewed}, {row: gone, deleted: true}, {foreign: true}}}
	endings := s.endings(&Report{Wrong: []Wrong{{Row: bad}}}, map[string]map[string]any{
		agreeing: {}, bad: {}, reviewed: {"pb_lasterror": "Needs review: it was paid twice."},
	})
	of := func(members string) platform.DeadLetter {
		return platform.DeadLetter{Queue: local.EventsQueue, Body: `{"v":1,"livemode":false,` + members + `}`}
	}
	change := func(row string) platform.DeadLetter {
		return platform.DeadLetter{Queue: local.RequestsQueue, Body: `{"v":1,"payment":"` + row + `"}`}
	}
	for name, c := range map[string]struct {
		letter platform.DeadLetter
		want   Explanation
	}{
		"poison":                   {platform.DeadLetter{Queue: local.RequestsQueue, Body: "{"}, Unreadable},
		"poisoned hint":            {platform.DeadLetter{Queue: local.EventsQueue, Body: "not JSON"}, Unreadable},
		"right row":                {change(agreeing), Agreeing},
		"wrong row":                {change(bad), ""},
		"row for review":           {change(reviewed), Reviewed},
		"deleted row":              {change(gone), Gone},
		"unknown row":              {change("55555555-5555-4555-8555-555555555555"), ""},
		"right payment":            {of(`"paymentIntent":"pi_good"`), Agreeing},
		"wrong payment":            {of(`"paymentIntent":"pi_bad"`), ""},
		"right session":            {of(`"checkoutSession":"cs_good"`), Agreeing},
		"not the CRM's":            {of(`"paymentIntent":"pi_foreign"`), Foreign},
		"session of nobody's":      {of(`"checkoutSession":"cs_foreign"`), Foreign},
		"nobody's":                 {of(`"paymentIntent":"pi_unknown"`), ""},
		"row of no life":           {of(`"paymentIntent":"pi_foreign","crmPaymentId":"55555555-5555-4555-8555-555555555555"`), ""},
		"charge, right row":        {of(`"charge":"ch_pi_good"`), Agreeing},
		"charge, wrong row":        {of(`"charge":"ch_pi_bad"`), ""},
		"charge, not the CRM's":    {of(`"charge":"ch_foreign"`), Foreign},
		"charge of nobody's":       {of(`"charge":"ch_unknown"`), ""},
		"refund, right row":        {of(`"refund":"re_good"`), Agreeing},
		"refund, wrong row":        {of(`"refund":"re_bad"`), ""},
		"its charge, wrong row":    {of(`"charge":"ch_of_re_bad"`), ""},
		"dispute, right row":       {of(`"dispute":"dp_good"`), Agreeing},
		"dispute, wrong row":       {of(`"dispute":"dp_bad","charge":"ch_of_dp_bad"`), ""},
		"dispute of a bare charge": {of(`"dispute":"dp_old"`), ""},
		"nothing":                  {of(`"event":"evt_1"`), ""},
	} {
		if got := explain(c.letter, endings, ledger); got != c.want {
			t.Errorf("%s: explained by %q, want %q", name, got, c.want)
		}
	}
}
