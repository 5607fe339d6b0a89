package functionshost

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// admin serves the part of the host's own API that people use locally. It asks
// for the master key only when keys are required.
func (h *Host) admin() http.Handler {
	mux := http.NewServeMux()
	guard := func(serve http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !h.admits("admin", h.keyID(requestKey(r))) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			serve(w, r)
		}
	}
	mux.HandleFunc("GET /admin/host/status", guard(h.status))
	mux.HandleFunc("/admin/host/ping", guard(func(http.ResponseWriter, *http.Request) {}))
	mux.HandleFunc("GET /admin/functions", guard(h.listFunctions))
	mux.HandleFunc("POST /admin/functions/{name}", guard(h.run))
	return mux
}

func (h *Host) status(w http.ResponseWriter, _ *http.Request) {
	var errs []string
	for _, p := range h.problems {
		errs = append(errs, p.Function+": "+p.Err.Error())
	}
	writeJSON(w, map[string]any{"id": "functionshost", "state": "Running", "version": version, "errors": errs})
}

func (h *Host) listFunctions(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name     string            `json:"name"`
		Language string            `json:"language"`
		Invoke   string            `json:"invoke_url_template,omitempty"`
		Config   map[string]string `json:"config"`
	}
	list := []entry{}
	for _, f := range h.Functions() {
		list = append(list, entry{f.Name, "Custom", f.URL, map[string]string{"trigger": f.Trigger}})
	}
	writeJSON(w, list)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// run starts a function that has no URL of its own and does not wait for it.
func (h *Host) run(w http.ResponseWriter, r *http.Request) {
	var f *function
	for _, candidate := range h.functions {
		if strings.EqualFold(candidate.name, r.PathValue("name")) {
			f = candidate
		}
	}
	if f == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var call struct {
		Input string `json:"input"`
	}
	err := json.NewDecoder(io.LimitReader(r.Body, bodyLimit)).Decode(&call)
	if err != nil || f.trigger.is(httpTrigger) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var e *envelope
	if f.trigger.is(timerTrigger) {
		e = timerEnvelope(f, tick{adjustForDST: f.schedule.AdjustForDST()}, time.Now())
	} else if e, err = manualEnvelope(f, call.Input, time.Now()); err != nil {
		h.log.Error("Running the function by hand", slog.String("function", f.name), slog.Any("error", err))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.loops.Go(func() { _, _ = h.invoke(f, e) })
	w.WriteHeader(http.StatusAccepted)
}
