package curl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/cmdline/curl"
)

// TestConfigFile makes the files that curl looks for from the last to the first:
// each hides the ones before it.
func TestConfigFile(t *testing.T) {
	dir := t.TempDir()
	set := map[string]string{"CURL_HOME": "c", "XDG_CONFIG_HOME": "x", "HOME": "h"}
	for _, test := range []struct{ vars, files string }{
		{"CURL_HOME XDG_CONFIG_HOME HOME", "p/.curlrc c/.config/curlrc h/.curlrc x/.curlrc c/.curlrc"},
		{"XDG_CONFIG_HOME HOME", "p/.curlrc h/.curlrc x/.curlrc"},
		{"HOME", "p/.curlrc h/.config/curlrc h/.curlrc"},
		{"", "p/.curlrc"},
	} {
		getenv := func(name string) string {
			if strings.Contains(" "+test.vars+" ", " "+name+" ") {
				return filepath.Join(dir, set[name])
			}
			return ""
		}
		if got := curl.Config(getenv, filepath.Join(dir, "p")); got != "" {
			t.Errorf("%s: got %s; want none", test.vars, got)
		}
		for _, name := range strings.Fields(test.files) {
			name = filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := curl.Config(getenv, filepath.Join(dir, "p")); got != name {
				t.Errorf("%s: got %s; want %s", test.vars, got, name)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}
