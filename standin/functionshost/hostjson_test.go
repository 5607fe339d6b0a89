package functionshost

import (
	"testing"
	"time"
)

func TestHostJSON(t *testing.T) {
	root := app(t, map[string]string{"host.json": hostJSON(
		`,"functionTimeout":"00:05:00","extensions":{"serviceBus":{"maxConcurrentCalls":8,"maxMessageBatchSize":100}}`)})
	o, err := readHostJSON(root, map[string]string{
		"AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "2",
		"azurefunctionsjobhost__FUNCTIONTIMEOUT":                            "1.00:00:01",
		"Other":                                                             "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	calls, err := o.number("extensions:serviceBus:maxConcurrentCalls", 1)
	if err != nil || calls != 2 {
		t.Errorf("maxConcurrentCalls is %d, %v", calls, err)
	}
	size, err := o.number("extensions:serviceBus:maxMessageBatchSize", 1)
	if err != nil || size != 100 {
		t.Errorf("maxMessageBatchSize is %d, %v", size, err)
	}
	timeout, err := o.span("functionTimeout", 0)
	if err != nil || timeout != 24*time.Hour+time.Second {
		t.Errorf("functionTimeout is %v, %v", timeout, err)
	}
}

func TestTimeSpan(t *testing.T) {
	tests := map[string]time.Duration{
		"00:00:00.2": 200 * time.Millisecond, "1:2:3": time.Hour + 2*time.Minute + 3*time.Second, "2.00:00:00": 48 * time.Hour,
		"": -1, "5": -1, "00:05": -1, "-00:00:01": -1, "5m": -1,
	}
	for text, want := range tests {
		got, err := parseTimeSpan(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestLooksLikeBase64(t *testing.T) {
	tests := map[string]bool{
		"": true, "abcd": true, "ab==": true, "abc=": true, "ab c\nd": true, "1234": true,
		"abc": false, "a===": false, "ab=c": false, "ab-d": false, "plain text": false,
	}
	for text, want := range tests {
		if got := looksLikeBase64(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
