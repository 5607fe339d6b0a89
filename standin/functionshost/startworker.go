package functionshost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"paybridge/standin/functionshost/worker"
)

// startWorker starts the executable that host.json names.
func (h *Host) startWorker(ctx context.Context) (handler, error) {
	const section = "customHandler:description:"
	expand := func(s string) string { return expandSettings(s, h.cfg.Settings) }
	dir := h.cfg.ScriptRoot
	if d := expand(h.opts.text(section+"workingDirectory", "")); d != "" {
		dir = under(h.cfg.ScriptRoot, d)
	}
	base := under(h.cfg.ScriptRoot, expand(h.opts.text(section+"workerDirectory", "")))
	path, err := findExecutable(base, expand(h.opts.text(section+"defaultExecutablePath", "")))
	if err != nil {
		return nil, err
	}
	var args []string
	if script := expand(h.opts.text(section+"defaultWorkerPath", "")); script != "" {
		args = append(args, under(base, script))
	}
	for _, list := range []string{"arguments", "workerArguments"} {
		for _, a := range h.opts.list(section + list) {
			args = append(args, expand(a))
		}
	}
	port := 0
	if _, pinned := h.opts["customhandler:port"]; pinned {
		if port, err = h.opts.number("customHandler:port", 0); err != nil {
			return nil, err
		}
	}
	errorsOnly, err := h.opts.flag(section+"useStdErrorStreamForErrorsOnly", true)
	if err != nil {
		return nil, err
	}
	w, err := worker.Start(ctx, worker.Config{
		Path: path, Args: args, Dir: dir, Env: h.cfg.environment(), Port: port,
		InitializationTimeout: h.cfg.InitializationTimeout,
		Logger:                h.log, Output: h.cfg.HandlerOutput, StderrIsPlain: !errorsOnly,
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// findExecutable returns the file under the folder, or else what the name
// stands for in PATH.
func findExecutable(base, name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("host.json: customHandler.description.defaultExecutablePath is missing")
	}
	if file := under(base, name); isFile(file) {
		return file, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("failed to start Worker Channel: finding the executable: %w", err)
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func under(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, filepath.FromSlash(path))
}

// expandSettings replaces %NAME% as Environment.ExpandEnvironmentVariables
// does: what is not set stays as it is.
func expandSettings(s string, settings map[string]string) string {
	return placeholder.ReplaceAllStringFunc(s, func(match string) string {
		if value, ok := settings[strings.Trim(match, "%")]; ok {
			return value
		}
		return match
	})
}
