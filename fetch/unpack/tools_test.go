//go:build unix && e2e

package unpack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLikeTools unpacks what real tools have packed, and compares with what the
// tools themselves make of it.
func TestLikeTools(t *testing.T) {
	need(t, "tar", "bsdtar", "zip", "unzip", "xz", "zstd", "bzip2", "gzip")
	in := sample(t)
	const gnu, bsd, zip = "tar -xpf %s -C %s", "bsdtar -xpf %s -C %s", "unzip -q %s -d %s"
	tests := []struct{ name, pack, unpack string }{
		{"gnu", "tar -cf %s .", gnu},
		{"gnu, no dot", "tar -cf %s pkg", gnu},
		{"gnu, posix", "tar -H posix -cf %s .", gnu},
		{"gnu, v7", "tar -H v7 -cf %s pkg/bin pkg/README pkg/hollow", gnu},
		{"gnu, ustar", "tar -H ustar -cf %s pkg/bin pkg/README pkg/hollow", gnu},
		{"gnu, oldgnu", "tar -H oldgnu -cf %s .", gnu},
		{"gnu, gzip", "tar -czf %s .", gnu},
		{"gnu, bzip2", "tar -cjf %s .", gnu},
		{"gnu, xz", "tar -cJf %s .", gnu},
		{"gnu, zstd", "tar --zstd -cf %s .", gnu},
		{"gnu, label", "tar -V label -cf %s .", gnu},
		{"gnu, files alone", "tar --no-recursion -cf %s pkg/bin/tool pkg/README", gnu},
		{"gnu, directory last", "tar -cf %s --no-recursion pkg/README pkg/locked/x pkg/locked pkg", gnu},
		{"gnu, directory twice", "tar -cf %s pkg/bin --no-recursion pkg pkg pkg/bin", gnu},
		{"gnu, blocking factor", "tar -b 1 -cf %s .", gnu},
		{"gnu, incremental", "rm -f ../snar; tar -g ../snar -cf %s .", gnu},
		{"bsdtar, pax", "bsdtar --format pax -cf %s .", bsd},
		{"bsdtar, restricted pax", "bsdtar -cf %s .", bsd},
		{"bsdtar, gnutar", "bsdtar --format gnutar -cf %s .", bsd},
		{"bsdtar, ustar", "bsdtar --format ustar -cf %s pkg/bin pkg/README", bsd},
		{"bsdtar, zip", "bsdtar --format zip -cf %s pkg/bin pkg/README pkg/hollow 'pkg/with space'", zip},
		{"concatenated gzip", "tar -cf x.tar .; { head -c 1000000 x.tar | gzip; tail -c +1000001 x.tar | gzip; } >%s; rm x.tar", gnu},
		{"concatenated bzip2", "tar -cf x.tar .; { head -c 1000000 x.tar | bzip2; tail -c +1000001 x.tar | bzip2; } >%s; rm x.tar", gnu},
		{"concatenated xz", "tar -cf x.tar .; { head -c 1000000 x.tar | xz; head -c 8 /dev/zero; tail -c +1000001 x.tar | xz; } >%s; rm x.tar", gnu},
		{"zstd frames", "tar -cf x.tar .; { printf '\\120\\052\\115\\030\\004\\000\\000\\000abcd'; head -c 1000000 x.tar | zstd; printf '\\137\\052\\115\\030\\000\\000\\000\\000'; tail -c +1000001 x.tar | zstd --no-check; } >%s; rm x.tar", "zstd -dc %s | tar -xpf - -C %s"},
		{"zstd, long window", "tar -cf - . | zstd -19 --long=27 >%s", "zstd -dc --long=27 %s | tar -xpf - -C %s"},
		{"gzip, padded with zeros", "{ tar -czf - .; head -c 1000 /dev/zero; } >%s", "{ gzip -dc %s || true; } | tar -xpf - -C %s"},
		{"xz, blocks", "tar -cf - . | xz --block-size=300000 -T2 >%s", gnu},
		{"xz, blocks of another thread", "tar -cf - . | xz --block-size=300000 -T1 >%s", gnu},
		{"xz, crc32", "tar -cf - . | xz -C crc32 --block-size=300000 >%s", gnu},
		{"xz, sha256", "tar -cf - . | xz -C sha256 --block-size=300000 >%s", gnu},
		{"xz, no check", "tar -cf - . | xz -C none >%s", gnu},
		{"xz, x86 filter", "tar -cf - . | xz --x86 --lzma2=preset=6 >%s", gnu},
		{"xz, delta filter", "tar -cf - . | xz --delta=dist=4 --lzma2=preset=6 --block-size=300000 >%s", gnu},
		{"xz, largest preset", "tar -cf - . | xz -9 >%s", gnu},
		{"zip", "zip -qr - . >%s", zip},
		{"zip, links", "zip -qry - . >%s", zip},
		{"zip, file", "zip -qry x.zip .; mv x.zip %s", zip},
		{"zip, stored", "zip -qry0 - . >%s", zip},
		{"zip, no extra fields", "zip -qryX x.zip .; mv x.zip %s", zip},
		{"zip, no directories", "zip -qryD x.zip pkg/bin pkg/README; mv x.zip %s", zip},
		{"zip, bzip2", "zip -qry -Z bzip2 x.zip .; mv x.zip %s", zip},
		{"zip, zip64", "zip -qry -fz x.zip .; mv x.zip %s", zip},
		{"zip, data descriptors", "zip -qr -fd x.zip .; mv x.zip %s", zip},
		{"zip, streamed", "zip -qr - . | cat >%s", zip},
		{"bsdtar, zip, streamed", "bsdtar --format zip -cf - pkg/bin pkg/README pkg/hollow | cat >%s", zip},
		{"zip, comment", "zip -qry x.zip .; echo comment | zip -qz x.zip; mv x.zip %s", zip},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "archive")
			sh(t, in, fmt.Sprintf("umask 022; "+test.pack, file))
			want := filepath.Join(dir, "want")
			if err := os.Mkdir(want, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", want).Run() })
			sh(t, dir, fmt.Sprintf("umask 022; "+test.unpack, file, want))
			got, err := unpackFile(t, file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			a, b := snapshot(t, got), snapshot(t, want)
			fixImplied(a, b)
			compareTrees(t, a, b)
		})
	}
}

