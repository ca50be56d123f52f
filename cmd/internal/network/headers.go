package network

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/regular"
	"depfetch/fetch/source"
)

// headersSecret is where a secret with the id "headers.toml" is mounted.
const headersSecret = "/run/secrets/headers.toml"

// headersHint shows what the file looks like.
const headersHint = `write a table for each origin, as ["https://git.example.com"] and below it Private-Token = "…"`

// readHeaders reads the file of header fields, if there is one. A file that an option or
// the environment names must exist.
func readHeaders(c *console.Console, option string, getenv func(string) string) (*source.Headers, error) {
	var headers *source.Headers
	var bad error
	err := readSecret(c, "headers", option, getenv("DEPFETCH_HEADERS"), []string{headersSecret}, func(name string, data []byte) error {
		headers, bad = parseHeaders(name, data)
		return nil
	})
	if err == nil {
		err = bad
	}
	return headers, err
}

// parseHeaders reads the text of a file of header fields. Errors hold no values.
func parseHeaders(name string, data []byte) (*source.Headers, error) {
	headers := &source.Headers{}
	if err := addHeaders(headers, data); err != nil {
		return nil, &console.Error{Err: fmt.Errorf("headers %s: %w", name, err), Hint: headersHint, Code: exit.Failure}
	}
	return headers, nil
}

func addHeaders(headers *source.Headers, data []byte) error {
	var file map[string]any
	if err := toml.Unmarshal(data, &file); err != nil {
		// The parser's message may quote the file.
		var at toml.ParseError
		if errors.As(err, &at) {
			return fmt.Errorf("line %d: not TOML", at.Position.Line)
		}
		return errors.New("not TOML")
	}
	for _, origin := range slices.Sorted(maps.Keys(file)) {
		fields, ok := file[origin].(map[string]any)
		if !ok {
			return fmt.Errorf("%s: want a table", source.Redact(origin))
		}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			value, ok := fields[field].(string)
			if !ok {
				return fmt.Errorf("%s: %s: want a string", source.Redact(origin), field)
			}
			if err := headers.Add(origin, field, value); err != nil {
				return fmt.Errorf("%s: %w", source.Redact(origin), err)
			}
		}
	}
	return nil
}

// readSecret calls take with the first file of credentials that exists: the one that an
// option or the environment names, or else the first of the usual ones. A file that was
// named must be readable. It is no error if none was named and none of the usual ones
// exists; a usual one that cannot be read is ignored with a warning.
func readSecret(c *console.Console, kind, option, env string, usual []string, take func(name string, data []byte) error) error {
	asked := option
	if asked == "" {
		asked = env
	}
	if asked != "" {
		return readAsked(kind, asked, take)
	}
	for _, name := range usual {
		err := readAsked(kind, name, take)
		if err == nil {
			return nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			c.Warnf("%v; going on without it", err)
			var hinted *console.Error
			if errors.As(err, &hinted) && strings.HasPrefix(name, "/run/secrets/") {
				c.Hintf("%s", hinted.Hint)
			}
		}
	}
	return nil
}

func readAsked(kind, name string, take func(string, []byte) error) error {
	data, err := readFile(name)
	if err != nil {
		return secretError(kind, err)
	}
	return take(name, data)
}

// maxFile limits files of credentials and certificates, in bytes.
const maxFile = 16 << 20

// readFile reads a regular file, and does not wait for the writer of a FIFO. The open
// descriptor that <(…) of a shell names is read whatever it is.
func readFile(name string) ([]byte, error) {
	if name == os.DevNull {
		return nil, nil // the usual way to say that there is none
	}
	if !strings.HasPrefix(name, "/dev/fd/") {
		return regular.Read(name, maxFile)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

func secretError(kind string, err error) error {
	hint := ""
	if errors.Is(err, os.ErrPermission) {
		hint = "a secret belongs to root unless its mount says otherwise: RUN --mount=type=secret,id=…,uid=…"
	}
	return &console.Error{Err: fmt.Errorf("%s: %w", kind, err), Hint: hint, Code: exit.Failure}
}
