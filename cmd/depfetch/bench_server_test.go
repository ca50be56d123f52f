//go:build bench

package main_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"depfetch/cmd/internal/bench"
)

// server is an nginx on loopback, and the ways to reach it.
type server struct {
	protocols []protocol

	cacert, cert, key string // files
}

// protocol is one port of the server.
type protocol struct {
	name   string
	origin string
	cacert string // the CA to trust, for https
	h2     bool   // HTTP/2 is offered
}

// nginxConf is the configuration, with a word in percent signs for each value
// that startServer fills in.
const nginxConf = `%user%
daemon off;
worker_processes 1;
pid %dir%/pid;
error_log %dir%/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  default_type application/octet-stream;
  client_body_temp_path %dir%/body;
  proxy_temp_path %dir%/proxy;
  fastcgi_temp_path %dir%/fastcgi;
  uwsgi_temp_path %dir%/uwsgi;
  scgi_temp_path %dir%/scgi;
  root %www%;
  ssl_certificate %dir%/cert.pem;
  ssl_certificate_key %dir%/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  server { listen 127.0.0.1:%http%; }
  server { listen 127.0.0.1:%https% ssl; }
  server { listen 127.0.0.1:%h2% ssl http2; }
}
`

// startServer starts nginx with one worker, which serves www until the test
// ends, and waits until it answers.
func startServer(ctx context.Context, t *testing.T, dir, www string) *server {
	t.Helper()
	dir = filepath.Join(dir, "nginx")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cacert := writeCertificates(t, dir)
	ports := freePorts(t, 3)
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the worker reads a directory of root's
	}
	conf := strings.NewReplacer(
		"%user%", user, "%dir%", dir, "%www%", www,
		"%http%", ports[0], "%https%", ports[1], "%h2%", ports[2],
	).Replace(nginxConf)
	confFile := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(confFile, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(bench.LookPath("nginx"), "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", confFile)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-exited
	})
	for _, port := range ports {
		if err := waitForPort(ctx, port); err != nil {
			t.Fatalf("nginx does not answer: %v\n%s", err, log.String())
		}
	}
	return &server{cacert: cacert, cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), protocols: []protocol{
		{name: "http", origin: "http://127.0.0.1:" + ports[0]},
		{name: "https", origin: "https://127.0.0.1:" + ports[1], cacert: cacert},
		{name: "https, h2", origin: "https://127.0.0.1:" + ports[2], cacert: cacert, h2: true},
	}}
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

func waitForPort(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// writeCertificates makes a CA and a certificate for 127.0.0.1, writes what
// nginx wants into dir, and returns the file with the CA.
func writeCertificates(t *testing.T, dir string) (cacert string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "depfetch benchmark CA"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "127.0.0.1"},
		NotBefore:    ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	must(err)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	write("key.pem", "PRIVATE KEY", keyDER)
	write("cert.pem", "CERTIFICATE", leafDER)
	return write("ca.pem", "CERTIFICATE", caDER)
}

// url is where the server has f.
func (p protocol) url(f servedFile) string {
	return p.origin + "/" + f.name
}
