package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestComments holds that a doc comment stands above what it documents: one that
// begins with the name of a declaration of its package is the comment of that
// declaration, and a function or type has a comment that begins with its own name.
func TestComments(t *testing.T) {
	root := filepath.Join("..", "..")
	packages := make(map[string][]*ast.File)
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err == nil {
			key := filepath.Dir(path) + " " + file.Name.Name
			packages[key] = append(packages[key], file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range packages {
		declared := make(map[string]bool)
		for _, f := range files {
			for _, d := range f.Decls {
				for _, name := range declaredNames(d) {
					declared[name] = true
				}
			}
		}
		for _, f := range files {
			checkComments(t, set, f, declared)
		}
	}
}

// checkComments reports the comments of a file that are not above their declaration.
func checkComments(t *testing.T, set *token.FileSet, f *ast.File, declared map[string]bool) {
	documents := make(map[*ast.CommentGroup][]string) // the names that a comment may begin with
	strict := make(map[*ast.CommentGroup]bool)        // it has to begin with one of them
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			documents[d.Doc], strict[d.Doc] = declaredNames(d), true
		case *ast.GenDecl:
			documents[d.Doc] = declaredNames(d)
			strict[d.Doc] = d.Tok == token.TYPE && len(d.Specs) == 1
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					documents[s.Doc], strict[s.Doc] = []string{s.Name.Name}, true
				case *ast.ValueSpec:
					documents[s.Doc] = namesOf(s)
				}
			}
		}
	}
	for _, group := range f.Comments {
		if group == f.Doc || insideOf(f, group) {
			continue
		}
		text := group.Text()
		word := firstWord(text)
		names, isDoc := documents[group]
		for _, line := range sentenceStarts(text) {
			if other, _, _ := strings.Cut(line, " "); declared[other] && !slices.Contains(names, other) && isDoc {
				t.Errorf("%s: the comment of %s goes on with that of %s", set.Position(group.Pos()), names[0], other)
			}
		}
		switch {
		case slices.Contains(names, word) || word == "":
		case strict[group]:
			t.Errorf("%s: the comment of %s begins with %q", set.Position(group.Pos()), names[0], word)
		case declared[word] && isDoc:
			t.Errorf("%s: the comment of %s begins with %q, another declaration", set.Position(group.Pos()), names[0], word)
		case declared[word]:
			t.Errorf("%s: the comment of %s stands above nothing", set.Position(group.Pos()), word)
		}
	}
}

var wordPattern = regexp.MustCompile(`^(?:(?:A|An|The) )?(\w+)`)

// firstWord returns the first word of a comment, without an article.
func firstWord(text string) string {
	if m := wordPattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// sentenceStarts returns the lines, but for the first, that begin a sentence.
func sentenceStarts(text string) (starts []string) {
	lines := strings.Split(text, "\n")
	for i := 1; i < len(lines); i++ {
		if strings.HasSuffix(lines[i-1], ".") || lines[i-1] == "" {
			starts = append(starts, lines[i])
		}
	}
	return starts
}

// insideOf reports whether a comment is in a declaration, and not above one of its
// parts.
func insideOf(f *ast.File, group *ast.CommentGroup) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		if d.Pos() > group.Pos() || group.End() > d.End() {
			return false
		}
		g, ok := d.(*ast.GenDecl)
		return !ok || !slices.ContainsFunc(g.Specs, func(s ast.Spec) bool {
			switch s := s.(type) {
			case *ast.TypeSpec:
				return s.Doc == group
			case *ast.ValueSpec:
				return s.Doc == group
			}
			return false
		})
	})
}

// declaredNames returns the names that a declaration introduces.
func declaredNames(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return []string{d.Name.Name}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				names = append(names, namesOf(s)...)
			}
		}
	}
	return names
}

// namesOf returns the names of constants or variables.
func namesOf(s *ast.ValueSpec) (names []string) {
	for _, n := range s.Names {
		names = append(names, n.Name)
	}
	return names
}
