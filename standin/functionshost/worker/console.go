package worker

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// maxLine is where a line of the process is broken.
const maxLine = 64 << 10

// category is the name under which the host logs what the process prints.
const category = "Host.Function.Console"

// console returns the two ends that the process writes to.
func (w *Worker) console(gen *generation) (stdout, stderr *lineWriter) {
	emit := func(level slog.Level, line string) {
		w.log.Log(context.Background(), level, line, slog.String("category", category))
		_, _ = io.WriteString(w.cfg.Output, line+"\n")
	}
	stdout = &lineWriter{emit: func(line string) { emit(slog.LevelInfo, line) }}
	stderr = &lineWriter{emit: func(line string) {
		level := stderrLevel(line, w.cfg.StderrIsPlain)
		if level == slog.LevelError {
			gen.stderr.add(line)
		}
		emit(level, line)
	}}
	return stdout, stderr
}

// stderrLevel is the level of a line on stderr. A custom handler's stderr is
// for errors only unless host.json says otherwise.
func stderrLevel(line string, plain bool) slog.Level {
	lower := strings.ToLower(line)
	if strings.Contains(lower, "warn") {
		return slog.LevelWarn
	}
	if !plain {
		return slog.LevelError
	}
	for _, word := range []string{"error", "fail", "severe", "unhandled exception"} {
		if strings.Contains(lower, word) {
			return slog.LevelError
		}
	}
	return slog.LevelInfo
}

// lineWriter cuts what is written to it into lines. It is used by one
// goroutine at a time.
type lineWriter struct {
	emit func(line string)
	rest []byte
}

// Write hands on every whole line.
func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.rest = append(l.rest, p...)
			if len(l.rest) >= maxLine {
				l.flush()
			}
			break
		}
		l.rest = append(l.rest, p[:i]...)
		l.line()
		p = p[i+1:]
	}
	return n, nil
}

// flush hands on a last line without an end.
func (l *lineWriter) flush() {
	if len(l.rest) > 0 {
		l.line()
	}
}

func (l *lineWriter) line() {
	l.emit(strings.TrimSuffix(string(l.rest), "\r"))
	l.rest = l.rest[:0]
}

// lastLines keeps the last few lines.
type lastLines struct {
	mu    sync.Mutex
	keep  int
	lines []string
}

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > l.keep {
		l.lines = l.lines[1:]
	}
}

// String joins the lines.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// lockedWriter lets stdout and stderr share one writer line by line.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes p as a whole.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
