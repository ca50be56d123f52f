package console

import (
	"io"
	"sync"

	"depfetch/cmd/internal/exit"
)

// Output is the standard output of a program. It remembers that something could not be
// written, which those who print line by line do not look at.
type Output struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (o *Output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// Finish returns code, with which a program would end, or exit.Failure if that is none
// though some of the output is lost, which it reports.
func (o *Output) Finish(c *Console, code int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || code != exit.OK {
		return code
	}
	c.Errorf("%v", o.err)
	return exit.Failure
}
