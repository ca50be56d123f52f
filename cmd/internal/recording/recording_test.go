package recording

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw the pictures again")

const pictures = "../../../examples/pictures"

// TestPictures holds that the picture of each transcript is the one that it makes; what
// makes the transcripts is TestRecording of examples.
func TestPictures(t *testing.T) {
	for name, title := range map[string]string{
		"swapped": "A terminal: deplock sync locks a download, a build gets it, and the build of a swapped byte fails",
	} {
		transcript, err := os.ReadFile(filepath.Join(pictures, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		got := SVG(title, string(transcript))
		file := filepath.Join(pictures, name+".svg")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what %s.txt makes: make pictures (%v)", file, name, err)
		}
	}
}

// TestStatic holds that the pictures are well-formed, have a title, name no other file and
// hold no script.
func TestStatic(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pictures, "*.svg"))
	if err != nil || len(files) < 2 {
		t.Fatalf("pictures: %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(bytes.NewReader(data))
		var elements []string
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			elements = append(elements, e.Name.Local)
			for _, a := range e.Attr {
				if a.Name.Local == "href" || a.Name.Local == "src" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%s: %s has %s", file, e.Name.Local, a.Name.Local)
				}
			}
		}
		text := strings.Join(elements, " ")
		if !strings.HasPrefix(text, "svg title") || !strings.Contains(text, " text ") {
			t.Errorf("%s has no title, or no text: %s", file, text)
		}
		for _, no := range []string{"script", "image", "foreignObject", "use"} {
			if strings.Contains(" "+text+" ", " "+no+" ") {
				t.Errorf("%s has <%s>", file, no)
			}
		}
		if bytes.Contains(data, []byte("url(http")) || bytes.Contains(data, []byte("@import")) {
			t.Errorf("%s loads something", file)
		}
	}
}

// TestSVG holds that a transcript is text in the picture, wrapped as a terminal does, and
// in its order.
func TestSVG(t *testing.T) {
	svg := string(SVG("a <title>", "$ cat <file> & more\n"+strings.Repeat("é", columns)+"end\nx: error: no\n"))
	for _, want := range []string{
		"a &lt;title&gt;", `class="command">$ cat &lt;file&gt; &amp; more</text>`, strings.Repeat("é", columns) + "</text>", ">end</text>", `class="bad">x: error: no</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %s:\n%s", want, svg)
		}
	}
}
