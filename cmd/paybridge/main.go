// Command paybridge is the operator's tool: it packs the app for deployment,
// runs it whole on one machine, and looks after the queues of one that runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"paybridge/cmd/paybridge/soak"
	"paybridge/internal/settings"
)

// commands is the command line.
type commands struct {
	Local localCommand `cmd:"" help:"Run everything on this machine, with no account anywhere, and show one payment travelling."`
	Pack  packCommand  `cmd:"" help:"Lay out dist/: what func start runs and what is deployed."`
	Setup setupCommand `cmd:"" help:"Put in place what is outside of the function app: the CRM's tables, secrets, the webhook endpoint at Stripe."`
	Soak  soakCommand  `cmd:"" help:"Lead thousands of payments through faults and kills, and compare every row with Stripe."`

	Doctor      doctorCommand      `cmd:"" help:"Look for what is wrong with an installation, and say what to do about it."`
	Reconcile   reconcileCommand   `cmd:"" help:"Show what is out of step between Stripe and the CRM, and put it on the queues again."`
	Replay      replayCommand      `cmd:"" help:"Let the functions look at one payment again."`
	Deadletters deadLettersCommand `cmd:"" help:"Look after the messages that the queues have given up: dead letters."`

	SoakHost soakHostCommand `cmd:"" name:"soak-host" hidden:"" help:"The process that the soak kills."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run parses the command line and runs the command. It returns the exit code:
// 0 done, 1 it did not work, 2 the command line cannot be understood; doctor has
// one more.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var cli commands
	exit := -1
	parser, err := newParser(&cli, kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		return report(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		return misunderstood(stderr, wrong.Context, wrong)
	}
	if err != nil {
		return report(stderr, err)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&terminal{in: stdin, out: stdout, err: stderr})
	if wrong, ok := errors.AsType[*usage](err); ok {
		return misunderstood(stderr, parsed, wrong)
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if err != nil {
		return report(stderr, err)
	}
	return 0
}

// misunderstood says what is wrong with a command line, and where to read how it
// should be.
func misunderstood(stderr io.Writer, at *kong.Context, err error) int {
	help := "paybridge --help lists the commands and flags"
	if command := at.Selected(); command != nil {
		help = command.FullPath() + " --help says what it takes"
	}
	_, _ = fmt.Fprintf(stderr, "paybridge: %v\nhint: %s\n", err, help)
	return 2
}

// newParser returns the parser of the command line.
func newParser(cli *commands, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(cli, append(options,
		kong.Name("paybridge"),
		kong.Description("Payments between Stripe and Microsoft Dynamics 365."),
		kong.Vars{"faults": strings.Trim(fmt.Sprint(soak.AllFaults), "[]")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)...)
}

// usage is an error of the command line that its syntax does not show.
type usage struct{ error }

// hinted is an error that says what to do about it.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }
func (h *hinted) Hint() string  { return h.hint }

// report says what went wrong and what to do about it. Settings that are wrong
// are shown one by one.
func report(stderr io.Writer, err error) int {
	if problems := settings.Problems(err); len(problems) > 0 {
		for _, p := range problems {
			_, _ = fmt.Fprintf(stderr, "paybridge: %s: %s\nhint: %s\n", p.Setting, p.Message, p.Hint)
		}
		return 1
	}
	_, _ = fmt.Fprintf(stderr, "paybridge: %v\n", err)
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && h.Hint() != "" {
		_, _ = fmt.Fprintf(stderr, "hint: %s\n", h.Hint())
	}
	return 1
}
