//go:build e2e

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
)

// freePort returns a port of loopback that nobody listens on.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// serve starts a server that is to listen on a port until the test ends.
func serve(t *testing.T, port, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%v; on Debian: apt-get install microsocks nginx-light openssl tinyproxy", err)
	}
	cmd := exec.Command(path, args...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	stdin, err := cmd.StdinPipe() // openssl ends with it
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, said.String())
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen: %v\n%s", program, err, said.String())
		}
	}
}

// localAddress returns an address of this machine that is not loopback, which no proxy is
// asked for, and lets a server listen there too.
func localAddress(t *testing.T, s *fetchtest.Server) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, _, err := net.ParseCIDR(a.String())
		if err != nil || ip.IsLoopback() || ip.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", ip.String()+":0")
		if err != nil {
			continue
		}
		server := &http.Server{Handler: s.Config.Handler}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		return l.Addr().String()
	}
	t.Fatal("this test needs an address that is not loopback")
	return ""
}

// TestRealProxies goes by microsocks and tinyproxy, with a login and without.
func TestRealProxies(t *testing.T) {
	s := fetchtest.New(t)
	s.Script("/file", fetchtest.Body(pinnedBytes(0)))
	host := localAddress(t, s)
	name, port, _ := net.SplitHostPort(host)
	socks, web := freePort(t), freePort(t)
	serve(t, socks, "microsocks", "-i", "127.0.0.1", "-p", socks, "-u", "builder", "-P", "hunter2")
	conf := filepath.Join(t.TempDir(), "tinyproxy.conf")
	writeText(t, conf, fmt.Sprintf("Port %s\nListen 127.0.0.1\nBasicAuth builder hunter2\nFilter %q\n", web, writeFilter(t)))
	serve(t, web, "tinyproxy", "-d", "-c", conf)
	none := freePort(t)
	for _, c := range []struct {
		name, env string
		code      int
		text      string
	}{
		{"socks5", "ALL_PROXY=socks5://builder:hunter2@127.0.0.1:" + socks, 0, "done     1 placed"},
		{"socks5h", "http_proxy=socks5h://builder:hunter2@127.0.0.1:" + socks, 0, "done     1 placed"},
		{"socks5, wrong login", "ALL_PROXY=socks5h://builder:hunter3@127.0.0.1:" + socks, 3, "(by the proxy socks5h://REDACTED@127.0.0.1:" + socks + ")"},
		{"socks5, no login", "ALL_PROXY=socks5h://127.0.0.1:" + socks, 3, "(by the proxy socks5h://127.0.0.1:" + socks + ")"},
		{"http", "ALL_PROXY=http://builder:hunter2@127.0.0.1:" + web, 0, "done     1 placed"},
		{"http, wrong login", "HTTP_PROXY=http://builder:hunter3@127.0.0.1:" + web, 3, "(by the proxy http://REDACTED@127.0.0.1:" + web + ")"},
		{"http, no login", "HTTP_PROXY=http://127.0.0.1:" + web, 3, "HTTP 407 Proxy Authentication Required (by the proxy http://127.0.0.1:" + web + ")\ndepfetch: hint: a proxy's login stands in its address, as https_proxy=http://USER:PASSWORD@HOST:PORT"},
		{"none there", "ALL_PROXY=http://builder:hunter2@127.0.0.1:" + none, 3, "connection refused (by the proxy http://REDACTED@127.0.0.1:" + none + ")"},
		{"no socks there", "ALL_PROXY=socks5://builder:hunter2@127.0.0.1:" + none, 3, "connection refused (by the proxy socks5://REDACTED@127.0.0.1:" + none + ")"},
		{"excepted by range", "ALL_PROXY=http://127.0.0.1:" + none + " NO_PROXY=" + name + "/24", 0, "done     1 placed"},
		{"excepted with port", "ALL_PROXY=http://127.0.0.1:" + none + " NO_PROXY=" + name + ":" + port, 0, "done     1 placed"},
		{"another port", "ALL_PROXY=http://127.0.0.1:" + none + " NO_PROXY=" + name + ":1", 3, "connection refused (by the proxy"},
		{"excepted all", "ALL_PROXY=http://127.0.0.1:" + none + " no_proxy=*", 0, "done     1 placed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lockfile := writeLockfile(t, "", "http://"+host+"/file")
			o := depfetch(t, lockfile, strings.Fields(c.env), "--root", "out", "--retries", "0")
			o.want(t, c.code, c.text)
			if said := o.stdout + o.stderr; strings.Contains(said, "hunter") || strings.Contains(said, "builder") {
				t.Errorf("the login is shown:\n%s", said)
			}
			if c.code == 0 {
				wantPlaced(t, lockfile)
			} else {
				wantNothing(t, lockfile)
			}
		})
	}
}

// writeFilter writes a list of hosts that tinyproxy refuses.
func writeFilter(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "filter")
	writeText(t, name, "refused.example\n")
	return name
}

// TestRefusingProxy: tinyproxy says 403 to a host, over http and with CONNECT.
func TestRefusingProxy(t *testing.T) {
	port := freePort(t)
	conf := filepath.Join(t.TempDir(), "tinyproxy.conf")
	writeText(t, conf, fmt.Sprintf("Port %s\nListen 127.0.0.1\nFilter %q\n", port, writeFilter(t)))
	serve(t, port, "tinyproxy", "-d", "-c", conf)
	for scheme, text := range map[string]string{"http": "HTTP 403 Forbidden", "https": "the proxy answers HTTP 403 Forbidden"} {
		lockfile := writeLockfile(t, "", scheme+"://refused.example/file")
		depfetch(t, lockfile, []string{"ALL_PROXY=127.0.0.1:" + port}, "--root", "out").want(t, 3,
			text+" (by the proxy http://127.0.0.1:"+port+")\ndepfetch: hint: ask those who run the proxy to allow the host")
		wantNothing(t, lockfile)
	}
}

