package payment

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestRowChangeRoundTrip(t *testing.T) {
	want := RowChange{Version: MessageVersion, Payment: "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01", Message: "Update", Operation: "op", Attempts: []string{"pi_1", "cs_test_2"}}
	body, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeRowChange(body); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(body) > 200 {
		t.Errorf("the message has %d bytes", len(body))
	}
}

func TestDecodeRowChangeRefuses(t *testing.T) {
	good := `{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"}`
	for body, says := range map[string]string{
		``:                          "EOF",
		`null`:                      "version 0",
		`[]`:                        "array",
		good + good:                 "more than one",
		`{"v":2,"payment":"x"}`:     "version 2",
		`{"v":1}`:                   "payment",
		`{"v":1,"payment":"x')--"}`: "payment",
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","attempts":["pi_1/../x"]}`:                                 "attempts",
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","attempts":["ch_1"]}`:                                      "attempts",
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","attempts":["pi_1"` + strings.Repeat(`,"pi_1"`, 20) + `]}`: "more than 20",
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","deliveries":-1}`:                                          "deliveries",
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","deliveries":501}`:                                         "deliveries",
		strings.Repeat(" ", 16<<10+1): "16385 bytes",
	} {
		if _, err := DecodeRowChange([]byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v", body, err)
		}
	}
	for _, most := range []string{
		good + strings.Repeat(" ", 16<<10-len(good)),
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","attempts":["pi_1"` + strings.Repeat(`,"pi_1"`, 19) + `]}`,
	} {
		if _, err := DecodeRowChange([]byte(most)); err != nil {
			t.Errorf("exactly at the limit: %v", err)
		}
	}
}

func TestRowChangeNamesEachAttemptOnce(t *testing.T) {
	c := RowChange{Attempts: []string{"pi_1"}}
	more := c.With("pi_1", "pi_2")
	for n := range 30 {
		more = more.With(fmt.Sprintf("pi_%d", n))
	}
	if len(c.Attempts) != 1 || len(more.Attempts) != 20 || more.Attempts[1] != "pi_2" {
		t.Errorf("%v became %v", c.Attempts, more.Attempts)
	}
}

func FuzzDecodeRowChange(f *testing.F) {
	f.Add([]byte(`{"v":1,"payment":"{3F2B8C1E-7A44-4E0B-9D51-6C0F5B1A9E01}","message":"Create"}`))
	f.Add([]byte(`{"v":1,"payment":"3F2B8C1E-7A44-4E0B-9D51-6C0F5B1A9E01","attempts":["pi_1","cs_test_2"]}`))
	f.Add([]byte(`{"v":1,"payment":7}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := DecodeRowChange(body)
		if err != nil {
			return
		}
		for _, id := range c.Attempts {
			if !ValidStripeID(id) {
				t.Errorf("let %q through", id)
			}
		}
		if id, err := ParseRowID(string(c.Payment)); err != nil || id != c.Payment {
			t.Errorf("let %q through", c.Payment)
		}
	})
}
