//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"depfetch/fetch/fetchtest"
)

// namespaceEnv is set for a test that runs in namespaces of its own.
const namespaceEnv = "DEPFETCH_TEST_NAMESPACE"

// TestScratch runs the released program where there is nothing else: in an empty
// root with a lockfile and a resolv.conf, on a network that reaches this test
// and no one else.
func TestScratch(t *testing.T) {
	if os.Getenv(namespaceEnv) == "" {
		inNamespace(t)
		return
	}
	loopbackUp(t)
	plain, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	via := startProxy(t, "", plain, secure)
	_, port, _ := net.SplitHostPort(plain.Host())
	const found, silent, servfail = dnsAnswer, dnsSilence, dnsServfail
	ns := startResolver(t, "127.0.0.1:53", map[string]map[uint16][]int{
		"found.test":   {dnsA: {found}, dnsAAAA: {found}},
		"late.test":    {dnsA: {silent, found}, dnsAAAA: {silent, found}},
		"failing.test": {dnsA: {servfail, found}, dnsAAAA: {servfail, found}},
		"broken.test":  {dnsA: {servfail}, dnsAAAA: {servfail}},
		"half.test":    {dnsA: {servfail, found}, dnsAAAA: {dnsLate}},
		"direct.test":  {dnsA: {found}, dnsAAAA: {found}},
	})
	for _, c := range []struct {
		host  string
		env   []string
		code  int
		text  string
		asked int // how often the resolver was
		proxy int // how often the proxy was
	}{
		{host: "found.test", code: 0, text: "done     1 placed", asked: 1},
		{host: "none.test", code: 3, text: "lookup none.test on 127.0.0.1:53: no such host", asked: 2},
		{host: "late.test", code: 0, text: "lookup late.test on 127.0.0.1:53: read udp ", asked: 2},
		{host: "failing.test", code: 0, text: "lookup failing.test on 127.0.0.1:53: server misbehaving; next try in ", asked: 2},
		{host: "broken.test", code: 3, text: "server misbehaving (tried 2 times)", asked: 2},
		{host: "half.test", code: 0, text: "; next try in ", asked: 3},
		{host: "direct.test", env: []string{"NO_PROXY=direct.test", "HTTP_PROXY=" + via.URL}, code: 0, text: "done     1 placed", asked: 1},
		{host: "direct.test", env: []string{"no_proxy=other.test,.test", "HTTP_PROXY=" + via.URL}, code: 0, text: "done     1 placed", asked: 2},
		{host: "direct.test", env: []string{"NO_PROXY=other.test", "HTTP_PROXY=" + via.URL}, code: 0, text: "done     1 placed", asked: 2, proxy: 1},
		{host: "direct.test", env: []string{"HTTP_PROXY=http://me:%zz@127.0.0.1:1"}, code: 2, text: "HTTP_PROXY", asked: 2},
	} {
		t.Run(c.host, func(t *testing.T) {
			plain.Script("/file", fetchtest.Body(pinnedBytes(0)))
			root := scratch(t, writeLockfile(t, "", "http://"+c.host+":"+port+"/file"))
			cmd := exec.CommandContext(t.Context(), "/depfetch", "-f", "/deps.lock.toml", "--root", "/out", "--retries", "1")
			cmd.Dir = "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
			finish(t, cmd, c.env).want(t, c.code, c.text)
			if n := ns.count(c.host); n != c.asked {
				t.Errorf("the resolver was asked %d times, want %d", n, c.asked)
			}
			if asked := via.requests(); len(asked) != c.proxy {
				t.Errorf("the proxy was asked %q", asked)
			}
			if c.code == 0 {
				wantPlaced(t, filepath.Join(root, "deps.lock.toml"))
			} else {
				wantNothing(t, filepath.Join(root, "deps.lock.toml"))
			}
		})
	}
	// A proxy that answers by certificates of its own, as BuildKit's proxy network does.
	root := scratch(t, writeLockfile(t, "", "https://"+originName+"/file"))
	cmd := exec.CommandContext(t.Context(), "/depfetch", "-f", "/deps.lock.toml", "--root", "/out")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	o := finish(t, cmd, []string{"HTTPS_PROXY=" + via.URL})
	o.want(t, 3, "trusted were the CA roots embedded in this program (the system has none) (by the proxy "+via.URL+")\n")
	o.want(t, 3, "depfetch: hint: BuildKit's proxy network adds its CA only to a bundle that the image has, and this one has none")
	wantNothing(t, filepath.Join(root, "deps.lock.toml"))
}

// inNamespace runs the test that calls it again, as root of new user, mount and
// network namespaces.
func inNamespace(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := buildRelease(t, runtime.GOARCH)
	cmd := exec.CommandContext(t.Context(), "unshare", "-rmn", self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), namespaceEnv+"="+bin)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("run by unshare, of util-linux, in namespaces of its own: %v\n%s", err, out)
	}
}

// scratch returns a directory that holds the program, a lockfile and a
// resolv.conf.
func scratch(t *testing.T, lockfile string) string {
	t.Helper()
	root := filepath.Dir(lockfile)
	program, err := os.ReadFile(os.Getenv(namespaceEnv))
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "depfetch"), program, 0o755)
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(root, "etc"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(root, "etc", "resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
	return root
}

// loopbackUp sets the loopback interface of a new network namespace up
// (netdevice(7)).
func loopbackUp(t *testing.T) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	ifreq := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(ifreq.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&ifreq))); errno != 0 {
		t.Fatal(fmt.Errorf("setting lo up: %w", errno))
	}
}
