//go:build unix && e2e

package unpack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLikePackageTools unpacks packages that real tools have made, and compares with what
// the tools themselves take out of them.
func TestLikePackageTools(t *testing.T) {
	need(t, "ar", "cpio", "dpkg-deb", "gzip", "rpm2cpio", "rpmbuild", "tar", "xz", "zstd")
	in := sample(t)
	sh(t, in, `mkdir DEBIAN; printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n' >DEBIAN/control
		chmod 755 . DEBIAN`)
	spec := `
		mkdir -p top/SPECS; tar -C "$IN" --exclude ./DEBIAN -cf top/tree.tar .
		cat >top/SPECS/x.spec <<-END
		Name: x
		Version: 1
		Release: 1
		Summary: x
		License: x
		BuildArch: noarch
		AutoReqProv: no
		%description
		x
		%install
		tar -C %{buildroot} -xpf %{_topdir}/tree.tar
		%files
		/*
		END
		rpmbuild --quiet -D "_topdir $PWD/top" -D "_binary_payload $PAYLOAD" -D "_build_name_fmt x.rpm" -D "__os_install_post %{nil}" -D "__brp_mangle_shebangs %{nil}" -bb top/SPECS/x.spec >log 2>&1 || { cat log; exit 1; }
		cp top/RPMS/x.rpm "$1"`
	// Both write into directories whose times they have set.
	const times = `
		cd "$IN"; find pkg -depth -type d | while read -r d; do touch -d "@$(stat -c %Y "$d")" "$2/$d"; done`
	const deb, rpm = `dpkg-deb -x "$1" "$2"` + times, `rpm2cpio "$1" | (cd "$2"; cpio -idm --quiet --no-absolute-filenames)` + times
	tests := []struct{ name, pack, unpack string }{
		{"deb, gzip", `dpkg-deb --root-owner-group -Zgzip -b "$IN" "$1"`, deb},
		{"deb, xz", `dpkg-deb --root-owner-group -Zxz -b "$IN" "$1"`, deb},
		{"deb, zstd", `dpkg-deb --root-owner-group -Zzstd -b "$IN" "$1"`, deb},
		{"deb, not compressed", `dpkg-deb --root-owner-group -Znone -b "$IN" "$1"`, deb},
		{"deb, xz for all", `dpkg-deb --root-owner-group --uniform-compression -Zxz -b "$IN" "$1"`, deb},
		{"deb of GNU ar", `dpkg-deb --root-owner-group -Zgzip -b "$IN" x.deb; ar x x.deb; rm x.deb; ar qc "$1" debian-binary control.tar.* data.tar.gz`, deb},
		{"deb, signed", `dpkg-deb --root-owner-group -Zgzip -b "$IN" "$1"; echo signature >_gpgorigin; ar q "$1" _gpgorigin`, deb},
		{"apk", `mkdir c; echo x >c/.PKGINFO; echo x >c/.post-install
			tar -C c -cf c.tar .PKGINFO .post-install; tar -C c -rf s.tar --transform s/.*/.SIGN.RSA.x/ .PKGINFO
			{ head -c 1024 s.tar | gzip; head -c 2048 c.tar | gzip; tar -C "$IN" -czf - .; } >"$1"`, `tar -C "$2" -xpf "$1"; rm "$2"/.[A-Zp]*`},
	}
	for _, payload := range []string{"w9.gzdio", "w9.bzdio", "w6.xzdio", "w6T2.xzdio", "w19.zstdio", "w.ufdio"} {
		tests = append(tests, struct{ name, pack, unpack string }{"rpm, " + payload, "PAYLOAD=" + payload + "\n" + spec, rpm})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			file, want := filepath.Join(dir, "archive"), filepath.Join(dir, "want")
			if err := os.Mkdir(want, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", want).Run() })
			vars := fmt.Sprintf("umask 022; IN='%s'; set -- '%s' '%s'\n", in, file, want)
			sh(t, dir, vars+test.pack)
			sh(t, dir, vars+test.unpack)
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
