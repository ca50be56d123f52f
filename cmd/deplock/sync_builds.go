package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"

	"depfetch/fetch/regular"
)

// maxDeclared is more than any compose, bake or ignore file has, in bytes.
const maxDeclared = 4 << 20

// declared is a build that a compose or bake file describes.
type declared struct{ context, dockerfile, file string }

// declaredContext returns the build context that a compose or bake file, in the
// Dockerfile's folder or above within the repository, gives for a Dockerfile, if
// they agree on one, and the file that says so.
func (r *reader) declaredContext(name string) (context, file string, ok bool) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", "", false
	}
	var found []string
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		for _, d := range r.declarations(dir) {
			if strings.Contains(d.context, "://") || strings.HasPrefix(d.context, "git@") || strings.Contains(d.context, "$") {
				continue
			}
			context := filepath.Join(dir, d.context)
			built := cmp.Or(d.dockerfile, "Dockerfile")
			if !filepath.IsAbs(built) {
				built = filepath.Join(context, built)
			}
			if built == abs && !slices.Contains(found, context) {
				found, file = append(found, context), d.file
			}
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || dir == filepath.Dir(dir) || len(found) > 0 {
			break
		}
	}
	if len(found) != 1 {
		return "", "", false
	}
	if wd, err := os.Getwd(); err == nil && !filepath.IsAbs(name) {
		if rel, err := filepath.Rel(wd, found[0]); err == nil {
			return rel, file, true
		}
	}
	return found[0], file, true
}

// reader reads the folders around Dockerfiles, each once.
type reader struct{ folders map[string][]declared }

// declarations returns the builds that the compose and bake files of a folder
// describe. What cannot be read says nothing.
func (r *reader) declarations(dir string) []declared {
	all, ok := r.folders[dir]
	if !ok {
		all = declarations(dir)
		if r.folders == nil {
			r.folders = make(map[string][]declared)
		}
		r.folders[dir] = all
	}
	return all
}

func declarations(dir string) []declared {
	var all []declared
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	slices.Sort(names)
	matches := func(name string, patterns ...string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := filepath.Match(p, name); return ok })
	}
	for _, name := range names {
		switch path := filepath.Join(dir, name); {
		case matches(name, "compose*.y*ml", "docker-compose*.y*ml"):
			all = append(all, composeBuilds(path)...)
		case matches(name, "docker-bake*.json", "docker-bake*.hcl"):
			all = append(all, bakeBuilds(path)...)
		}
	}
	return all
}

// composeBuilds reads the builds of a compose file.
func composeBuilds(name string) []declared {
	data, err := regular.Read(name, maxDeclared)
	if err != nil {
		return nil
	}
	var file struct {
		Services map[string]struct{ Build yaml.Node }
	}
	if yaml.Unmarshal(data, &file) != nil {
		return nil
	}
	var all []declared
	for _, s := range file.Services {
		var short string
		var long struct{ Context, Dockerfile string }
		switch {
		case s.Build.Kind == yaml.ScalarNode && s.Build.Decode(&short) == nil:
			all = append(all, declared{short, "", name})
		case s.Build.Kind == yaml.MappingNode && s.Build.Decode(&long) == nil:
			all = append(all, declared{long.Context, long.Dockerfile, name})
		}
	}
	return all
}

// bakeFile and bakeTarget are what is read of a bake file.
var (
	bakeFile   = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "target", LabelNames: []string{"name"}}}}
	bakeTarget = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "context"}, {Name: "dockerfile"}}}
)

// bakeBuilds reads the targets of a bake file, as far as they are literal.
func bakeBuilds(name string) []declared {
	data, err := regular.Read(name, maxDeclared)
	if err != nil {
		return nil
	}
	parse := hclparse.NewParser().ParseHCL
	if strings.HasSuffix(name, ".json") {
		parse = hclparse.NewParser().ParseJSON
	}
	file, diags := parse(data, name)
	if diags.HasErrors() {
		return nil
	}
	var all []declared
	content, _, _ := file.Body.PartialContent(bakeFile)
	for _, block := range content.Blocks {
		target, _, _ := block.Body.PartialContent(bakeTarget)
		text := func(key string) string {
			attr, ok := target.Attributes[key]
			if !ok {
				return ""
			}
			v, diags := attr.Expr.Value(&hcl.EvalContext{})
			if diags.HasErrors() || v.Type() != cty.String {
				return "$" // it is made of variables
			}
			return v.AsString()
		}
		all = append(all, declared{text("context"), text("dockerfile"), name})
	}
	return all
}
