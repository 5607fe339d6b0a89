package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/dataverse"
)

// meddler changes rows at the worst moment: after the handler has read a row
// and before it writes it.
type meddler struct {
	mu    sync.Mutex
	left  int
	touch func()
}

// watch is asked by the CRM before each request. The handler writes rows in a
// batch under If-Match, which a person's request has not.
func (m *meddler) watch(r *http.Request) *dataverse.Fault {
	if !strings.HasSuffix(r.URL.Path, "/$batch") {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || !bytes.Contains(body, []byte("If-Match: ")) {
		return nil
	}
	m.mu.Lock()
	meddle := m.left > 0
	m.left--
	m.mu.Unlock()
	if meddle {
		m.touch()
	}
	return nil
}

// TestPersonAndUpdateKeepBothChanges lets Ann write the row while an update of
// it is in flight, once and many times over.
func TestPersonAndUpdateKeepBothChanges(t *testing.T) {
	t.Parallel()
	for name, times := range map[string]int{"once": 1, "four times": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &meddler{}
			w := start(t, awkward, func(c *local.Config) {
				c.Dataverse = func(d *dataverse.Config) { d.Faults = m.watch }
			})
			w.Stripe.HoldDeliveries()
			p := scenarios[0].lead(w)
			m.left = times
			m.touch = func() { w.patch(p.row, `{"pb_name":"Order of Ann","pb_customeremail":"ann@example.com"}`) }
			for _, e := range w.events() {
				if e.kind == "payment_intent.succeeded" {
					w.deliver(e)
				}
			}
			w.drain()
			scenarios[0].check(p)
			row := w.read(p.row)
			if row["pb_name"] != "Order of Ann" || row["pb_customeremail"] != "ann@example.com" {
				t.Errorf("Ann's changes are lost: %v", row)
			}
			if want := fmt.Sprintf(`"conflicts":%d`, times); !strings.Contains(w.output.String(), want) {
				t.Errorf("the log does not tell of %s", want)
			}
		})
	}
}
