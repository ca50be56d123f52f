package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/content"
)

// maxProgram is more than any program of this project has, in bytes.
const maxProgram = 64 << 20

// findProgram returns a program for a platform, as make dist names it, out of the folder
// that an option names, or else the one that deplock is in. On this machine's own
// platform, own in that folder serves too, or deplock itself if own is empty.
func findProgram(option, dir, name, own string, platform lock.Platform) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir = cmp.Or(dir, filepath.Dir(self))
	names := []string{filepath.Join(dir, name)}
	if own != "" {
		self = filepath.Join(dir, own)
	}
	if string(platform) == runtime.GOOS+"/"+runtime.GOARCH {
		names = append(names, self)
	}
	hint := "make dist makes it; " + option + " DIR says where it is"
	for _, name := range names {
		program, err := regular.Read(name, maxProgram)
		if err != nil {
			continue
		}
		if err := fits(program, platform); err != nil {
			return nil, console.Usagef(hint, "%s %w", name, err)
		}
		return program, nil
	}
	return nil, console.Usagef(hint, "no %s in %s", name, dir)
}

// fits says why a program does not run in every image of a platform.
func fits(program []byte, platform lock.Platform) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("is no program for %s: %w", platform, err)
	}
	if m := content.Machines(program[:min(len(program), content.HeadSize)]); !content.Fits(m, platform) {
		return fmt.Errorf("is a program for %s, not for %s", content.Join(m), platform)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("is linked dynamically, and does not run in every image")
	}
	return nil
}
