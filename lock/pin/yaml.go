package pin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"depfetch/lock/dockerfile"
)

// inYAML returns the images of a compose file or of Kubernetes manifests: the values of
// all keys named image, at any depth. Images that a compose file builds are left out.
func inYAML(file string, data []byte) ([]Reference, error) {
	y := yamlFile{name: file, ignored: dockerfile.LinesIgnoring(data, rule), lines: bytes.SplitAfter(data, []byte("\n"))}
	for _, l := range y.lines {
		y.starts = append(y.starts, y.size)
		y.size += len(l)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return y.refs, nil
		case err != nil:
			if m := atLine.FindStringSubmatch(err.Error()); m != nil {
				return nil, fmt.Errorf("%s:%s: %s", file, m[1], m[2])
			}
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		y.walk(&doc)
	}
}

// atLine matches an error of the YAML parser, which gives the line in its text alone.
var atLine = regexp.MustCompile(`(?s)^yaml: line (\d+): (.*)$`)

type yamlFile struct {
	ignored map[int]bool // lines
	name    string
	lines   [][]byte
	starts  []int
	size    int
	refs    []Reference
}

func (y *yamlFile) walk(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		builds := false
		for i := 0; i+1 < len(n.Content); i += 2 {
			builds = builds || n.Content[i].Value == "build"
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Value == "image" && value.Kind == yaml.ScalarNode && value.Tag == "!!str" && value.Value != "" && !builds {
				y.add(value)
			}
		}
	}
	for _, c := range n.Content {
		y.walk(c)
	}
}

func (y *yamlFile) add(n *yaml.Node) {
	r := Reference{File: y.name, Line: n.Line, Col: n.Column, Text: n.Value, Ignored: y.ignored[n.Line]}
	if strings.ContainsAny(n.Value, "${}") {
		r.Why = "it holds a variable"
	} else if r.start = y.offset(n); r.start < 0 {
		r.Why = "it is written in a way that is not edited"
	} else {
		r.end = r.start + len(n.Value)
	}
	y.refs = append(y.refs, r)
}

// offset returns the offset of the text of a scalar, or -1 if the file writes it in
// another way.
func (y *yamlFile) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(y.lines) {
		return -1
	}
	line := y.lines[n.Line-1]
	col := 0
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(line[min(col, len(line)):])
		col += size
	}
	if n.Style == yaml.DoubleQuotedStyle || n.Style == yaml.SingleQuotedStyle {
		col++
	}
	if col > len(line) || !bytes.HasPrefix(line[col:], []byte(n.Value)) {
		return -1
	}
	return y.starts[n.Line-1] + col
}
