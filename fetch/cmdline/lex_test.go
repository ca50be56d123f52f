package cmdline_test

import (
	"fmt"
	"strings"
	"testing"

	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
)

// TestLex holds that what a value is made of can be found in the words again.
func TestLex(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"curl -fsSLo f u", "fail silent show-error location output=f[1:0] u[2:0]"},
		{"curl -of u --url=v -- -x", "output=f[0:2] u[1:0] url=v[2:6] -x[4:0]"},
		{"curl --insec --no-buffer u", "insecure !buffer u[2:0]"},
		{"curl --nope -fé u -o", "(unknown option --nope) fail (unknown option -\xc3) (unknown option -\xa9) u[2:0] (--output requires a value)"},
		{"curl - --fail=1", "(unknown option -) (--fail takes no value)"},
		{"curl --resolve a:1:b --connect-to c u", "resolve=a:1:b[1:0] connect-to=c[3:0] u[4:0]"},
		{"wget -nvnc u", "!no-verbose (unknown option -nn) !clobber u[1:0]"},
		{"wget -n v -qO- - u", "!no-verbose quiet output-document=-[2:3] -[3:0] u[4:0]"},
		{"wget --quiet=off --restrict-file-names=lowercase --backups 3", "!quiet restrict-file-names=lowercase[1:22] backups 3[3:0]"},
		{"wget --no-check --config f -n", "!check-certificate config=f[2:0] (-n requires a letter)"},
	} {
		words := strings.Fields(test.line)
		lex := curl.Lex
		if words[0] == "wget" {
			lex = wget.Lex
		}
		var got []string
		for a := range lex(words[1:]) {
			var s string
			switch {
			case a.Err != nil:
				s = "(" + a.Err.Error() + ")"
			case a.Option != nil && !a.On:
				s = "!" + a.Option.Long
			case a.Option != nil:
				s = a.Option.Long
			}
			if a.Value != "" && a.On {
				if words[1+a.Word][a.At:] != a.Value {
					t.Errorf("%s: %q is not at %d:%d", test.line, a.Value, a.Word, a.At)
				}
				s = strings.TrimPrefix(s+"="+a.Value, "=") + fmt.Sprintf("[%d:%d]", a.Word, a.At)
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, s, test.want)
		}
	}
}
