package settings

import (
	"slices"
	"strings"
)

// guarded are the beginnings of names that only PayBridge's own settings have.
// They are compared with their case, so that another program's STRIPE_API_KEY
// is left alone.
func guarded() []string { return []string{"Stripe", "Dataverse", "Payment", "PayBridge"} }

// unknown returns a problem for each name in environ, which has the form of
// os.Environ, that looks like one of ours and is none: a misspelt setting would
// otherwise count as not set.
func unknown(environ []string) []*Problem {
	var names []string
	for _, f := range Fields() {
		names = append(names, f.Name)
	}
	var problems []*Problem
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(entry, "=")
		ours := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.Contains(names, name) || !slices.ContainsFunc(guarded(), ours) {
			continue
		}
		problems = append(problems, &Problem{Setting: name, Message: "there is no setting of that name", Hint: "did you mean " + nearest(name, names) + "?"})
	}
	return problems
}

// nearest returns the name that takes the fewest edits to reach.
func nearest(name string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance is the Levenshtein distance of two names in bytes, without regard to
// case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
