package advice_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"paybridge/internal/advice"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

func TestSentence(t *testing.T) {
	crm := func(status int, code, message string) error {
		return fmt.Errorf("writing a payment row: %w", errors.Join(errors.New("x"), &dataverse.Error{
			Operation: "updating a row of pb_payments", Status: status, Code: code, Message: message, RequestID: "0f8fad5b-d9cb-469f-a165-70867728950e",
		}))
	}
	stripe := func(status int, code, message string) error {
		return &outcome.Error{Class: outcome.Review, Err: fmt.Errorf("reading PaymentIntent pi_1: %w", &stripeapi.Error{Status: status, Code: code, Message: message, RequestID: "req_1"})}
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a refusal", fmt.Errorf("x: %w", &payment.Refusal{Reason: "the row has no amount. Enter one"}), "The row has no amount. Enter one."},
		{"a disagreement", &payment.Disagreement{Reason: "Paid twice. Refund one."}, "Paid twice. Refund one."},
		{"one of ours", outcome.Reviewf("the id is wrong. Correct it"), "The id is wrong. Correct it."},
		{"a plug-in", crm(400, "0x80040265", "Closed payments cannot be changed"),
			"The CRM did not take what Stripe says, because a plug-in of the CRM does not allow the change: Closed payments cannot be changed (0x80040265). Change the row so that the plug-in does, or ask an administrator to let PayBridge's user pass."},
		{"a code in capitals", crm(400, "0x8004431A", "no such value."), "a choice does not have the value"},
		{"unknown to the table", crm(400, "0x80041234", "What?"), "Ask an administrator to run paybridge doctor."},
		{"without a code", crm(413, "", "Request Entity Too Large"), "Request Entity Too Large. Ask"},
		{"unknown to Stripe", stripe(404, "resource_missing", "No such payment_intent: 'pi_1'"),
			"Stripe does not know what the row or its event names: No such payment_intent: 'pi_1'. Check the ids on the row, and that they are of the Stripe account and mode of this deployment."},
		{"anything of Stripe's", stripe(400, "", "Bad"), "Stripe refused to tell: Bad (req_1). Look"},
	} {
		got := advice.Sentence(c.err)
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.name != "a refusal" && !endsWithRemedy(got) {
			t.Errorf("%s: %q does not say what to do", c.name, got)
		}
	}
}

// forAPerson reads out of the table of outcomes the codes of one end that go to
// a person, with a status each of them comes with.
func forAPerson(t *testing.T, table string) map[string]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../outcome/table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != table {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			line := e.(*ast.CompositeLit).Elts // low, high, code, class
			code, ok := line[2].(*ast.BasicLit)
			if !ok || name(line[3]) != "Review" {
				continue
			}
			text, _ := strconv.Unquote(code.Value)
			low, _ := strconv.Atoi(line[0].(*ast.BasicLit).Value)
			codes[text] = max(low, 400)
		}
		return false
	})
	return codes
}

// TestEveryCodeForAPersonIsExplained: what the table gives to a person has words
// of its own, and ends with what to do.
func TestEveryCodeForAPersonIsExplained(t *testing.T) {
	generic := func(err error) string {
		before, _, _ := strings.Cut(advice.Sentence(err), ":")
		return before
	}
	unexplained := generic(&dataverse.Error{Status: 400, Code: "0xffffffff", Message: "x"})
	codes := forAPerson(t, "dataverseRules")
	if len(codes) < 14 {
		t.Errorf("only %d codes of Dataverse were found", len(codes))
	}
	for code, status := range codes {
		err := &dataverse.Error{Status: status, Code: code, Message: "x"}
		if outcome.Of(err) != outcome.Review {
			t.Errorf("%s is not for a person", code)
		}
		if got := advice.Sentence(err); strings.HasPrefix(got, unexplained) || !endsWithRemedy(got) {
			t.Errorf("%s: %q", code, got)
		}
	}
	unexplained = generic(&stripeapi.Error{Status: 400, Message: "x"})
	codes = forAPerson(t, "stripeCodes")
	if len(codes) < 2 {
		t.Errorf("only %d codes of Stripe were found", len(codes))
	}
	for code, status := range codes {
		err := &stripeapi.Error{Status: status, Code: code, Message: "x", RequestID: "req_1"}
		if outcome.Stripe(status, code, "") != outcome.Review {
			t.Errorf("%s is not for a person", code)
		}
		if got := advice.Sentence(err); strings.HasPrefix(got, unexplained) || !endsWithRemedy(got) {
			t.Errorf("%s: %q", code, got)
		}
	}
	for kind := range forAPerson(t, "stripeTypes") {
		for _, got := range []string{advice.Sentence(&stripeapi.Error{Status: 402, Type: kind, Message: "x"}), advice.Refused(&stripeapi.Error{Status: 402, Type: kind, Message: "x"})} {
			if text, _ := strings.CutSuffix(got, ": then it is tried again."); !endsWithRemedy(strings.TrimSuffix(text, ".") + ".") {
				t.Errorf("%s: %q", kind, got)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	got := advice.Refused(&stripeapi.Error{Message: "Invalid email address: ann"})
	if want := "Stripe refused: Invalid email address: ann. Correct the row and save it: then it is tried again."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
