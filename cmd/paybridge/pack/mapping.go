package pack

import (
	"fmt"
	"os"
	"path/filepath"

	"paybridge/internal/crm"
)

// packMapping puts a mapping file beside host.json, where the setting
// PaymentTable names it. One that the app could not read is refused here.
func packMapping(path, dist string) error {
	if _, err := crm.ReadMapping(filepath.Base(path), os.DirFS(filepath.Dir(path))); err != nil {
		return fmt.Errorf("packing the mapping: %w", err)
	}
	return copyFile(path, filepath.Join(dist, filepath.Base(path)), 0o644)
}

// isMapping reports whether a file of a packed folder is a mapping file.
func isMapping(dist, name string) bool {
	if filepath.Ext(name) != ".json" {
		return false
	}
	_, err := crm.ReadMapping(name, os.DirFS(dist))
	return err == nil
}
