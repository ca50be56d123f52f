package main

import "testing"

// TestRedactArgs: a command line is shown with its addresses and files, and without what
// may be secret, however it is written.
func TestRedactArgs(t *testing.T) {
	for _, test := range []struct {
		tool string
		args []string
		want string
	}{
		{"curl", []string{"-fsSL", "-o", "out.bin", "https://example.com/x?t=secret"}, "-fsSLo out.bin https://example.com/x?t=REDACTED"},
		{"curl", []string{"-sH", "A: secret", "-usecret:x", "--user", "secret", "-d", "https://secret", "-O", "--url", "https://example.com/x", "secret"},
			"-sH … -u … -u … -d … -O --url https://example.com/x …"},
		{"wget", []string{"-qOout.bin", "--header=secret", "--no-check-certificate", "https://example.com/x"},
			"-qO out.bin --header … --no-check-certificate https://example.com/x"},
	} {
		if got := redactArgs(test.tool, test.args); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
