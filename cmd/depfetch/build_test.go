package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// sizeLimit is how large depfetch may be, in bytes: static and stripped, for
// linux/amd64. Teams keep it in their repositories and images.
const sizeLimit = 9_000_000

// modules are those that depfetch may link. Each stands in the files of whoever
// vendors it, so a new one needs a reason.
var modules = []string{
	"github.com/BurntSushi/toml",                // reads the lockfile
	"github.com/cyphar/filepath-securejoin",     // paths below --root
	"github.com/hashicorp/go-getter/v2",         // the interface of sources, and with it:
	"github.com/bgentry/go-netrc",               //
	"github.com/hashicorp/errwrap",              //
	"github.com/hashicorp/go-cleanhttp",         //
	"github.com/hashicorp/go-multierror",        //
	"github.com/hashicorp/go-safetemp",          //
	"github.com/hashicorp/go-version",           //
	"github.com/mitchellh/go-homedir",           //
	"github.com/mitchellh/go-testing-interface", //
	"github.com/ulikunitz/xz",                   //
	"github.com/klauspost/compress",             // gzip, zstd and the contents of zips, fast
	"github.com/mikelolasagasti/xz",             // xz, fast
	"github.com/schollz/progressbar/v3",         // the bar, and with it:
	"github.com/mitchellh/colorstring",          //
	"github.com/mattn/go-runewidth",             //
	"github.com/clipperhouse/uax29/v2",          //
	"github.com/spf13/pflag",                    // options
	"golang.org/x/sys",                          //
	"golang.org/x/term",                         // is there a terminal?
}

// buildRelease builds depfetch as releases are built, for an architecture of
// Linux.
func buildRelease(t *testing.T, arch string) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "depfetch")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestBinary(t *testing.T) {
	bin := buildRelease(t, "amd64")
	stat, err := os.Stat(bin)
	if err != nil {
		t.Fatal(err)
	}
	if stat.Size() > sizeLimit {
		t.Errorf("depfetch has %d bytes, more than %d", stat.Size(), sizeLimit)
	}
	info, err := buildinfo.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range info.Deps {
		if !slices.Contains(modules, dep.Path) {
			t.Errorf("depfetch links %s, which is not in the list of modules", dep.Path)
		}
	}
	for _, m := range modules {
		if !slices.ContainsFunc(info.Deps, func(d *debug.Module) bool { return d.Path == m }) {
			t.Errorf("depfetch does not link %s: take it from the list of modules", m)
		}
	}
}

// TestImports holds the floor plan: imports run from cmd through lock to fetch,
// and depfetch reaches nothing below lock.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "depfetch/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	rank := func(path string) int {
		for i, prefix := range []string{"depfetch/fetch/", "depfetch/fetch", "depfetch/lock", "depfetch/lock/", "depfetch/cmd/", "depfetch/examples"} {
			if path == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix) || i == 5 {
				return i
			}
		}
		return -1
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		if err := dec.Decode(&p); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || !strings.HasPrefix(p.ImportPath, "depfetch/") {
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "depfetch/") && rank(imp) > rank(p.ImportPath) {
				t.Errorf("%s imports %s, against the floor plan", p.ImportPath, imp)
			}
			if p.ImportPath == "depfetch/cmd/depfetch" && strings.HasPrefix(imp, "depfetch/lock/") {
				t.Errorf("depfetch imports %s: what changes a lockfile is not for the build", imp)
			}
		}
	}
}

// TestLibraries holds that packages below fetch and lock do not print, read the
// environment or exit, and that mains are short.
func TestLibraries(t *testing.T) {
	forbidden := map[string][]string{
		"fmt": {"Print", "Printf", "Println"},
		"os":  {"Exit", "Getenv", "LookupEnv", "Environ", "Stdout", "Stderr", "Stdin"},
		"log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Panic"},
	}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		if lines := set.File(file.FileEnd).LineCount(); e.Name() == "main.go" && strings.HasPrefix(rel, "cmd") && lines > 41 {
			t.Errorf("%s has %d lines, more than 40", rel, lines-1)
		}
		if !strings.HasPrefix(rel, "fetch") && !strings.HasPrefix(rel, "lock") {
			return nil
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(forbidden[pkg.Name], sel.Sel.Name) {
				t.Errorf("%s: a library uses %s.%s", set.Position(sel.Pos()), pkg.Name, sel.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
