package cmdline_test

import (
	"testing"

	"depfetch/fetch/cmdline"
)

func TestNormalize(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"http://h/a", "http://h/a"},
		{"HTTPS://Example.COM/A?B=C", "https://example.com/A?B=C"},
		{"example.com", "http://example.com/"},
		{"example.com:8080/x", "http://example.com:8080/x"},
		{"https://h", "https://h/"},
		{"https://h?q", "https://h/?q"},
		{"https://h/a/../b/./c/%2E%2e/d/.", "https://h/b/d/"},
		{"https://h/../../a/..", "https://h/"},
		{"https://h/a//b", "https://h/a//b"},
		{"https://h/a?x=/../y", "https://h/a?x=/../y"},
		{"https://h/a#x", "https://h/a"},
		{"https://me:p%40ss@h/a", "https://h/a"},
		{"https://h:443/a%20b%2Fc", "https://h:443/a%20b%2Fc"},
		{"https://[FE80::1]/a", "https://[fe80::1]/a"},
		{"file:///etc/hosts", "file:///etc/hosts"},
		{"file://LocalHost/etc/hosts", "file:///etc/hosts"},
		{"FTP://h/a", "ftp://h/a"},
		{"http://h/?u=http://x", "http://h/?u=http://x"},
		{"h/?u=http://x", "http://h/?u=http://x"},
	} {
		a, err := cmdline.Normalize(test.in, "http", false)
		if err != nil || a.URL != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.in, a.URL, err, test.want)
		}
	}
	for _, bad := range []string{"", "http://", "https:///x", "http://h/a b", "http://h/\x01", "http://me@/x"} {
		if a, err := cmdline.Normalize(bad, "http", false); err == nil {
			t.Errorf("%q: got %q; want an error", bad, a.URL)
		}
	}
	if a, _ := cmdline.Normalize("http://h/a/../b", "", true); a.URL != "http://h/a/../b" {
		t.Errorf("as it is: %q", a.URL)
	}
	if a, _ := cmdline.Normalize("https://me:p%40s:s@h/", "", false); a.User != "me" || a.Password != "p@s:s" || !a.HasUser {
		t.Errorf("credentials: %+v", a)
	}
}
