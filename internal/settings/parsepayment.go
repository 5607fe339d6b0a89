package settings

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// The expiry that Stripe takes for a Checkout Session.
	shortestLink = 30 * time.Minute
	longestLink  = 24 * time.Hour
	// maxNames bounds a list; Stripe takes 50 metadata keys in all.
	maxNames = 20
)

// mappingForm keeps a mapping file beside host.json, and out of the files that
// mean something else there.
var mappingForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,60}\.json$`)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// page parses the address of a page that a customer is sent to.
func page(value string) (string, *Problem) {
	// Stripe puts the session's id in the place of its template.
	u, err := url.Parse(strings.ReplaceAll(value, "{CHECKOUT_SESSION_ID}", "cs"))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", fault("it is not the address of a web page", "write it whole, such as https://shop.example/thanks")
	}
	return value, nil
}

func linkExpiry(value string) (time.Duration, *Problem) {
	d, err := time.ParseDuration(value)
	if err != nil || d < shortestLink || d > longestLink {
		return 0, fault("it is not a time between 30m and 24h", "write it such as 90m or 12h; Stripe takes no other")
	}
	return d, nil
}

// paymentTable parses the name of a mapping. The file is read by who uses it.
func paymentTable(value string) (string, *Problem) {
	if value != "payment" && value != "salesorder" && (!mappingForm.MatchString(value) || value == "host.json") {
		return "", fault("it is neither payment nor salesorder nor the name of a JSON file",
			"write payment, salesorder, or the name of a mapping file beside host.json, such as invoice.json, without a folder")
	}
	return value, nil
}

// names parses a list of lower-case names.
func names(value string) ([]string, *Problem) {
	var list []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !nameForm.MatchString(name) {
			return nil, fault("an entry of the list is not a name in lower case", "write names with commas between, such as card,sepa_debit")
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) > maxNames {
		return nil, fault("the list has more than 20 entries", "shorten it")
	}
	return list, nil
}
