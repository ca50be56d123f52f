//go:build e2e

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
)

// TestDifferential runs command lines with the real curl and wget and with depfetch
// under their names, in an empty directory each: they leave the same files, the same
// standard output and the same exit code.
func TestDifferential(t *testing.T) {
	real := make(map[string]string)
	for _, name := range []string{"curl", "wget"} {
		for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/bin", "/opt/homebrew/bin"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil && real[name] == "" {
				real[name] = filepath.Join(dir, name)
			}
		}
		if real[name] == "" {
			t.Fatalf("no %s to compare with: apt-get install curl wget", name)
		}
	}
	ours, theirs := t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(ours, "depfetch"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, path := range real {
		if err := errors.Join(os.Symlink("depfetch", filepath.Join(ours, name)), os.Symlink(path, filepath.Join(theirs, name))); err != nil {
			t.Fatal(err)
		}
	}

	s, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	lockfile := new(strings.Builder)
	fmt.Fprintln(lockfile, "version = 1")
	n := 0
	serve := func(uri, body string, steps ...fetchtest.Step) {
		if steps == nil {
			steps = []fetchtest.Step{fetchtest.Body(body)}
		}
		for _, s := range []*fetchtest.Server{s, secure} {
			s.Script(uri, steps...)
			n++
			fmt.Fprintf(lockfile, "[deps.d%d]\nurl = %q\nlocked.any = { url = %[2]q, sha256 = %q, size = %d }\n", n, s.URL+uri, sumOf(body), len(body))
		}
	}
	serve("/a.txt", "a\n")
	serve("/", "index\n")
	serve("/b.txt", "b\n")
	serve("/d/c.txt", "c\n")
	serve("/d/", "directory\n")
	serve("/q?x=1&y=a/b", "query\n")
	serve("/sp%20ace.txt", "space\n")
	serve("/big", strings.Repeat("0123456789abcdef", 1<<16))
	serve("/empty", "")
	serve("/install.sh", "echo installed \"$@\"\n")
	serve("/moved", "a\n", fetchtest.Redirect(302, "/a.txt"))
	serve("/auth", "private\n", fetchtest.BasicAuth("me", "se:cret", fetchtest.Body("private\n")))
	serve("/token", "token\n", fetchtest.Token("X-Token", "t o k", fetchtest.Body("token\n")))
	serve("/cookie", "cookie\n", fetchtest.Token("Cookie", "a=b; c=d", fetchtest.Body("cookie\n")))
	serve("/agent", "agent\n", fetchtest.Token("User-Agent", "Mozilla/5.0", fetchtest.Body("agent\n")))
	serve("/referer", "referer\n", fetchtest.Token("Referer", "http://x/", fetchtest.Body("referer\n")))
	serve("/bearer", "bearer\n", fetchtest.Token("Authorization", "Bearer b", fetchtest.Body("bearer\n")))
	serve("/gone", "gone", fetchtest.Status(404))
	serve("/broken", "broken", fetchtest.Status(500))
	serve("/loop", "loop", fetchtest.Redirect(302, "/loop"))
	fmt.Fprintf(lockfile, "[deps.closed]\nurl = %q\nlocked.any = { url = %[1]q, sha256 = %q }\n", "http://127.0.0.1:1/a", sumOf("a"))
	tgz := archive(t)
	serve("/t.tar.gz", tgz, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/gzip")
		fetchtest.Body(tgz)(w, r)
	})
	shared := t.TempDir()
	for name, text := range map[string]string{
		"deps.lock.toml": lockfile.String(), "ca.pem": string(secure.CA()),
		"netrc": "machine 127.0.0.1 login me password se:cret\n",
	} {
		if err := os.WriteFile(filepath.Join(shared, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	run := func(t *testing.T, bin, line string) string {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-c", "umask 022\n"+line)
		cmd.WaitDelay = time.Second
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + bin + ":/usr/sbin:/usr/bin:/sbin:/bin", "URL=" + s.URL, "HOST=" + s.Host(), "TLS=" + secure.URL,
			"HOME=" + dir, "SHARED=" + shared, "DEPFETCH_LOCK=" + filepath.Join(shared, "deps.lock.toml"), "NETRC=/dev/null"}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
			t.Errorf("%s: %v: %s", line, err, &stderr)
		}
		report := fmt.Sprintf("exit code %d\nstdout %.300q\n", cmd.ProcessState.ExitCode(), stdout.String())
		err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || path == dir || e.Name() == ".wget-hsts" {
				return err
			}
			rel, _ := filepath.Rel(dir, path)
			info, err := e.Info()
			if err != nil || e.IsDir() || e.Type() == fs.ModeNamedPipe {
				report += e.Type().String() + " " + rel + "\n"
				return err
			}
			data, err := os.ReadFile(path)
			report += fmt.Sprintf("file %q %s %d bytes %.8s\n", rel, info.Mode(), len(data), sumOf(string(data)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	for line := range strings.Lines(commandLines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			if want, got := run(t, theirs, line), run(t, ours, line); got != want {
				t.Errorf("%s\nreal:\n%s\ndepfetch:\n%s", line, want, got)
			}
		})
	}
}

// commandLines are run by a shell. What the real programs do for a URL that is not
// what it should be (an error page as output, without -f) is not compared.
const commandLines = `
# curl: standard output
curl $URL/a.txt
curl -s $URL/a.txt
curl -fsSL $URL/a.txt $URL/b.txt
curl -fsSL "$URL/q?x=1&y=a/b"
curl -sS $HOST/a.txt
curl -s $URL
curl -s $URL/empty
curl -s $URL/d/../a.txt
curl -s $URL/d/./c.txt
curl -s "$URL/a.txt#fragment"
curl -fsSL $URL/big | cksum
curl -fsSL $URL/big | head -c 10
curl -fsSL $URL/t.tar.gz | tar -xz
curl -fsSL $URL/t.tar.gz | tar xzf - -C . --strip-components=1
curl -sSf $URL/install.sh | sh
curl -sSf $URL/install.sh | sh -s -- --yes
sh -c "$(curl -fsSL $URL/install.sh)"
curl -s $URL/a.txt > out
curl -s $URL/a.txt | tee out
curl -s -o - $URL/a.txt
curl -s --output - $URL/a.txt
curl -so /dev/stdout $URL/a.txt
curl -s $URL/moved -L
curl -sI -o /dev/null -w '%{http_code}\n' $URL/a.txt
curl -s -o /dev/null -w '%{http_code} %{size_download}' $URL/a.txt
curl -sL -o /dev/null -w '%{url_effective} %{num_redirects}\n' $URL/moved
curl -s -w '\n%{filename_effective}|%{exitcode}|%{onerror}never' -o f $URL/a.txt
curl -fs -o f -w '%{http_code}|%{exitcode}' $URL/gone
curl -s '$URL/a.txt' ; curl -s "$URL/{a,b}.txt"
curl -sg "$URL/a.txt"
curl -s --url $URL/a.txt
curl -s -G -d x=1 -d y=a/b $URL/q
curl -s --get --data 'x=1&y=a/b' $URL/q
printf 'url = %s/a.txt\n-s\noutput = "o u t"\n' $URL | curl -K -
# curl: files
curl -o f $URL/a.txt
curl -of $URL/a.txt
curl -fsSLo f $URL/a.txt
curl -fsSL $URL/a.txt -o f
curl -L --output f $URL/a.txt
curl -sLO $URL/a.txt
curl -sLO "$URL/q?x=1&y=a/b"
curl -sLO $URL/sp%20ace.txt
curl -sO $URL/a.txt -O $URL/b.txt
curl -sOO $URL/a.txt $URL/b.txt
curl -s --remote-name-all $URL/a.txt $URL/d/c.txt
curl -s -o x $URL/a.txt -O $URL/b.txt $URL/d/c.txt
curl -s "$URL/[a-b].txt" -o "f-#1"
curl -s --create-dirs -o x/y/z $URL/a.txt
curl -s --create-dirs --output-dir x -O $URL/a.txt
mkdir x; curl -s --output-dir x -O $URL/a.txt
curl -s --output-dir x -O $URL/a.txt
curl -s -o no/such/f $URL/a.txt
curl -sJO $URL/a.txt
curl -sOJL $URL/moved
curl -sLOR $URL/a.txt
echo old > f; chmod 600 f; curl -so f $URL/a.txt
echo old > f; ln -s f g; curl -so g $URL/a.txt; test -L g
ln -s f g; curl -so g $URL/a.txt
echo old > a.txt; curl -s --no-clobber -O $URL/a.txt
mkfifo p; cat p > out & curl -so p $URL/a.txt; wait
curl -s -o a $URL/a.txt --next -s -o b $URL/b.txt
curl -s -o a $URL/a.txt -: -s -o b $URL/b.txt
echo a > f; curl -s -z f -o f $URL/b.txt; test -s f
curl -fsSL -C - -o f $URL/a.txt
curl -s -Z -o a $URL/a.txt -o b $URL/b.txt
# curl: tuning
curl -fsSL --retry 3 --retry-delay 1 --retry-connrefused --retry-max-time 60 --connect-timeout 10 -m 60 $URL/a.txt
curl --proto '=http,https' --tlsv1.2 -sSf $URL/a.txt
curl --silent --show-error --location --fail --compressed $URL/a.txt
curl -sSLf --http1.1 -4 $URL/a.txt
curl --cacert $SHARED/ca.pem -sS $TLS/a.txt
curl --cacert $SHARED/ca.pem --proto '=https' --tlsv1.2 -sSf $TLS/install.sh | sh
curl -# -f -L $URL/a.txt -o f
curl --progress-bar -fL $URL/a.txt -o f
curl -sS --no-progress-meter --no-keepalive --no-buffer $URL/a.txt
curl -qs --noproxy '*' $URL/a.txt
# curl: requests
curl -s -u me:se:cret $URL/auth
curl -s "http://me:se%3Acret@$HOST/auth"
curl -s --netrc-file $SHARED/netrc $URL/auth
curl -sH 'X-Token: t o k' $URL/token
curl -sH 'x-token:t o k' -H 'Accept-Encoding: identity' $URL/token
curl -sb 'a=b; c=d' $URL/cookie
curl -s --cookie 'a=b; c=d' --cookie-jar /dev/null $URL/cookie
curl -sA Mozilla/5.0 $URL/agent
curl -sH 'User-Agent: Mozilla/5.0' $URL/agent
curl -se http://x/ $URL/referer
curl -s --oauth2-bearer b $URL/bearer
curl -sX GET $URL/a.txt
# curl: failures
curl -fsS $URL/gone
curl -fsS $URL/gone -o f
curl -fsS $URL/auth
curl -fsS $URL/loop -L --max-redirs 5
curl -s $TLS/a.txt
curl -s http://127.0.0.1:1/a --retry 0
curl -s --proto =https $URL/a.txt
curl -s 'http://a b/'
curl -s
curl --no-such-option $URL/a.txt
curl -o
curl -s "$URL/{a"
curl -s -K /no/such/file
curl -s nosuch://x/y
curl -fsS $URL/gone -o x $URL/a.txt -o y --fail-early
# wget
wget $URL/a.txt
wget -q $URL/a.txt
wget $URL
wget -q $URL/d/
wget -q "$URL/q?x=1&y=a/b"
wget -q $URL/sp%20ace.txt
wget -q "$URL/sp ace.txt"
wget -q $URL/a.txt $URL/b.txt
wget -q $URL/a.txt; wget -q $URL/a.txt; wget -q $URL/a.txt
wget -q $HOST/a.txt
wget -qO- $URL/a.txt
wget -q -O - $URL/a.txt $URL/b.txt
wget -nv -O- $URL/a.txt 2>/dev/null
wget -O f $URL/a.txt
wget -Of $URL/a.txt
wget -q --output-document=f $URL/a.txt
wget -q --output-document f $URL/a.txt
wget -qO f $URL/a.txt $URL/b.txt
wget -qO no/such/f $URL/a.txt || false
wget --no-verbose $URL/a.txt -O f
wget -qP x/y $URL/a.txt
wget -q --directory-prefix=x $URL/a.txt
wget -qP x -O f $URL/a.txt
wget -qO- $URL/t.tar.gz | tar xz
wget -qO - $URL/install.sh | sh
sh -c "$(wget -qO- $URL/install.sh)"
wget -q -c $URL/a.txt
printf 'a\n' > a.txt; wget -q -c $URL/a.txt
wget -qc $URL/a.txt -O f
echo mine > a.txt; wget -q -nc $URL/a.txt
echo mine > a.txt; wget -q --no-clobber $URL/a.txt
wget -N -q $URL/a.txt
wget -q --no-check-certificate --progress=dot:giga --show-progress $URL/a.txt 2>/dev/null
wget -q -t 3 -T 10 --waitretry=1 --retry-connrefused $URL/a.txt
wget -q --tries=3 --timeout=10 -4 $URL/a.txt
wget -q --max-redirect=5 $URL/moved -O f
wget -q --https-only --ca-certificate=$SHARED/ca.pem $TLS/a.txt
wget -q --secure-protocol=TLSv1_2 --ca-certificate $SHARED/ca.pem $TLS/a.txt
echo $URL/a.txt > l; echo $URL/b.txt >> l; wget -q -i l
echo $URL/a.txt | wget -qi -
wget -q --spider $URL/a.txt
wget -q --spider $URL/gone
wget -q --user=me --password=se:cret --auth-no-challenge $URL/auth
wget -q --http-user=me --http-password=se:cret $URL/auth
wget -q --header='X-Token: t o k' $URL/token
wget -q --no-cookies --header 'Cookie: a=b; c=d' $URL/cookie
wget -qU Mozilla/5.0 $URL/agent
wget -q --user-agent=Mozilla/5.0 $URL/agent
wget -q --referer=http://x/ $URL/referer
wget -q -e robots=off --no-dns-cache --no-proxy $URL/a.txt
wget -nv -nd -np -nH --no-cache $URL/a.txt
wget -q --content-disposition $URL/a.txt
wget -q --trust-server-names $URL/a.txt
wget -q --delete-after $URL/a.txt
wget -q $URL/a.txt -o log
wget -qO /dev/null $URL/a.txt
wget -q -- $URL/a.txt
wget -q -x nothing://; true
wget -q $URL/gone
wget -q $URL/broken
wget -q $URL/auth
wget -q -t1 http://127.0.0.1:1/a
wget -q $TLS/a.txt
wget -q
wget --no-such-option $URL/a.txt
wget -q -O
wget -q $URL/gone $URL/a.txt
`

func sumOf(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// archive returns a small .tar.gz.
func archive(t *testing.T) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range []string{"t/one", "t/two"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, name)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
