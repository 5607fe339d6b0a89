package servicebus_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"paybridge/standin/servicebus"
)

// childArg makes the test binary work on a queue until it is killed.
const childArg = "work-until-killed"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == childArg {
		if err := workUntilKilled(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// killed is the queue that the killed processes work on. No lock runs out by
// itself: they end when the next process opens the folder.
var killed = servicebus.QueueProperties{LockDuration: 5 * time.Minute, MaxDeliveryCount: 4}

// workUntilKilled sends and settles messages from several goroutines. It says
// before each step what it is about to do, and after it what is done.
func workUntilKilled(dir, life string) error {
	ns, err := servicebus.Open(dir, &servicebus.Options{ReleaseLocks: true})
	if err != nil {
		return err
	}
	if err := ns.CreateQueue("q", killed); err != nil {
		return err
	}
	q, err := ns.Queue("q")
	if err != nil {
		return err
	}
	failed := make(chan error)
	for worker := range 3 {
		go func() { failed <- work(q, life+"-"+strconv.Itoa(worker)) }()
	}
	return <-failed
}

func work(q *servicebus.Queue, name string) error {
	ctx := context.Background()
	for n := 0; ; n++ {
		var ms []servicebus.Message
		var ids []string
		for i := range 1 + rand.IntN(4) {
			ids = append(ids, fmt.Sprintf("%s-%d-%d", name, n, i))
			ms = append(ms, servicebus.Message{Body: []byte(ids[i])})
		}
		say("send", ids...)
		if err := q.Send(ctx, ms...); err != nil {
			return err
		}
		say("sent", ids...)
		// Every worker sends before it receives, so they cannot all be waiting.
		rs, err := q.Receive(ctx, 1+rand.IntN(4))
		if err != nil {
			return err
		}
		for _, r := range rs {
			id := string(r.Body)
			say("got", id, strconv.Itoa(r.DeliveryCount))
			switch rand.IntN(4) {
			case 0:
				err = q.Abandon(ctx, r)
			case 1:
				err = q.DeadLetter(ctx, r, "said so", "")
			case 2: // Left locked.
			default:
				say("complete", id)
				if err = q.Complete(ctx, r); err == nil {
					say("completed", id)
				}
			}
			if err != nil {
				return err
			}
		}
	}
}

// say writes one line at once, so that what was said survives the kill.
func say(word string, rest ...string) {
	_, _ = os.Stdout.WriteString(word + " " + strings.Join(rest, " ") + "\n")
}

// ledger is what the killed processes said.
type ledger struct {
	send, sent, complete, completed map[string]bool
	deliveries                      map[string]int
}

func (l *ledger) read(t *testing.T, text string) {
	word, rest, _ := strings.Cut(text, " ")
	ids := strings.Fields(rest)
	switch word {
	case "got":
		id := ids[0]
		n, err := strconv.Atoi(ids[1])
		check(t, err)
		if n <= l.deliveries[id] {
			t.Errorf("message %s: delivery count %d after %d", id, n, l.deliveries[id])
		}
		if !l.send[id] || l.completed[id] {
			t.Errorf("message %s: received, and nobody sent it or it was completed", id)
		}
		l.deliveries[id] = n
	default:
		set := map[string]map[string]bool{"send": l.send, "sent": l.sent, "complete": l.complete, "completed": l.completed}[word]
		if set == nil {
			t.Fatalf("the process said %q", text)
		}
		for _, id := range ids {
			set[id] = true
		}
	}
}

func TestKilledAtAnyInstant(t *testing.T) {
	dir := t.TempDir()
	l := &ledger{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]int{}}
	for life := range 20 {
		runAndKill(t, l, dir, life)
	}
	if len(l.sent) < 100 || len(l.completed) < 20 {
		t.Errorf("only %d messages were sent and %d completed", len(l.sent), len(l.completed))
	}
	lying := accounted(t, dir)
	for id := range l.sent {
		if !l.complete[id] && lying[id] != 1 {
			t.Errorf("message %s was sent and lies in the queues %d times", id, lying[id])
		}
	}
	for id, n := range lying {
		if n != 1 || !l.send[id] || l.completed[id] {
			t.Errorf("message %s: there %d times, sent: %v, completed: %v", id, n, l.send[id], l.completed[id])
		}
	}
	t.Logf("sent %d, completed %d, still there %d", len(l.sent), len(l.completed), len(lying))
}

// runAndKill runs one process and kills it at some instant after it has said a
// random number of lines.
func runAndKill(t *testing.T, l *ledger, dir string, life int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], childArg, dir, strconv.Itoa(life))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := 5 + rand.IntN(200)
	scan := bufio.NewScanner(out)
	for n := 0; scan.Scan(); n++ {
		if n == lines {
			check(t, cmd.Process.Kill())
		}
		l.read(t, scan.Text())
	}
	check(t, scan.Err())
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process ended by itself: %v", err)
	}
}

// accounted counts every message that lies in the queue or its dead-letter
// queue.
func accounted(t *testing.T, dir string) map[string]int {
	t.Helper()
	ns, err := servicebus.Open(dir, nil)
	check(t, err)
	defer func() { check(t, ns.Close()) }()
	lying := map[string]int{}
	for _, name := range []string{"q", "q/$DeadLetterQueue"} {
		q := queue(t, ns, name)
		for from := int64(0); ; {
			rs, err := q.Peek(t.Context(), from, 100)
			check(t, err)
			if len(rs) == 0 {
				break
			}
			for _, r := range rs {
				lying[string(r.Body)]++
				from = r.SequenceNumber + 1
			}
		}
	}
	return lying
}
