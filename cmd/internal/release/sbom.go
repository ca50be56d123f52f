package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"

	"depfetch/fetch/digest"
	"depfetch/fetch/spdx"
	"depfetch/lock"
	"depfetch/lock/sbom"
)

// writeSBOMs writes an SPDX and a CycloneDX document for each program: its files, and the
// modules that each was built from as its build information says.
func (r *release) writeSBOMs(names []string) error {
	for _, name := range names {
		programs, err := r.programs(name)
		if err != nil {
			return err
		}
		var files []*sbom.Pinned
		for _, p := range programs {
			body, err := os.ReadFile(p.path)
			if err != nil {
				return err
			}
			info, err := buildinfo.ReadFile(p.path)
			if err != nil {
				return fmt.Errorf("%s: %w", p.path, err)
			}
			file := filepath.Base(p.path)
			files = append(files, &sbom.Pinned{
				Platform: lock.Platform(p.platform("/")),
				Modules:  sbom.Modules(info),
				Package: spdx.Package{
					Key: file, Name: name, Version: r.version, File: file, Location: "NOASSERTION", License: license,
					Digest: digest.Of(body), PURL: "pkg:generic/" + name + "@" + r.version, Purpose: "APPLICATION",
				},
			})
		}
		doc := sbom.Document{Tool: "depfetch-release", Version: r.version, Created: r.time}
		for suffix, write := range map[string]func([]*sbom.Pinned) ([]byte, error){".spdx.json": doc.SPDX, ".cdx.json": doc.CycloneDX} {
			text, err := write(files)
			if err == nil {
				err = os.WriteFile(filepath.Join(r.dir, name+"-"+r.version+suffix), text, 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
