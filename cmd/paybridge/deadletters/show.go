package deadletters

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/stripeapi"
)

// Whoever can put a message on a queue can write anything into it, also what
// would move the cursor of a terminal or show itself as something else.
const (
	maxWord = 60
	maxText = 300
	maxRead = 8 << 10
)

// safe writes a text from outside so that it can be shown: what looks like a
// secret is left out, what is not printable is escaped, and what is long is
// cut.
func safe(text string, limit int) string {
	// What is cut off here is not shown anyway.
	text = stripeapi.Redact(text[:min(len(text), maxRead)])
	quoted := strconv.QuoteToGraphic(text)
	text = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	shown := 0
	for i := range text {
		if shown == limit {
			return text[:i] + "…"
		}
		shown++
	}
	return text
}

// List writes the letters as a table.
func List(w io.Writer, letters []*Letter) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "  NUMBER\tENQUEUED (UTC)\tDELIVERIES\tREASON\tABOUT\tPAYMENT\tROW SHOWS\tSTATE")
	for _, l := range letters {
		_, _ = fmt.Fprintf(table, "  %d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", l.SequenceNumber, at(l.EnqueuedTime), l.DeliveryCount,
			orDash(safe(l.Reason, maxWord)), l.about(), orDash(safe(l.payment(), maxWord)), orDash(l.Verdict.Status), l.Verdict.State)
	}
	return table.Flush()
}

// about says in a word or two what the message is.
func (l *Letter) about() string {
	switch {
	case l.Hint != nil && l.Hint.Type != "":
		return safe(l.Hint.Type, maxWord)
	case l.Hint != nil:
		return "a look at Stripe"
	case l.Change != nil:
		return strings.TrimSpace("row change " + safe(l.Change.Message, maxWord))
	default:
		return "?"
	}
}

// payment names the payment as well as it is known.
func (l *Letter) payment() string {
	if row := l.Row(); row != "" {
		return string(row)
	}
	if h := l.Hint; h != nil {
		for _, id := range []string{h.PaymentIntent, h.CheckoutSession, h.Charge, h.EventID} {
			if id != "" {
				return id
			}
		}
	}
	return ""
}

// Explain writes everything that is known about one letter, and what can be
// done with it.
func Explain(w io.Writer, l *Letter) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", name, text)
		}
	}
	_, _ = fmt.Fprintf(table, "dead letter %d of %s\n", l.SequenceNumber, l.Queue)
	line("message id", "%s", safe(l.MessageID, maxText))
	line("enqueued", "%s UTC", at(l.EnqueuedTime))
	line("deliveries", "%d", l.DeliveryCount)
	if n := l.earlier(); n > 0 {
		line("before that", "delivered %d times as messages that went back to the queue", n)
	}
	line("reason", "%s", safe(l.Reason, maxWord))
	line("", "%s", safe(l.Description, maxText))
	line("which means", "%s", meaning(l.DeadLetter))
	line("message", "%s", safe(string(l.Body), maxText))
	if l.Body == nil {
		line("message", "not one piece of bytes: PayBridge did not write it")
	}
	if h := l.Hint; h != nil {
		line("event", "%s", strings.TrimSpace(h.EventID+" "+safe(h.Type, maxWord)))
		if h.Created > 0 {
			line("occurred", "%s UTC", at(time.Unix(h.Created, 0)))
		}
		line("PaymentIntent", "%s", h.PaymentIntent)
		line("Checkout Session", "%s", h.CheckoutSession)
		line("charge", "%s", h.Charge)
		line("refund", "%s", h.Refund)
		line("dispute", "%s", h.Dispute)
		line("connected account", "%s", h.Account)
	}
	v := l.Verdict
	line("payment row", "%s", l.Row())
	line("row shows", "%s", v.Status)
	line("state", "%v", v.State)
	line("", "%s", safe(v.Detail, maxText))
	for _, d := range v.Differences {
		line("would become", "%s = %s", d.Column, safe(d.Becomes, maxText))
	}
	if v.Untold {
		line("timeline", "the event is not in it yet")
	}
	line("what to do", "%s", l.advice())
	return table.Flush()
}

// meaning says why Service Bus gave up.
func meaning(dead queues.DeadLetter) string {
	switch dead.Reason {
	case "MaxDeliveryCountExceeded":
		return "every delivery ended in a failure: an end did not answer for hours, or PayBridge was not set up right"
	case "TTLExpiredException":
		return "it lay on the queue for longer than the queue keeps messages: the functions were not running"
	case "HeaderSizeExceeded":
		return "its properties were larger than Service Bus allows"
	case "":
		return "whoever moved it here gave no reason"
	default:
		return "somebody moved it here: PayBridge does not do so itself"
	}
}

// advice says what to do with the letter.
func (l *Letter) advice() string {
	name := strconv.FormatInt(l.SequenceNumber, 10)
	switch l.Verdict.State {
	case InStep:
		text := "nothing is left to be done: paybridge deadletters drop " + name
		if l.Verdict.Untold {
			text = "the row is right; to have the event in its timeline: paybridge deadletters resubmit " + name + ", otherwise drop it"
		}
		return text
	case OutOfStep:
		return "remove the cause, then: paybridge deadletters resubmit " + name
	case LeftAlone:
		return "no function would act on it: paybridge deadletters drop " + name
	case Unreadable:
		return "no function will ever read it; find out who sends such messages, then: paybridge deadletters drop " + name
	default:
		return "see that both ends answer, then look again; to send it twice does no harm"
	}
}

func at(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format(time.DateTime)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Summary counts the letters by their state, such as "2 in step already, 1
// unreadable".
func Summary(letters []*Letter) string {
	count := map[State]int{}
	for _, l := range letters {
		count[l.Verdict.State]++
	}
	var parts []string
	for _, s := range []State{OutOfStep, InStep, LeftAlone, Unreadable, NotCompared} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", count[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// Uncompared says why the first of the letters that could not be compared was
// not, empty when all were.
func Uncompared(letters []*Letter) string {
	for _, l := range letters {
		if l.Verdict.State == NotCompared {
			return safe(l.Verdict.Detail, maxText)
		}
	}
	return ""
}
