package network

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/BurntSushi/toml"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/source"
)

// headersSecret is where a secret with the id "headers.toml" is mounted.
const headersSecret = "/run/secrets/headers.toml"

// headersHint shows what the file looks like.
const headersHint = `write a table for each origin, as ["https://git.example.com"] and below it Private-Token = "…"`

// readHeaders reads the file of header fields, if there is one. One that was asked
// for has to be there. Errors hold no values.
func readHeaders(name string, getenv func(string) string) (*source.Headers, error) {
	data, name, err := readSecret("headers", name, getenv("DEPFETCH_HEADERS"), headersSecret)
	if data == nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*source.Headers, error) {
		err := fmt.Errorf("headers %s: "+format, append([]any{name}, args...)...)
		return nil, &console.Error{Err: err, Hint: headersHint, Code: exit.Failure}
	}
	var file map[string]any
	if err := toml.Unmarshal(data, &file); err != nil {
		// What the parser says may quote the file.
		var at toml.ParseError
		if errors.As(err, &at) {
			return fail("line %d: not TOML", at.Position.Line)
		}
		return fail("not TOML")
	}
	headers := &source.Headers{}
	for _, origin := range slices.Sorted(maps.Keys(file)) {
		fields, ok := file[origin].(map[string]any)
		if !ok {
			return fail("%s: want a table", source.Redact(origin))
		}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			value, ok := fields[field].(string)
			if !ok {
				return fail("%s: %s: want a string", source.Redact(origin), field)
			}
			if err := headers.Add(origin, field, value); err != nil {
				return fail("%s: %w", source.Redact(origin), err)
			}
		}
	}
	return headers, nil
}

// readSecret reads the first file of credentials that there is: the one that was
// asked for, by an option or the environment, or else one of the usual ones. It
// returns nil if none was asked for and none is there.
func readSecret(kind, option, env string, usual ...string) (data []byte, name string, err error) {
	names := usual
	asked := option
	if asked == "" {
		asked = env
	}
	if asked != "" {
		names = []string{asked}
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		switch {
		case err == nil:
			return data, name, nil
		case errors.Is(err, os.ErrNotExist) && asked == "":
			continue
		}
		hint := ""
		if errors.Is(err, os.ErrPermission) {
			hint = "a secret belongs to root unless its mount says otherwise: RUN --mount=type=secret,id=…,uid=…"
		}
		return nil, name, &console.Error{Err: fmt.Errorf("%s: %w", kind, err), Hint: hint, Code: exit.Failure}
	}
	return nil, "", nil
}
