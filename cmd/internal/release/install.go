package main

import (
	"bytes"
	_ "embed" // the two templates
	"os"
	"path/filepath"
	"text/template"

	"depfetch/fetch/digest"
)

// The installers, which have the sums of the archives in them.
var (
	//go:embed install.sh
	installScript string
	//go:embed formula.rb
	formula string
)

// writeInstallers writes the script that installs from the archives, and, where the address
// of the release is known, the formula of Homebrew.
func (r *release) writeInstallers() error {
	type archive struct{ OS, Arch, File, SHA256 string }
	of := struct {
		Version, URL, Source, License string
		Archives                      []archive
	}{r.version, r.url, r.source, license, nil}
	programs, err := r.programs("depfetch")
	if err != nil {
		return err
	}
	for _, p := range programs {
		if p.os == "windows" {
			continue
		}
		a := archive{OS: p.os, Arch: p.arch + p.variant, File: r.archive(p) + ".tar.gz"}
		body, err := os.ReadFile(filepath.Join(r.dir, a.File))
		if err != nil {
			return err
		}
		a.SHA256 = digest.Of(body).String()
		of.Archives = append(of.Archives, a)
	}
	write := func(name, text string, mode os.FileMode) error {
		t, err := template.New(name).Parse(text)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, of); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(r.dir, name), b.Bytes(), mode)
	}
	if err := write("install.sh", installScript, 0o755); err != nil || r.url == "" {
		return err
	}
	return write("depfetch.rb", formula, 0o644)
}
