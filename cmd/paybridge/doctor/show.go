package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Show writes the report as a list for people.
func (r Report) Show(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Installation)
	group := ""
	for _, f := range r.Findings {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n%s\n", group)
		}
		fmt.Fprintf(&b, "  %-8s %s: %s\n", f.Level, f.Check, f.Message)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "           remedy: %s\n", f.Remedy)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// summary counts the findings by level.
func (r Report) summary() string {
	counts := map[Level]int{}
	for _, f := range r.Findings {
		counts[f.Level]++
	}
	var parts []string
	for _, level := range []Level{Problem, Warning, OK, Skipped} {
		if n := counts[level]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	return strings.Join(parts, ", ")
}
