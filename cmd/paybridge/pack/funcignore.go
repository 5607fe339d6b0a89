package pack

import (
	"fmt"
	"os"
	"path"
	"strings"
)

// funcignore are the rules of a .funcignore, which has the form of a
// .gitignore: of the rules that match a file the last one counts.
type funcignore []rule

// rule is one line: its segments between slashes, ** for any number of folders.
type rule struct {
	segments []string
	// keep is a rule that begins with an exclamation mark, folder one that ends
	// with a slash.
	keep, folder bool
}

func readFuncignore(file string) (funcignore, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rules funcignore
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n\t ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var r rule
		line, r.keep = strings.CutPrefix(line, "!")
		pattern, folder := strings.CutSuffix(line, "/")
		r.folder = folder
		// A pattern with a slash begins at the root, any other matches anywhere.
		pattern, rooted := strings.CutPrefix(pattern, "/")
		if !rooted && !strings.Contains(pattern, "/") {
			pattern = "**/" + pattern
		}
		r.segments = strings.Split(pattern, "/")
		for _, segment := range r.segments {
			if _, err := path.Match(segment, ""); err != nil {
				return nil, fmt.Errorf("%s: the pattern %s cannot be read", file, line)
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// matches reports whether a file is ignored, by its name with forward slashes.
func (f funcignore) matches(name string) bool {
	segments := strings.Split(name, "/")
	// What is inside an ignored folder cannot be kept.
	for end := 1; end <= len(segments); end++ {
		ignored := false
		for _, r := range f {
			if (end < len(segments) || !r.folder) && match(r.segments, segments[:end]) {
				ignored = !r.keep
			}
		}
		if ignored {
			return true
		}
	}
	return false
}

// match matches a path segment by segment.
func match(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		if len(pattern) == 1 {
			return len(name) > 0
		}
		return match(pattern[1:], name) || len(name) > 0 && match(pattern, name[1:])
	}
	if len(name) == 0 {
		return false
	}
	fits, err := path.Match(pattern[0], name[0])
	return err == nil && fits && match(pattern[1:], name[1:])
}
