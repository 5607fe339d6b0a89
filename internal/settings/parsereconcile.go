package settings

import (
	"regexp"
	"strconv"
	"time"
)

const (
	// longestAge is how long Stripe keeps events.
	longestAge = 30 * 24 * time.Hour
	maxLimit   = 5000
)

// scheduleForm is NCRONTAB, six fields of which the first is the seconds, or
// five of them without, or a time span. The host reads it; what is checked here
// is what it would drop the function for.
var scheduleForm = regexp.MustCompile(`^(?:[0-9A-Za-z*/,-]+(?: +[0-9A-Za-z*/,-]+){4,5}|(?:[0-9]+\.)?[0-9]{2}:[0-9]{2}:[0-9]{2})$`)

func schedule(value string) (string, *Problem) {
	if !scheduleForm.MatchString(value) {
		return "", fault("it is not a schedule", "write six fields with seconds first, such as 0 */5 * * * *")
	}
	return value, nil
}

// age reads how old something has to be.
func age(value string) (time.Duration, *Problem) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > longestAge {
		return 0, fault("it is not a time from 0s to 720h", "write it such as 10m or 72h; Stripe keeps events for 720h")
	}
	return d, nil
}

func limit(value string) (int, *Problem) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fault("it is not a number from 1 to 5000", "write how many messages a run may put on each queue, such as 1000")
	}
	return n, nil
}
