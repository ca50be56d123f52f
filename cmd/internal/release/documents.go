package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"depfetch/cmd/internal/manual"
)

// about says in a few words what a program does, which its help says at length.
var about = map[string]string{
	"depfetch": "put the files that a lockfile pins in place",
	"deplock":  "keep the lockfile of depfetch",
}

// documents returns what belongs to both programs, and writes it to the directory: licences,
// manual pages and the completions of shells. It asks the programs, built for this machine.
func (r *release) documents(ctx context.Context) ([]file, error) {
	licence, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	bin, err := os.MkdirTemp("", "depfetch-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(bin)
	run := func(name string, args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, name, args...)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said.String())
		}
		return out, err
	}
	if _, err := run("go", "build", "-trimpath", "-o", bin+string(filepath.Separator), "./cmd/depfetch", "./cmd/deplock"); err != nil {
		return nil, err
	}
	others, err := licences(ctx)
	if err != nil {
		return nil, err
	}
	files := []file{{"LICENSE", 0o644, licence}, {"THIRD-PARTY-LICENSES", 0o644, others}}
	add := func(name string, body []byte) { files = append(files, file{name, 0o644, body}) }
	for _, name := range []string{"depfetch", "deplock"} {
		program := filepath.Join(bin, name)
		root, err := manual.Read(name, about[name], func(command ...string) (string, error) {
			out, err := run(program, append(command, "--help")...)
			return string(out), err
		})
		if err != nil {
			return nil, err
		}
		for _, p := range root.All() {
			var parent *manual.Page
			if p != root {
				parent = root
			}
			add("man/"+p.Name()+".1", p.Roff(r.version, r.time, parent))
		}
		scripts := map[string][]byte{"bash": root.Bash(), "zsh": root.Zsh(), "fish": root.Fish()}
		if name == "deplock" { // which completes what it knows
			for shell, asked := range map[string]string{"bash": "bash", "zsh": "zsh", "fish": "fish", "ps1": "powershell"} {
				if scripts[shell], err = run(program, "completion", asked); err != nil {
					return nil, err
				}
			}
		}
		for shell, script := range scripts {
			add("completions/"+name+"."+shell, script)
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	for _, f := range files {
		path := filepath.Join(r.dir, filepath.FromSlash(f.name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, f.body, f.mode)
		}
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
