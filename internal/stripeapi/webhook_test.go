package stripeapi

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
)

const (
	current  = "whsec_currentForTests"
	previous = "whsec_previousForTests"
)

func keys(values ...string) []secret.Secret {
	var all []secret.Secret
	for _, v := range values {
		all = append(all, secret.New(v))
	}
	return all
}

var signingTime = time.Date(2026, 2, 19, 11, 0, 0, 0, time.UTC)

// sign makes the v1 signature by Stripe's description of the scheme, with
// nothing of stripe-go's.
func sign(k string, at int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(k))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return hex.EncodeToString(mac.Sum(nil))
}

func TestVerify(t *testing.T) {
	body := []byte(`{"id":"evt_1Aa","object":"event","name":"Zoë"}`)
	at := signingTime.Unix()
	v1 := func(k string) string { return "v1=" + sign(k, at, body) }
	header := fmt.Sprintf("t=%d,%s", at, v1(current))
	both := keys(current, previous)

	for _, c := range []struct {
		name    string
		header  string
		secrets []secret.Secret
		now     time.Duration
		matched int
		err     error
	}{
		{name: "current secret", header: header, secrets: both},
		{name: "previous secret", header: fmt.Sprintf("t=%d,%s", at, v1(previous)), secrets: both, matched: 1},
		{name: "secrets in the other order", header: header, secrets: keys(previous, current), matched: 1},
		{name: "rolled, two v1", header: fmt.Sprintf("t=%d,%s,%s", at, v1("whsec_other"), v1(current)), secrets: both},
		{name: "rolled, both match", header: fmt.Sprintf("t=%d,%s,%s", at, v1(previous), v1(current)), secrets: both},
		{name: "v0 and unknown schemes", header: fmt.Sprintf("t=%d,v0=6ffb,v2=x,%s", at, v1(current)), secrets: both},
		{name: "time last", header: fmt.Sprintf("%s,t=%d", v1(current), at), secrets: both},
		{name: "a v1 that is not hex beside a good one", header: fmt.Sprintf("t=%d,v1=zz,%s", at, v1(current)), secrets: both},
		{name: "299 s old", header: header, secrets: both, now: 299 * time.Second},
		{name: "300 s old", header: header, secrets: both, now: 300 * time.Second},
		{name: "299 s ahead", header: header, secrets: both, now: -299 * time.Second},
		{name: "300 s ahead", header: header, secrets: both, now: -300 * time.Second},
		{name: "an empty secret first", header: header, secrets: keys("", current), matched: 1},

		{name: "301 s old", header: header, secrets: both, now: 301 * time.Second, err: ErrExpired},
		{name: "301 s ahead", header: header, secrets: both, now: -301 * time.Second, err: ErrFromFuture},
		{name: "end of time", header: fmt.Sprintf("t=%d,%s", int64(1<<63-1), v1(current)), secrets: both, err: ErrFromFuture},
		{name: "start of time", header: fmt.Sprintf("t=-%d,%s", int64(1<<63-1), v1(current)), secrets: both, err: ErrExpired},
		{name: "other secret", header: header, secrets: keys(previous), err: ErrNoMatch},
		{name: "right signature as v0", header: fmt.Sprintf("t=%d,v0=%s", at, sign(current, at, body)), secrets: both, err: ErrNoMatch},
		{name: "time moved after signing", header: fmt.Sprintf("t=%d,%s", at+1, v1(current)), secrets: both, err: ErrNoMatch},
		{name: "signed with the empty secret", header: fmt.Sprintf("t=%d,%s", at, v1("")), secrets: keys("", current), err: ErrNoMatch},
		{name: "no signature", header: fmt.Sprintf("t=%d", at), secrets: both, err: ErrNoMatch},
		{name: "no secret", header: header, err: ErrNoSecret},
		{name: "only empty secrets", header: fmt.Sprintf("t=%d,%s", at, v1("")), secrets: keys("", ""), err: ErrNoSecret},
		{name: "no header", secrets: both, err: ErrNoSignature},
		{name: "no time", header: v1(current), secrets: both, err: ErrMalformedSignature},
		{name: "two times", header: fmt.Sprintf("t=%d,t=%d,%s", at, at, v1(current)), secrets: both, err: ErrMalformedSignature},
		{name: "time is a word", header: "t=now," + v1(current), secrets: both, err: ErrMalformedSignature},
		{name: "time beyond 64 bits", header: "t=99999999999999999999," + v1(current), secrets: both, err: ErrMalformedSignature},
		{name: "no pairs", header: "whsec", secrets: both, err: ErrMalformedSignature},
		{name: "pair of three", header: fmt.Sprintf("t=%d,v1=a=b", at), secrets: both, err: ErrMalformedSignature},
		{name: "as long as may be", header: header + ",x=" + strings.Repeat("a", maxSignatureHeader-len(header)-3), secrets: both},
		{name: "a byte longer", header: header + ",x=" + strings.Repeat("a", maxSignatureHeader-len(header)-2), secrets: both, err: ErrMalformedSignature},
		{name: "as many signatures as fit", header: fmt.Sprintf("t=%d", at) + strings.Repeat(",v1="+strings.Repeat("0", 64), 28) + "," + v1(current), secrets: both},
		{name: "too long", header: header + strings.Repeat(",v0=aa", 500), secrets: both, err: ErrMalformedSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			matched, err := Verify(body, c.header, c.secrets, signingTime.Add(c.now))
			if c.err != nil {
				c.matched = -1
			}
			if !errors.Is(err, c.err) || matched != c.matched {
				t.Errorf("Verify = %d, %v, want %d, %v", matched, err, c.matched, c.err)
			}
			leak.New(current, previous).Assert(t, "the error", fmt.Sprint(err))
		})
	}
}

func TestVerifyEveryByteCounts(t *testing.T) {
	body := readFile(t, "testdata/events", "session-completed.json")
	header := fmt.Sprintf("t=%d,v1=%s", signingTime.Unix(), sign(current, signingTime.Unix(), body))
	if _, err := Verify(body, header, keys(current), signingTime); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		flipped := bytes.Clone(body)
		flipped[i] ^= 1
		if _, err := Verify(flipped, header, keys(current), signingTime); !errors.Is(err, ErrNoMatch) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	for _, changed := range [][]byte{nil, body[1:], body[:len(body)-1], append(bytes.Clone(body), '\n')} {
		if _, err := Verify(changed, header, keys(current), signingTime); !errors.Is(err, ErrNoMatch) {
			t.Fatalf("%d of %d bytes: %v", len(changed), len(body), err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	at := signingTime.Unix()
	f.Add([]byte(`{}`), fmt.Sprintf("t=%d,v1=%s", at, sign(previous, at, []byte(`{}`))))
	f.Add([]byte(`{}`), fmt.Sprintf("t=%d,v1=%s", at, sign("", at, []byte(`{}`))))
	f.Add([]byte(``), "t=,v1=,,=")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		_, err := Verify(body, header, keys(current), signingTime)
		if err == nil {
			t.Fatalf("accepted without the secret: %q", header)
		}
		for _, known := range []error{ErrNoSignature, ErrMalformedSignature, ErrExpired, ErrFromFuture, ErrNoMatch} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Errorf("unknown error %v", err)
	})
}

func BenchmarkVerify(b *testing.B) {
	body := readFile(b, "testdata/events", "intent-succeeded.json")
	header := fmt.Sprintf("t=%d,v1=%s", signingTime.Unix(), sign(current, signingTime.Unix(), body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(body, header, keys(current, previous), signingTime); err != nil {
			b.Fatal(err)
		}
	}
}
