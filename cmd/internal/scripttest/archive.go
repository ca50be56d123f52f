package scripttest

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// packed is the time of all that is in an archive.
var packed = time.Date(2020, time.February, 3, 4, 5, 6, 0, time.UTC)

// archive packs what is below a directory.
func archive(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	if strings.HasSuffix(args[0], ".zip") {
		ts.Check(packZip(f, ts.MkAbs(args[1])))
		return
	}
	z := gzip.NewWriter(f)
	ts.Check(packTar(z, ts.MkAbs(args[1])))
	ts.Check(z.Close())
}

func packTar(w io.Writer, dir string) error {
	t := tar.NewWriter(w)
	err := walk(dir, func(path, name string, info fs.FileInfo) error {
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			var err error
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		h, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		h.Name, h.ModTime, h.Uid, h.Gid, h.Uname, h.Gname = name, packed, 0, 0, "", ""
		if err := t.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
			return err
		}
		return copyFile(t, path)
	})
	if err != nil {
		return err
	}
	return t.Close()
}

func packZip(w io.Writer, dir string) error {
	z := zip.NewWriter(w)
	err := walk(dir, func(path, name string, info fs.FileInfo) error {
		h, err := zip.FileInfoHeader(info)
		if err != nil {
			return err
		}
		h.Name, h.Modified, h.Method = name, packed, zip.Deflate
		entry, err := z.CreateHeader(h)
		if err != nil || info.IsDir() {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			_, err = io.WriteString(entry, link)
			return err
		}
		return copyFile(entry, path)
	})
	if err != nil {
		return err
	}
	return z.Close()
}

// walk calls pack for all below dir, directories with a slash behind their names.
func walk(dir string, pack func(path, name string, info fs.FileInfo) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if e.IsDir() {
			name += "/"
		}
		return pack(path, name, info)
	})
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// members packs members that no directory could hold, into a tar in gzip: "NAME"
// or "NAME MODE" is a file, or a directory if NAME ends in a slash, and "NAME =
// NAME" a hard link. With a name that ends in .zip it is one of MS-DOS.
func members(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	if strings.HasSuffix(args[0], ".zip") {
		z := zip.NewWriter(f)
		for _, name := range args[1:] {
			w, err := z.CreateRaw(&zip.FileHeader{Name: name, NonUTF8: true, CRC32: crc32.ChecksumIEEE([]byte(name)),
				CompressedSize64: uint64(len(name)), UncompressedSize64: uint64(len(name))})
			ts.Check(err)
			_, err = io.WriteString(w, name)
			ts.Check(err)
		}
		ts.Check(z.Close())
		return
	}
	g := gzip.NewWriter(f)
	t := tar.NewWriter(g)
	for _, arg := range args[1:] {
		name, rest, _ := strings.Cut(arg, " ")
		h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(name)), ModTime: packed}
		if strings.HasSuffix(name, "/") {
			h.Typeflag, h.Mode, h.Size = tar.TypeDir, 0o755, 0
		}
		if link, ok := strings.CutPrefix(rest, "= "); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, link, 0
		} else if rest != "" {
			h.Mode, err = strconv.ParseInt(rest, 8, 64)
			ts.Check(err)
		}
		ts.Check(t.WriteHeader(h))
		if h.Size > 0 {
			_, err = io.WriteString(t, name)
			ts.Check(err)
		}
	}
	ts.Check(t.Close())
	ts.Check(g.Close())
}
