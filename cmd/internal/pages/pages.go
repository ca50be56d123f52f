// Package pages reads the Markdown of this repository, for the tests that hold it true:
// which pages there are, what links to what, and which commands they tell people to run.
//
// It knows as much of Markdown as the pages use. A block of code begins with three
// backquotes and its language; sh is what a reader types, text is what a program says.
// A block of no language, and code that is indented in its place, are refused, since
// nobody could tell whether they are commands.
package pages

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A Page is a file of Markdown.
type Page struct {
	Text   string
	Blocks []Block
}

// A Block is a fenced block of code.
type Block struct {
	Language string
	Text     string
	Line     int // of its first line
}

// A Command is what one line of a block of sh runs, with the lines that it continues on.
type Command struct {
	Text  string // as it stands in the page, without the comment behind it
	Setup string // the export lines that stand above it in its block
	Line  int
}

// Read returns every page below root, by its slash-separated path from there, but for
// those of test data and of folders that are made by tools.
func Read(root string) (map[string]Page, error) {
	found := map[string]Page{}
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			switch base := e.Name(); {
			case name == root:
			case base == "testdata", base == "node_modules", base == "bin", base == "dist", base[0] == '.':
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		page, err := parse(string(text))
		if err != nil {
			return fmt.Errorf("%s:%w", rel, err)
		}
		found[rel] = page
		return nil
	})
	return found, err
}

// parse reads a page. Its errors begin with a line.
func parse(text string) (Page, error) {
	page := Page{Text: text}
	var open *Block
	blank, list := true, false
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimLeft(line, " "), "```")
		switch {
		case isFence && open == nil:
			if fence == "" {
				return page, fmt.Errorf("%d: a block of code without a language: sh for commands, text for what they print", i+1)
			}
			page.Blocks = append(page.Blocks, Block{Language: fence, Line: i + 2})
			open = &page.Blocks[len(page.Blocks)-1]
		case isFence:
			open = nil
		case open != nil:
			open.Text += line + "\n"
		case blank && !list && strings.HasPrefix(line, "    "):
			return page, fmt.Errorf("%d: indented code: put it between lines of ``` and its language", i+1)
		case line != "" && line[0] != ' ':
			list = regexp.MustCompile(`^([-*]|\d+\.) `).MatchString(line)
		}
		blank = line == ""
	}
	if open != nil {
		return page, fmt.Errorf("%d: a block of code that does not end", open.Line)
	}
	return page, nil
}

// comment is what stands behind a command for its readers.
var comment = regexp.MustCompile(`(^|\s)\s*#\s.*$`)

// Commands returns what the page tells its readers to run, without export lines.
func (p Page) Commands() []Command {
	var all []Command
	for _, b := range p.Blocks {
		if b.Language != "sh" {
			continue
		}
		var setup, text string
		for i, line := range strings.Split(strings.TrimSuffix(b.Text, "\n"), "\n") {
			text += strings.TrimRight(comment.ReplaceAllString(line, ""), " ")
			if continued, ok := strings.CutSuffix(text, "\\"); ok {
				text = continued + "\\\n"
				continue
			}
			switch {
			case strings.HasPrefix(text, "export "):
				setup += text + "\n"
			case text != "":
				all = append(all, Command{Text: text, Setup: setup, Line: b.Line + i - strings.Count(text, "\n")})
			}
			text = ""
		}
	}
	return all
}

// Anchors returns the names that GitHub gives the headings of the page.
func (p Page) Anchors() []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(p.Text, -1) {
		name := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		names = append(names, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return names
}

// Spans returns the code that stands within the lines of the page's text.
func (p Page) Spans() []string {
	text := regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(p.Text, "")
	var spans []string
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
		spans = append(spans, m[1])
	}
	return spans
}

// Find returns the command of the page that is these words, else those that begin with
// them.
func (p Page) Find(words string) []Command {
	var found []Command
	for _, c := range p.Commands() {
		if c.Text == words {
			return []Command{c}
		}
		if strings.HasPrefix(c.Text, words+" ") {
			found = append(found, c)
		}
	}
	return found
}