// TestLikeToolsSparse compares sparse files in each form that tar has for them.
func TestLikeToolsSparse(t *testing.T) {
	need(t, "tar", "bsdtar")
	in := t.TempDir()
	f, err := os.Create(filepath.Join(in, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range int64(40) { // more extents than a header has room for
		if _, err := f.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 5000), i*100_000); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(10_000_000); err != nil {
		t.Fatal(err)
	}
	for _, pack := range []string{
		"tar -S -H oldgnu -cf %s sparse", "tar -S -H gnu -cf %s sparse",
		"tar -S -H posix --sparse-version=0.0 -cf %s sparse", "tar -S -H posix --sparse-version=0.1 -cf %s sparse",
		"tar -S -H posix --sparse-version=1.0 -cf %s sparse", "bsdtar --read-sparse --format pax -cf %s sparse",
	} {
		t.Run(pack, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "archive")
			sh(t, in, fmt.Sprintf(pack, file))
			if info, err := os.Stat(file); err != nil || info.Size() > 1<<20 {
				t.Fatalf("the archive is not sparse: %v, %v", info, err)
			}
			got, err := unpackFile(t, file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			a, b := snapshot(t, got), snapshot(t, in)
			delete(a, ".")
			delete(b, ".")
			if strings.HasPrefix(pack, "tar -S -H o") || strings.HasPrefix(pack, "tar -S -H g") { // whole seconds
				sh(t, in, "touch -d @1500000000 sparse")
				sh(t, in, fmt.Sprintf(pack, file))
				if got, err = unpackFile(t, file, Options{}); err != nil {
					t.Fatal(err)
				}
				a, b = snapshot(t, got), snapshot(t, in)
				delete(a, ".")
				delete(b, ".")
			}
			compareTrees(t, a, b)
		})
	}
}
