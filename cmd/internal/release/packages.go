package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The configuration of nfpm, as far as it is used; YAML has JSON in it.
type (
	packageConfig struct {
		Name        string           `json:"name"`
		Arch        string           `json:"arch"`
		Version     string           `json:"version"`
		Section     string           `json:"section"`
		Priority    string           `json:"priority"`
		Maintainer  string           `json:"maintainer"`
		Description string           `json:"description"`
		Homepage    string           `json:"homepage,omitempty"`
		License     string           `json:"license"`
		Contents    []packageContent `json:"contents"`
		RPM         packageRPM       `json:"rpm"`
	}
	packageContent struct {
		From     string          `json:"src"`
		To       string          `json:"dst"`
		Packager string          `json:"packager,omitempty"` // for whose packages alone
		Info     packageFileInfo `json:"file_info"`
	}
	packageFileInfo struct {
		Mode  fs.FileMode `json:"mode"`
		Owner string      `json:"owner"`
		Group string      `json:"group"`
	}
	packageRPM struct {
		BuildHost string `json:"buildhost"` // in the place of this machine's name
	}
)

// writePackages has nfpm write a .deb and an .rpm for each platform of Linux, of both
// programs and what belongs to them.
func (r *release) writePackages(ctx context.Context, nfpm string, more []file) error {
	programs, err := r.programs("depfetch")
	if err != nil {
		return err
	}
	configs, err := os.MkdirTemp("", "depfetch-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(configs)
	var jobs []func() error
	for _, p := range programs {
		if p.os != "linux" {
			continue
		}
		text, err := json.Marshal(r.packageConfig(p, more))
		if err != nil {
			return err
		}
		config := filepath.Join(configs, p.platform("-")+".yaml")
		if err := os.WriteFile(config, text, 0o600); err != nil {
			return err
		}
		for _, packager := range []string{"deb", "rpm"} {
			jobs = append(jobs, func() error {
				cmd := exec.CommandContext(ctx, nfpm, "package", "--config", config, "--packager", packager, "--target", filepath.Join(r.dir, r.archive(p)+"."+packager))
				cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.time.Unix(), 10))
				if out, err := cmd.CombinedOutput(); err != nil {
					return fmt.Errorf("nfpm, for %s of %s: %w\n%s", packager, p.platform("/"), err, out)
				}
				return nil
			})
		}
	}
	return concurrently(jobs)
}

func (r *release) packageConfig(p program, more []file) packageConfig {
	c := packageConfig{
		Name: "depfetch", Arch: p.arch + strings.TrimPrefix(p.variant, "v"), Version: r.version,
		Section: "utils", Priority: "optional", Maintainer: "The authors of depfetch", Homepage: r.source, License: license,
		Description: "Pinned and verified downloads for image builds\ndepfetch puts the files that a lockfile pins in place, and takes the place of curl\nand wget in builds; deplock keeps the lockfile.",
		RPM:         packageRPM{BuildHost: "localhost"},
	}
	add := func(from, to, packager string, mode fs.FileMode) {
		c.Contents = append(c.Contents, packageContent{filepath.Join(r.dir, from), to, packager, packageFileInfo{mode, "root", "root"}})
	}
	for _, name := range []string{"depfetch", "deplock"} {
		add(name+"-"+p.platform("-"), "/usr/bin/"+name, "", 0o755)
	}
	for _, f := range more {
		dir, base := path.Split(f.name)
		name, shell, _ := strings.Cut(base, ".")
		switch {
		case dir == "man/":
			add(f.name, "/usr/share/man/man1/"+base, "", f.mode)
		case f.name == "LICENSE":
			add(f.name, "/usr/share/doc/depfetch/copyright", "", f.mode)
		case f.name == "THIRD-PARTY-LICENSES":
			add(f.name, "/usr/share/doc/depfetch/"+f.name, "", f.mode)
		case shell == "bash":
			add(f.name, "/usr/share/bash-completion/completions/"+name, "", f.mode)
		case shell == "fish":
			add(f.name, "/usr/share/fish/vendor_completions.d/"+base, "", f.mode)
		case shell == "zsh":
			add(f.name, "/usr/share/zsh/vendor-completions/_"+name, "deb", f.mode)
			add(f.name, "/usr/share/zsh/site-functions/_"+name, "rpm", f.mode)
		}
	}
	return c
}
