package curl

import (
	"os"
	"path/filepath"
	"strings"

	"depfetch/fetch/cmdline"
)

// Config returns the .curlrc that curl reads, or an empty name. The first of these
// that can be opened holds: .curlrc in $CURL_HOME, $XDG_CONFIG_HOME and $HOME, then
// curlrc in the .config of $CURL_HOME, or else of $HOME unless $XDG_CONFIG_HOME is
// set, then .curlrc in home, the user's by the list of users.
func Config(getenv func(string) string, home string) string {
	var names []string
	for _, home := range []string{"CURL_HOME", "XDG_CONFIG_HOME", "HOME"} {
		if dir := getenv(home); dir != "" {
			names = append(names, filepath.Join(dir, ".curlrc"))
		}
	}
	config := getenv("CURL_HOME")
	if config == "" && getenv("XDG_CONFIG_HOME") == "" {
		config = getenv("HOME")
	}
	if config != "" {
		names = append(names, filepath.Join(config, ".config", "curlrc"))
	}
	if home != "" {
		names = append(names, filepath.Join(home, ".curlrc"))
	}
	for _, name := range names {
		if f, err := os.Open(name); err == nil {
			info, err := f.Stat()
			f.Close()
			if err != nil || info.IsDir() {
				return ""
			}
			return name
		}
	}
	return ""
}

// isDate reports whether the value of --time-cond is a date and no file.
func isDate(value string) bool {
	value = strings.TrimLeft(value, "=+-")
	_, err := os.Stat(value)
	return err != nil && strings.ContainsAny(value, "0123456789") && !strings.ContainsAny(value, "./_\\")
}

// untold are the variables of --write-out that only a server's answer could tell.
const untold = " content_type certs num_certs header_json json num_headers size_header redirect_url remote_ip remote_port" +
	" local_ip local_port proxy_used http_connect size_request conn_id xfer_id "

// checkWriteOut refuses what a pinned fetch cannot print.
func checkWriteOut(format string) error {
	for rest := strings.ReplaceAll(format, "%%", ""); ; {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			return nil
		}
		rest = rest[at+1:]
		word, inner, braced := strings.Cut(rest, "{")
		if !braced || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
			continue
		}
		name, _, _ := strings.Cut(inner, "}")
		if word != "" || strings.HasPrefix(name, "url.") || strings.HasPrefix(name, "urle.") || strings.Contains(untold, " "+name+" ") {
			return cmdline.Refuse("--write-out %"+word+"{"+name+"}", "a server's answer is not pinned, but for its bytes")
		}
	}
}
