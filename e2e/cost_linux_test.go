package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/pack/packtest"
)

// app starts the packed binary as the host does and returns it once it has
// answered, and how long that took.
func app(tb testing.TB) (*exec.Cmd, time.Duration) {
	tb.Helper()
	packtest.Consult(tb)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dist, "handler"))
	cmd.Env = []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=" + strconv.Itoa(port), "StripeSecretKey=sk_test_x", "StripeWebhookSecret=whsec_x",
		"DataverseUrl=http://127.0.0.1:9", "ServiceBusConnection=Endpoint=sb://localhost", "HOME=" + tb.TempDir(),
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	for !answers(ctx, port) {
		select {
		case <-retry.C:
		case <-ctx.Done():
			tb.Fatal("the app does not answer")
		}
	}
	return cmd, time.Since(begun)
}

func answers(ctx context.Context, port int) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port), nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close() == nil && err == nil
}

func end(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if err := cmd.Process.Kill(); err != nil {
		tb.Error(err)
	}
	_ = cmd.Wait()
}

// resident is how much memory a process has in RAM, in bytes, now and at most.
func resident(tb testing.TB, pid int) (now, most int64) {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			most = kilobytes << 10
		}
	}
	return now, most
}

// TestAppStartsQuickly bounds what a cold start costs. It takes a quarter of the
// bound on a machine that has nothing else to do; on a busy one the best of many
// counts.
func TestAppStartsQuickly(t *testing.T) {
	const bound = 50 * time.Millisecond
	best := time.Hour
	for range 30 {
		cmd, took := app(t)
		end(t, cmd)
		if best = min(best, took); best <= bound {
			return
		}
	}
	t.Errorf("the best of thirty starts took %v, more than %v", best, bound)
}

// TestAppStaysSmall bounds the memory of the app after some hundred events.
func TestAppStaysSmall(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	for range 3 {
		for _, s := range scenarios {
			s.lead(w)
		}
	}
	w.settle()
	now, most := resident(t, w.Host().HandlerPID())
	if now > 30<<20 || most > 40<<20 {
		t.Errorf("the app has %d bytes in memory, and had up to %d", now, most)
	}
	t.Logf("%.1f MB resident, %.1f MB at most", float64(now)/(1<<20), float64(most)/(1<<20))
}

// BenchmarkStart measures from the start of the process to its first answer.
func BenchmarkStart(b *testing.B) {
	var memory int64
	for b.Loop() {
		cmd, _ := app(b)
		memory, _ = resident(b, cmd.Process.Pid)
		end(b, cmd)
	}
	b.ReportMetric(float64(memory)/(1<<20), "MB-resident")
}
