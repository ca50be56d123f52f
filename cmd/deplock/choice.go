package main

import (
	"fmt"
	"strconv"
	"strings"

	"depfetch/fetch/printable"
)

// confirm asks a question on the terminal, to which Enter is yes. It reports false where
// there is none.
func (c *command) confirm(question string) bool {
	if !c.asks() {
		return false
	}
	fmt.Fprintf(c.stderr, "deplock: %s [Y/n] ", question)
	line, ok := c.answer()
	line = strings.ToLower(line)
	return ok && (line == "" || line == "y" || line == "yes")
}

// choose asks which of several is meant, on the terminal. It returns its index, or false
// where there is no terminal, or no answer. Enter is no answer: nothing is guessed.
func (c *command) choose(question string, options []string) (int, bool) {
	if !c.asks() {
		return 0, false
	}
	fmt.Fprintf(c.console.Stderr, "deplock: %s\n", question)
	for i, o := range options {
		fmt.Fprintf(c.console.Stderr, "  %d  %s\n", i+1, printable.String(o))
	}
	for range 3 {
		fmt.Fprintf(c.stderr, "deplock: a number from 1 to %d: ", len(options))
		line, ok := c.answer()
		if !ok || line == "" {
			return 0, false
		}
		if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(options) {
			return n - 1, true
		}
	}
	return 0, false
}

// asks reports whether there is somebody to ask.
func (c *command) asks() bool { return c.stdin != nil && c.columns != nil }

// answer reads a line from the terminal, and no more: another may be read later.
func (c *command) answer() (string, bool) {
	var line []byte
	for one := make([]byte, 1); ; {
		n, err := c.stdin.Read(one)
		if n == 1 && one[0] == '\n' {
			return strings.TrimSpace(string(line)), true
		}
		line = append(line, one[:n]...)
		if err != nil || len(line) > 1000 {
			return "", false
		}
	}
}
