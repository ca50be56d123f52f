// Package recording draws what a terminal has shown as a picture, in SVG, whose text is
// text.
//
// It guarantees that the same transcript makes the same picture, that the picture loads
// and runs nothing, and that all of it is there to read at once: nothing moves.
package recording

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The measures of a picture: characters in a line, and pixels.
const (
	columns    = 92
	textWidth  = 780 // of so many characters of a monospace font of 14 pixels
	lineHeight = 20
	margin     = 20
	bar        = 34 // above the text
)

// The colours, which the background makes readable on light and dark pages.
const style = `
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre; }
.command { fill: #ffffff; font-weight: bold; }
.comment { fill: #9aa7b8; font-style: italic; }
.good { fill: #7ee787; }
.bad { fill: #ff9a91; font-weight: bold; }
.hint { fill: #f2cc60; }
`

// SVG draws a transcript. A line that begins with "$ " is a command, and one with "# " a
// comment; the lines behind a command are what it prints.
func SVG(title, transcript string) []byte {
	var body bytes.Buffer
	y := bar + lineHeight
	for line := range strings.Lines(transcript) {
		line = strings.TrimRight(line, "\n")
		class := classOf(line)
		for _, part := range wrap(line) {
			fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", margin, y, classAttribute(class), escape(part))
			y += lineHeight
		}
	}
	width, height := textWidth+2*margin, y+margin-lineHeight/2
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title">
<title id="title">%[3]s</title>
<style>%[4]s</style>
<rect x="0.5" y="0.5" width="%[5]d" height="%[6]d" rx="8" fill="#10161f" stroke="#56606d"/>
<circle cx="20" cy="18" r="5" fill="#56606d"/><circle cx="38" cy="18" r="5" fill="#56606d"/><circle cx="56" cy="18" r="5" fill="#56606d"/>
`, width, height, escape(title), style, width-1, height-1)
	body.WriteTo(&out)
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// classOf returns the class of a line in the style.
func classOf(line string) string {
	switch {
	case strings.HasPrefix(line, "$ "):
		return "command"
	case strings.HasPrefix(line, "# "):
		return "comment"
	case strings.Contains(line, ": error: "), strings.HasPrefix(line, "ERROR: "):
		return "bad"
	case strings.Contains(line, ": hint: "):
		return "hint"
	case strings.HasPrefix(line, "locked "), line == "DONE":
		return "good"
	}
	return ""
}

func classAttribute(class string) string {
	if class == "" {
		return ""
	}
	return ` class="` + class + `"`
}

// wrap breaks a line as a terminal does.
func wrap(line string) []string {
	var parts []string
	for utf8.RuneCountInString(line) > columns {
		runes := []rune(line)
		parts = append(parts, string(runes[:columns]))
		line = string(runes[columns:])
	}
	return append(parts, line)
}

func escape(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
