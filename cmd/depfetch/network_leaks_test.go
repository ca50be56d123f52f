package main

import (
	"net/url"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestSecretsQuoted is TestSecrets for what net/http and net/url quote in their
// errors.
func TestSecretsQuoted(t *testing.T) {
	plain, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	login := url.UserPassword("me", proxyPassword).String() + "@"
	refusing := "http://" + login + startEcho(t, "HTTP/1.1 407 AUTH\r\n\r\n")
	checkLeaks(t, plain, secure, []leak{
		{name: "length", step: echo("HTTP/1.1 200 OK\r\nContent-Length: AUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "two lengths", step: echo("HTTP/1.1 200 OK\r\nContent-Length: AUTH\r\nContent-Length: 1\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "transfer encoding", step: echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: AUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "reason of the proxy", proxy: refusing, tls: true, code: 3, said: "origin https://"},
		{name: "mirror without a scheme", args: []string{"--mirror", "me:" + linkToken + "@127.0.0.1/"}, code: 2, said: "not an https, http or file URL"},
	})
}

// TestProxyRefusal holds that a proxy's refusal is final by https as it is by
// http: the same login will not do at the next try either.
func TestProxyRefusal(t *testing.T) {
	plain, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	closed := startProxy(t, proxyLogin, plain, secure)
	for _, scheme := range []string{"http", "https"} {
		depfetch(t, proxied(t, scheme, secure), []string{"HTTP_PROXY=" + closed.URL, "HTTPS_PROXY=" + closed.URL},
			"--root", "out", "--retries", "1").want(t, 3, "Proxy Authentication Required (by the proxy "+closed.URL+")\n")
		if asked := closed.requests(); len(asked) != 1 {
			t.Errorf("%s: the proxy was asked %q", scheme, asked)
		}
	}
}

// TestProxyWrongBytes holds that wrong bytes name the proxy if it may have made them, and
// not if they came through a tunnel.
func TestProxyWrongBytes(t *testing.T) {
	plain, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	plain.Script("/file", fetchtest.Body("blocked"))
	secure.Script("/file", fetchtest.Body("blocked"))
	via := startProxy(t, proxyLogin, plain, secure)
	env := []string{"HTTP_PROXY=" + via.url(proxyLogin), "HTTPS_PROXY=" + via.url(proxyLogin)}
	depfetch(t, proxied(t, "http", secure), env, "--root", "out").want(t, 4, "from  "+originName+", HTTP 200 (by the proxy http://REDACTED@"+via.Listener.Addr().String()+")\n")
	depfetch(t, proxied(t, "https", secure), env, "--root", "out", "--cacert", "ca.pem").want(t, 4, "from  "+originName+", HTTP 200\n")
}
