package console

import (
	"io"
	"strconv"

	"depfetch/fetch/document"
)

// object builds a flat JSON object.
type object struct{ document.Object }

// int adds a number, also if it is zero.
func (o *object) int(name string, value int64) {
	o.Raw(name, strconv.FormatInt(value, 10))
}

// float adds a number unless it is zero.
func (o *object) float(name string, value float64) {
	if value != 0 {
		o.Raw(name, strconv.FormatFloat(value, 'f', -1, 64))
	}
}

// flag adds true unless value is false.
func (o *object) flag(name string, value bool) {
	if value {
		o.Raw(name, "true")
	}
}

// writeTo writes the object as a line.
func (o *object) writeTo(w io.Writer) error {
	_, err := w.Write(append(o.Object, "}\n"...))
	return err
}
