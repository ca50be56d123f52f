package scripttest

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// packed is the modification time of every entry.
var packed = time.Date(2020, time.February, 3, 4, 5, 6, 0, time.UTC)

// archive packs the files below a directory.
func archive(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	dir := os.DirFS(ts.MkAbs(args[1]))
	if strings.HasSuffix(args[0], ".zip") {
		z := zip.NewWriter(f)
		ts.Check(addTo(z, dir))
		ts.Check(z.Close())
		return
	}
	g := gzip.NewWriter(f)
	t := tar.NewWriter(g)
	ts.Check(t.AddFS(dir))
	ts.Check(t.Close())
	ts.Check(g.Close())
}

// addTo is z.AddFS with support for symbolic links.
func addTo(z *zip.Writer, dir fs.FS) error {
	return fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		h, err := zip.FileInfoHeader(info)
		if err != nil {
			return err
		}
		h.Name, h.Method = name, zip.Deflate
		var text []byte
		switch {
		case e.IsDir():
			h.Name += "/"
		case info.Mode().IsRegular():
			text, err = fs.ReadFile(dir, name)
		default:
			var link string
			link, err = fs.ReadLink(dir, name)
			text = []byte(link)
		}
		if err != nil {
			return err
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
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
