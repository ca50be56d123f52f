package edit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
)

// Entry is a key of a table with its value: a string, bool, int64 or
// time.Time in UTC, a []string, an []Entry or a [][]Entry.
type Entry struct {
	Key   string
	Value any
}

// ParseTable reads a TOML table of strings and of such tables, on one line and in braces.
func ParseTable(text string) ([]Entry, error) {
	var doc struct{ V map[string]any }
	meta, err := toml.Decode("V = "+text, &doc)
	bad := errors.New("want a table of TOML on one line, with nothing but strings in it, and tables of strings")
	if err != nil || doc.V == nil || strings.ContainsAny(text, "\r\n") {
		return nil, bad
	}
	var table []Entry
	for _, k := range meta.Keys() {
		if len(k) == 1 {
			continue
		}
		i := slices.IndexFunc(table, func(e Entry) bool { return e.Key == k[1] })
		if i < 0 {
			i, table = len(table), append(table, Entry{Key: k[1], Value: []Entry(nil)})
		}
		switch v := doc.V[k[1]].(type) {
		case string:
			table[i].Value = v
		case map[string]any:
			if len(k) == 2 {
				continue
			}
			s, ok := v[k[2]].(string)
			if !ok {
				return nil, bad
			}
			table[i].Value = append(table[i].Value.([]Entry), Entry{Key: k[2], Value: s})
		default:
			return nil, bad
		}
	}
	return table, nil
}

// Assignments returns entries as they stand in a table, with ", " between.
func Assignments(table []Entry) string {
	list := make([]string, len(table))
	for i, e := range table {
		list[i] = assignment(e)
	}
	return strings.Join(list, ", ")
}

// Text returns a table as TOML writes it on one line.
func Text(table []Entry) string { return text(table) }

// text returns a value as TOML writes it on one line.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return quote(v)
	case []string:
		list := make([]string, len(v))
		for i, s := range v {
			list[i] = quote(s)
		}
		return "[" + strings.Join(list, ", ") + "]"
	case time.Time:
		return v.Format(time.RFC3339)
	case []Entry:
		if len(v) == 0 {
			return "{}"
		}
		return "{ " + Assignments(v) + " }"
	case [][]Entry:
		list := make([]string, len(v))
		for i, table := range v {
			list[i] = text(table)
		}
		return "[" + strings.Join(list, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// assignment returns an entry as TOML writes it on one line.
func assignment(e Entry) string { return key(e.Key) + " = " + text(e.Value) }

// decoded returns what a value decodes to.
func decoded(value any) any {
	switch v := value.(type) {
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []Entry:
		table := make(map[string]any, len(v))
		for _, e := range v {
			table[e.Key] = decoded(e.Value)
		}
		return table
	case [][]Entry:
		list := make([]any, len(v))
		for i, table := range v {
			list[i] = decoded(table)
		}
		return list
	default:
		return v
	}
}

// key returns a key as TOML writes it: bare if it can be.
func key(name string) string {
	const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if name != "" && strings.Trim(name, bare) == "" {
		return name
	}
	return quote(name)
}

// quote returns a string as TOML writes it: between single quotes if that saves
// escapes.
func quote(s string) string {
	if strings.ContainsAny(s, `"\`) && isLiteral(s, "'") {
		return "'" + s + "'"
	}
	return `"` + escape(s) + `"`
}

// isLiteral reports whether s can stand between quotes of a literal string.
func isLiteral(s, quotes string) bool {
	return !strings.Contains(s, quotes) && !strings.HasSuffix(s, "'") && !strings.ContainsFunc(s, unicode.IsControl)
}

// escape returns s as it stands between double quotes.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// requote returns s as a string with the quotes of the value old, if it can
// stand between them.
func requote(old, s string) string {
	for _, quotes := range []string{"'''", `"""`} {
		content, ok := strings.CutPrefix(old, quotes)
		if !ok {
			continue
		}
		if strings.HasPrefix(content, "\n") {
			quotes += "\n"
		} else if strings.HasPrefix(content, "\r\n") {
			quotes += "\r\n"
		}
		if quotes[0] == '"' {
			return quotes + escape(s) + `"""`
		}
		if isLiteral(s, "'''") {
			return quotes + s + "'''"
		}
		return quote(s)
	}
	if strings.HasPrefix(old, "'") && isLiteral(s, "'") {
		return "'" + s + "'"
	}
	if strings.HasPrefix(old, `"`) {
		return `"` + escape(s) + `"`
	}
	return quote(s)
}

// retext returns value in the style of the text old of another value.
func retext(old string, value any) string {
	switch v := value.(type) {
	case string:
		return requote(old, v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return text(value)
}
