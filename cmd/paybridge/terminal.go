package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// terminal is where a command speaks to a person: results to out, progress and
// questions to err, answers from in.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

func (t *terminal) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format+"\n", args...)
}

func (t *terminal) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(t.err, format+"\n", args...)
}

// errNobody says that a question met no person.
var errNobody = errors.New("nobody is there to say yes")

// ask asks a question that is answered with yes or no, and takes everything
// but a clear yes for a no. Where nobody can answer, the error is hinted.
func (t *terminal) ask(ctx context.Context, question string) (bool, error) {
	_, _ = fmt.Fprintf(t.err, "%s [y/N] ", question)
	type line struct {
		text string
		err  error
	}
	// Reading from a terminal cannot be cancelled; what is left behind ends with
	// the process.
	lines := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(io.LimitReader(t.in, 1000)).ReadString('\n')
		lines <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case l := <-lines:
		answer := strings.ToLower(strings.TrimSpace(l.text))
		if answer == "" && l.err != nil {
			return false, &hinted{errNobody, "nothing was changed; where no person can answer use --yes, or --dry-run to see what would be done"}
		}
		return answer == "y" || answer == "yes", nil
	}
}
