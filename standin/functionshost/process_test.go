package functionshost

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRunsARealProcess(t *testing.T) {
	var console bytes.Buffer
	root := app(t, map[string]string{"pid": httpFunction("pid")})
	h := startProcess(t, Config{ScriptRoot: root, Settings: map[string]string{"GREETING": "hello"}, HandlerOutput: &console})
	res, body := call(t, http.MethodPost, h.URL()+"/api/pid", "")
	if want := fmt.Sprintf("%d hello", h.HandlerPID()); res.StatusCode != http.StatusOK || body != want {
		t.Errorf("status %d, body %q, want %q", res.StatusCode, body, want)
	}
	h.Close()
	if h.Err() != nil {
		t.Errorf("after Close the error is %v", h.Err())
	}
	if !strings.Contains(console.String(), "listening\n") {
		t.Errorf("the handler's output is %q", console.String())
	}
}
