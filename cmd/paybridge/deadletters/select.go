package deadletters

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Selection says which dead letters are meant.
type Selection struct {
	// Names are names of letters, as Letter.Names knows them. None means all.
	Names []string
	// Only keeps the letters in one of these states; none means any.
	Only []State
}

// ErrAmbiguous says that a sequence number names a message in each queue.
var ErrAmbiguous = errors.New("there is a dead letter of that number in both queues")

// From returns those of the letters that are meant. A name that no letter has
// is an error, and so is a number that two queues have.
func (s Selection) From(letters []*Letter) ([]*Letter, error) {
	found := map[string]map[string]bool{} // name → queues in which a number of that name was found
	var chosen []*Letter
	for _, l := range letters {
		named := len(s.Names) == 0
		for _, name := range s.Names {
			if !l.Names(name) {
				continue
			}
			named = true
			if found[name] == nil {
				found[name] = map[string]bool{}
			}
			if l.numbered(name) {
				found[name][l.Queue] = true
			}
		}
		if named && s.keeps(l.Verdict.State) {
			chosen = append(chosen, l)
		}
	}
	var missing []string
	for _, name := range s.Names {
		switch {
		case found[name] == nil:
			missing = append(missing, safe(name, maxWord))
		case len(found[name]) > 1:
			return nil, fmt.Errorf("%w: %s", ErrAmbiguous, safe(name, maxWord))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no dead letter has the name %s", strings.Join(missing, ", "))
	}
	return chosen, nil
}

func (s Selection) keeps(state State) bool {
	return len(s.Only) == 0 || slices.Contains(s.Only, state)
}

// States are the states by the words that the command line has for them.
func States() map[string]State {
	return map[string]State{
		"in-step": InStep, "out-of-step": OutOfStep, "left-alone": LeftAlone, "unreadable": Unreadable, "not-compared": NotCompared,
	}
}
