package settings

import "context"

// Check returns what is wrong with the value of one setting by itself, nil when
// nothing is. Space around the value does not count.
func Check(setting, value string) *Problem {
	// Nothing is resolved here, so there is nothing to wait for.
	_, err := Load(context.Background(), func(name string) (string, bool) { return value, name == setting }, nil, nil)
	for _, p := range Problems(err) {
		if p.Setting == setting {
			return p
		}
	}
	return nil
}
