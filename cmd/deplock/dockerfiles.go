package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/regular"
	"depfetch/lock/dockerfile"
	"depfetch/lock/pin"
)

// readDockerfile reads and parses a Dockerfile.
func readDockerfile(name string) (*dockerfile.File, error) {
	data, err := regular.Read(name, pin.MaxSize)
	if err != nil {
		return nil, console.Usagef("", "%w", err)
	}
	file, err := dockerfile.Parse(name, data)
	if err != nil {
		return nil, console.Usagef("", "%w", err)
	}
	return file, nil
}

// skipped are the directories that are not searched, and templates the ends of
// names that files have which become Dockerfiles by a program.
var (
	skipped   = map[string]bool{".git": true, "node_modules": true, ".hg": true, ".svn": true}
	templates = []string{".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".m4", ".mustache", ".md", ".txt", ".sh", ".py", ".go", ".yml", ".yaml", ".json", ".dockerignore"}
)

// dockerfiles returns the files that the arguments name, and the Dockerfiles and
// those of further names, if any, below the directories that they name.
func dockerfiles(paths []string, further func(name string) bool) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var names []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, console.Usagef("", "%w", err)
		}
		if !info.IsDir() {
			names = append(names, p)
			continue
		}
		found := len(names)
		err = filepath.WalkDir(p, func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && path != p && skipped[e.Name()]:
				return filepath.SkipDir
			case e.Type().IsRegular() && (isDockerfile(e.Name()) || further != nil && further(e.Name())):
				names = append(names, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(names) == found {
			return nil, console.Usagef("name the file, if it is called otherwise", "%w", noDockerfileError(p))
		}
	}
	return names, nil
}

// noDockerfileError is the directory in which no Dockerfile is.
type noDockerfileError string

func (e noDockerfileError) Error() string { return "no Dockerfile in " + string(e) }

// isDockerfile reports whether a file's name is that of a Dockerfile.
func isDockerfile(name string) bool {
	lower := strings.ToLower(name)
	for _, ext := range templates {
		if strings.HasSuffix(lower, ext) {
			return false
		}
	}
	for _, base := range []string{"dockerfile", "containerfile"} {
		rest, ok := strings.CutPrefix(lower, base)
		if ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0]))) || strings.HasSuffix(lower, "."+base) {
			return true
		}
	}
	return false
}
