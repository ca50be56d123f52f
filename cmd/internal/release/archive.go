package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one file of an archive.
type file struct {
	name string // with slashes
	mode fs.FileMode
	body []byte
}

// writeArchives writes an archive for each platform: both programs, and what belongs to them.
func (r *release) writeArchives(more []file) error {
	programs, err := r.programs("depfetch")
	if err != nil {
		return err
	}
	var jobs []func() error
	for _, p := range programs {
		jobs = append(jobs, func() error { return r.writeArchive(p, more) })
	}
	return concurrently(jobs)
}

func (r *release) writeArchive(p program, more []file) error {
	top := r.archive(p)
	var files []file
	for _, name := range []string{"depfetch", "deplock"} {
		ext := filepath.Ext(p.path) // .exe
		body, err := os.ReadFile(filepath.Join(r.dir, name+"-"+p.platform("-")+ext))
		if err != nil {
			return err
		}
		files = append(files, file{top + "/" + name + ext, 0o755, body})
	}
	for _, f := range more {
		f.name = top + "/" + f.name
		files = append(files, f)
	}
	if p.os == "windows" {
		body, err := zipped(files, r.time)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(r.dir, top+".zip"), body, 0o644)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	body, err := tarred(files, r.time)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, top+".tar.gz"), b.Bytes(), 0o644)
}

// archive returns the name of the archive for a platform, without what says its format.
func (r *release) archive(p program) string {
	return "depfetch-" + r.version + "-" + p.platform("-")
}

// tarred returns a tar archive of files in their order. They belong to root.
func tarred(files []file, mtime time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode.Perm()), Size: int64(len(f.body)), ModTime: mtime, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// zipped returns a zip archive of files in their order.
func zipped(files []file, mtime time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: mtime}
		header.SetMode(f.mode)
		to, err := w.CreateHeader(&header)
		if err == nil {
			_, err = to.Write(f.body)
		}
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// writeImageArchives writes each image as one file: the tar archive of its layout.
func (r *release) writeImageArchives() error {
	for _, i := range images() {
		root := filepath.Join(r.dir, "images", i.name)
		var files []file
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			rel, _ := filepath.Rel(root, path)
			files = append(files, file{filepath.ToSlash(rel), 0o644, body})
			return err
		})
		if err != nil {
			return err
		}
		slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
		body, err := tarred(files, r.time)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.dir, i.name+"-"+r.version+"-oci.tar"), body, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
