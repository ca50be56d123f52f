package advisory

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxRecord is the size of the largest entry of a database that is read, in bytes.
const maxRecord = 16 << 20

// Database is a copy of what OSV exports: ECOSYSTEM/all.zip in a directory, or one such
// zip. What affects a version is found as the OSV format says. An ecosystem of which it
// has nothing is not compared, nor is a version that the ecosystem's order does not know.
type Database struct{ Path string }

func (d Database) find(ctx context.Context, targets []target) ([]answer, error) {
	info, err := os.Stat(d.Path)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(targets))
	wanted := make(map[string][]int) // targets by their ecosystems
	for i, t := range targets {
		if t.commit != "" {
			answers[i].why = "not compared offline: commits have no order without their repository"
			continue
		}
		wanted[t.ecosystem.name] = append(wanted[t.ecosystem.name], i)
	}
	if !info.IsDir() {
		s := &search{targets: targets, answers: answers, wanted: wanted}
		if err := s.zip(ctx, d.Path); err != nil {
			return nil, err
		}
		return answers, nil
	}
	for name, some := range wanted {
		file := filepath.Join(d.Path, name, "all.zip")
		s := &search{targets: targets, answers: answers, wanted: map[string][]int{name: some}}
		err := s.zip(ctx, file)
		if errors.Is(err, fs.ErrNotExist) {
			s.missing(some, "there is no "+file)
		} else if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// search looks through entries for what affects targets.
type search struct {
	targets []target
	answers []answer
	wanted  map[string][]int // the targets to look for, by their ecosystems
	unseen  map[string]bool  // ecosystems that no entry has been about yet
	names   [][]byte         // of the packages, as JSON has them, folded
}

// missing says of targets that they have not been compared.
func (s *search) missing(some []int, why string) {
	for _, i := range some {
		s.answers[i] = answer{why: "not compared offline: " + why}
	}
}

// zip looks through a zip.
func (s *search) zip(ctx context.Context, name string) error {
	s.unseen = make(map[string]bool)
	for ecosystem, some := range s.wanted {
		s.unseen[ecosystem] = true
		for _, i := range some {
			for _, name := range s.targets[i].names() {
				text, err := json.Marshal(name)
				if err != nil {
					return err
				}
				if ecosystem == git { // an address, which records write in several ways
					text = []byte(path.Base(name))
				}
				s.names = append(s.names, folded(text))
			}
		}
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		var inside *fs.PathError
		if errors.As(err, &inside) {
			return err
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if path.Ext(f.Name) != ".json" {
			continue
		}
		if err := s.entry(f); err != nil {
			return fmt.Errorf("%s: %s: %w", name, f.Name, err)
		}
	}
	for ecosystem := range s.unseen {
		s.missing(s.wanted[ecosystem], fmt.Sprintf("%s has nothing about the ecosystem %s", name, ecosystem))
	}
	return nil
}

// entry looks at one entry. Most are about other packages, which the bytes tell faster
// than a decoder does.
func (s *search) entry(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err != nil {
		return err
	}
	if len(data) > maxRecord {
		return fmt.Errorf("it is longer than %d MiB", maxRecord>>20)
	}
	if len(s.unseen) == 0 && !s.mentions(data) {
		return nil
	}
	entry, err := parseRecord(data)
	if err != nil {
		return err
	}
	for _, a := range entry.Affected {
		ecosystem, _, _ := strings.Cut(a.Package.Ecosystem, ":")
		delete(s.unseen, ecosystem)
		if slices.ContainsFunc(a.Ranges, func(v versionRange) bool { return v.Type == git }) {
			delete(s.unseen, git)
		}
	}
	if entry.Withdrawn != "" {
		return nil
	}
	for _, some := range s.wanted {
		for _, i := range some {
			in, err := entry.includes(s.targets[i])
			switch {
			case err != nil:
				s.answers[i].why = fmt.Sprintf("not compared offline: %s: %v", entry.ID, err)
			case in:
				s.answers[i].records = append(s.answers[i].records, entry)
			}
		}
	}
	return nil
}

// mentions reports whether an entry may be about one of the targets: whether it has the
// name of one, or escapes in which there may be one.
func (s *search) mentions(data []byte) bool {
	if bytes.Contains(data, []byte(`\/`)) || bytes.Contains(data, []byte(`\u00`)) {
		return true
	}
	data = folded(data)
	return slices.ContainsFunc(s.names, func(name []byte) bool { return bytes.Contains(data, name) })
}

// folded returns text without that in which names of one package may differ: the case of
// letters, and on PyPI what stands for a hyphen.
func folded(text []byte) []byte {
	all := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '_' || c == '.':
			c = '-'
		}
		if c != '-' || len(all) == 0 || all[len(all)-1] != '-' {
			all = append(all, c)
		}
	}
	return all
}
