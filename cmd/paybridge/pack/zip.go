package pack

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The modes of a package: the Functions host runs its executable on Linux,
// whatever system it was packed on, and Windows has no bit for that.
const (
	executableMode fs.FileMode = 0o755
	plainMode      fs.FileMode = 0o644
)

// timestamp is that of every file in a package, the earliest that zip knows, so
// that the same commit makes the same bytes.
var timestamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes a packed folder as the deployment package that Azure takes:
// host.json at its root, forward slashes in names, the executable bit on the
// executable. What .funcignore names stays out. The file appears whole or not
// at all.
func Zip(result Result, path string) (err error) {
	ignored, err := readFuncignore(filepath.Join(result.Dist, ".funcignore"))
	if err != nil {
		return err
	}
	for _, name := range []string{"host.json", result.Executable} {
		if ignored.matches(name) {
			return fmt.Errorf(".funcignore leaves out %s, without which nothing runs", name)
		}
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, part.Close(), os.Remove(part.Name()))
		}
	}()
	if err := writeZip(part, result, ignored); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := part.Chmod(plainMode); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
}

func writeZip(to io.Writer, result Result, ignored funcignore) error {
	w := zip.NewWriter(to)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	folder := os.DirFS(result.Dist)
	// WalkDir goes in the order of names.
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || ignored.matches(name) {
			return err
		}
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: timestamp}
		header.SetMode(plainMode)
		if name == result.Executable {
			header.SetMode(executableMode)
		}
		file, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		into, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		_, err = io.Copy(into, file)
		return err
	})
	return errors.Join(err, w.Close())
}
