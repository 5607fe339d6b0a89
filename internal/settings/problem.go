package settings

import (
	"errors"
	"fmt"
)

// Problem is one thing that is wrong with one setting. Its text never holds the
// value of a setting.
type Problem struct {
	// Setting is the name of the app setting.
	Setting string
	// Message says what is wrong.
	Message string
	// Hint says what to do.
	Hint string
	// Absent says that the setting points to a secret that is not in its vault,
	// or not yet: the setting counts as not set, and no other is affected.
	Absent bool
}

// Error returns the setting, what is wrong with it and what to do.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s: %s (%s)", p.Setting, p.Message, p.Hint)
}

// Problems returns the problems inside an error of Load, in the order of the
// settings, for a caller that shows them one by one.
func Problems(err error) []*Problem {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var all []*Problem
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return []*Problem{p}
	}
	return nil
}

// fault is a Problem of which the setting is not known yet.
func fault(message, hint string) *Problem {
	return &Problem{Message: message, Hint: hint}
}
