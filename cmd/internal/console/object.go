package console

import (
	"io"
	"strconv"

	"depfetch/fetch/printable"
)

// object builds a flat JSON object (RFC 8259). Package encoding/json
// would make depfetch larger by 168 kB.
type object struct{ text []byte }

func (o *object) key(name string) {
	if o.text == nil {
		o.text = append(o.text, '{')
	} else {
		o.text = append(o.text, ',')
	}
	o.text = append(printable.AppendJSON(o.text, name), ':')
}

// string adds a string unless it is empty.
func (o *object) string(name, value string) {
	if value != "" {
		o.key(name)
		o.text = printable.AppendJSON(o.text, value)
	}
}

// int adds a number, also if it is zero.
func (o *object) int(name string, value int64) {
	o.key(name)
	o.text = strconv.AppendInt(o.text, value, 10)
}

// float adds a number unless it is zero.
func (o *object) float(name string, value float64) {
	if value != 0 {
		o.key(name)
		o.text = strconv.AppendFloat(o.text, value, 'f', -1, 64)
	}
}

// flag adds true unless value is false.
func (o *object) flag(name string, value bool) {
	if value {
		o.key(name)
		o.text = append(o.text, "true"...)
	}
}

// writeTo writes the object as a line.
func (o *object) writeTo(w io.Writer) error {
	_, err := w.Write(append(o.text, "}\n"...))
	return err
}
