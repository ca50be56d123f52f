package source

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonText reads a JSON text (RFC 8259) from its beginning, strictly. After a fault it is
// at its end, and reads nothing more. It exists because encoding/json would take depfetch
// over its size, for two files with a few strings.
type jsonText struct {
	rest  string
	bad   bool
	depth int
}

// maxDepth limits how deep objects and arrays may be nested.
const maxDepth = 100

func (j *jsonText) fail() { j.bad, j.rest = true, "" }

func (j *jsonText) space() { j.rest = strings.TrimLeft(j.rest, " \t\r\n") }

// take skips white space and c, and reports whether c was there.
func (j *jsonText) take(c string) bool {
	j.space()
	rest, ok := strings.CutPrefix(j.rest, c)
	j.rest = rest
	return ok
}

// end reports whether the whole text has been read and was valid.
func (j *jsonText) end() bool {
	j.space()
	return !j.bad && j.rest == ""
}

// object reads an object. member reads the value of each key. A null within another value
// is like an empty object, as encoding/json has it for docker.
func (j *jsonText) object(member func(key string)) {
	if j.depth > 0 && j.take("null") {
		return
	}
	if !j.take("{") {
		j.fail()
		return
	}
	j.list("}", func() {
		key := j.quoted()
		if !j.take(":") {
			j.fail()
			return
		}
		member(key)
	})
}

// list reads elements up to what ends an object or array.
func (j *jsonText) list(closing string, element func()) {
	if j.depth++; j.depth > maxDepth {
		j.fail()
	}
	for first := true; !j.bad; first = false {
		if first && j.take(closing) {
			break
		}
		element()
		if j.take(closing) {
			break
		}
		if !j.take(",") {
			j.fail()
		}
	}
	j.depth--
}

// skip reads a value of any kind.
func (j *jsonText) skip() {
	j.space()
	switch {
	case strings.HasPrefix(j.rest, "{"):
		j.object(func(string) { j.skip() })
	case strings.HasPrefix(j.rest, "["):
		j.take("[")
		j.list("]", j.skip)
	case strings.HasPrefix(j.rest, `"`):
		j.quoted()
	default:
		// What a number or a word is does not matter to anybody.
		end := len(j.rest) - len(strings.TrimLeft(j.rest, "+-.0123456789Eaeflnrstu"))
		if j.rest = j.rest[end:]; end == 0 {
			j.fail()
		}
	}
}

// text reads a string, or null as an empty one.
func (j *jsonText) text() string {
	if j.take("null") {
		return ""
	}
	return j.quoted()
}

// quoted reads a string.
func (j *jsonText) quoted() string {
	if !j.take(`"`) {
		j.fail()
		return ""
	}
	var b strings.Builder
	for j.rest != "" {
		c := j.rest[0]
		j.rest = j.rest[1:]
		switch {
		case c == '"':
			return b.String()
		case c < ' ':
			j.fail()
			return ""
		case c == '\\':
			j.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	j.fail()
	return ""
}

// escape reads what follows a backslash.
func (j *jsonText) escape(b *strings.Builder) {
	if j.rest == "" {
		return
	}
	c := j.rest[0]
	j.rest = j.rest[1:]
	if c == 'u' {
		r := j.unit()
		if utf16.IsSurrogate(r) {
			rest, ok := strings.CutPrefix(j.rest, `\u`)
			j.rest = rest
			low := rune(utf8.RuneError)
			if ok {
				low = j.unit()
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				j.fail() // half a character cannot be part of a login
			}
		}
		b.WriteRune(r)
		return
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if i < 0 {
		j.fail()
		return
	}
	b.WriteByte("\"\\/\b\f\n\r\t"[i])
}

// unit reads the four hexadecimal digits of a UTF-16 code unit.
func (j *jsonText) unit() rune {
	if len(j.rest) < 4 || strings.Trim(j.rest[:4], "0123456789abcdefABCDEF") != "" {
		j.fail()
		return 0
	}
	n, _ := strconv.ParseUint(j.rest[:4], 16, 16)
	j.rest = j.rest[4:]
	return rune(n)
}