// TestRSAKeyExchange: a server without forward secrecy is refused with what to do, which
// helps.
func TestRSAKeyExchange(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	if out, err := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
		"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	writeText(t, filepath.Join(dir, "file"), pinnedBytes(0))
	cmd := []string{"s_server", "-accept", "127.0.0.1:" + port, "-key", key, "-cert", cert, "-tls1_2", "-cipher", "AES128-GCM-SHA256", "-HTTP", "-quiet"}
	t.Chdir(dir)
	writeText(t, filepath.Join(dir, "file"), "HTTP/1.0 200 OK\r\nContent-Length: "+fmt.Sprint(len(pinnedBytes(0)))+"\r\n\r\n"+pinnedBytes(0))
	serve(t, port, "openssl", cmd...)
	lockfile := writeLockfile(t, "", "https://127.0.0.1:"+port+"/file")
	depfetch(t, lockfile, nil, "--root", "out", "--cacert", cert).want(t, 3,
		"remote error: tls: handshake failure: the server accepts no TLS version or cipher of this program\ndepfetch: hint: most often the server offers nothing but RSA key exchange")
	wantNothing(t, lockfile)
	depfetch(t, lockfile, []string{"GODEBUG=tlsrsakex=1"}, "--root", "out", "--cacert", cert).want(t, 0, "done     1 placed")
	wantPlaced(t, lockfile)
}

// TestRewriteNginx goes by nginx with proxy_pass, whose upstream redirects.
func TestRewriteNginx(t *testing.T) {
	up, store := fetchtest.New(t), fetchtest.New(t)
	up.Script("/own/f", fetchtest.Body(pinnedBytes(0)))
	up.Script("/exact/f%2B1.tgz?a=1", fetchtest.Body(pinnedBytes(1)))
	up.Script("/moved", fetchtest.Redirect(302, store.URL+"/f"))
	store.Script("/f", fetchtest.Body(pinnedBytes(2)))
	dir, port, exact := t.TempDir(), freePort(t), freePort(t)
	writeText(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen 127.0.0.1:%[2]s;
		location /up/ { proxy_pass %[3]s/; } # which decodes the path
	}
	server {
		listen 127.0.0.1:%[4]s;
		location / { proxy_pass %[3]s; } # which does not
	}
}
`, dir, port, up.URL, exact))
	serve(t, port, "nginx", "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	lockfile := writeLockfile(t, `policy.hosts = ["upstream.example"]`,
		"https://upstream.example/own/f", "https://upstream.example/exact/f%2B1.tgz?a=1", "https://upstream.example/moved")
	to := "http://127.0.0.1:" + port + "/up"
	o := depfetch(t, lockfile, []string{"DEPFETCH_REWRITE=https://upstream.example=" + to + ",https://upstream.example/exact=http://127.0.0.1:" + exact + "/exact/"}, "--root", "out")
	o.want(t, 0, "from https://upstream.example/own/f (asked at "+to+"/own/f)")
	wantPlaced(t, lockfile)
	up.Script("/own/f", fetchtest.Status(http.StatusNotFound))
	o = depfetch(t, lockfile, nil, "--root", "none", "--rewrite", "https://upstream.example/="+to+"/", "--retries", "0")
	o.want(t, 3, "origin https://upstream.example/own/f (asked at "+to+"/own/f): HTTP 404 Not Found")
}

// TestNginxExample goes by the nginx of examples/company, with a server on loopback in the
// place of its upstreams: what follows FROM arrives byte for byte, and a redirect to
// another upstream has its rule too.
func TestNginxExample(t *testing.T) {
	up := fetchtest.New(t)
	up.Script("/own/f", fetchtest.Body(pinnedBytes(0)))
	up.Script("/exact/a%2Fb%2B1.tgz?a=1&b=%20", fetchtest.Body(pinnedBytes(1)))
	up.Script("/moved", fetchtest.Redirect(302, "https://release-assets.githubusercontent.com/x%2By?sig=a%2Fb"))
	up.Script("/x%2By?sig=a%2Fb", fetchtest.Body(pinnedBytes(2)))
	dir, port := t.TempDir(), freePort(t)
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "company", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	conf := regexp.MustCompile(`(?m)^\s*(resolver|proxy_ssl_|ssl_).*\n`).ReplaceAllString(string(example), "")
	conf = regexp.MustCompile(`proxy_pass https://[a-z0-9.-]+`).ReplaceAllString(conf, "proxy_pass "+up.URL)
	conf = strings.NewReplacer("listen 443 ssl;", "listen 127.0.0.1:"+port+";", "http {", fmt.Sprintf(`http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;`, dir)).Replace(conf)
	writeText(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf("daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\n%s", dir, conf))
	serve(t, port, "nginx", "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	lockfile := writeLockfile(t, "", "https://github.com/own/f", "https://dl.k8s.io/exact/a%2Fb%2B1.tgz?a=1&b=%20", "https://github.com/moved")
	to := "http://127.0.0.1:" + port
	depfetch(t, lockfile, []string{"DEPFETCH_REWRITE=https://github.com=" + to + "/github https://release-assets.githubusercontent.com=" + to + "/assets https://dl.k8s.io=" + to + "/k8s"}, "--root", "out").want(t, 0,
		"from https://github.com/own/f (asked at "+to+"/github/own/f)")
	wantPlaced(t, lockfile)
}
