package catalogue

import (
	"path"
	"slices"
	"strings"

	"depfetch/fetch"
)

// tree is a tool that does not work without the rest of its archive.
type tree struct {
	command string   // which one shows where the tree begins, and where that is in it
	path    string   // where its own instructions or its own image put it
	include []string // what belongs there; nil is all
}

// trees are the tools that are unpacked whole, by the full names of their entries: the
// format says where a command lies in an archive, and not that it needs what is beside.
func trees() map[string]tree {
	return map[string]tree{
		"golang/go":                                {command: "bin/go", path: "/usr/local/go"},
		"tinygo-org/tinygo":                        {command: "bin/tinygo", path: "/usr/local/tinygo"},
		"ziglang/zig":                              {command: "zig", path: "/opt/zig"},
		"ziglang.org/zig":                          {command: "zig", path: "/opt/zig"},
		"nodejs/node":                              {command: "bin/node", path: "/usr/local", include: []string{"bin", "include", "lib", "share"}},
		"protocolbuffers/protobuf/protoc":          {command: "bin/protoc", path: "/usr/local", include: []string{"bin", "include"}},
		"Kitware/CMake":                            {command: "bin/cmake", path: "/usr/local", include: []string{"bin", "share"}},
		"apache/maven":                             {command: "bin/mvn", path: "/usr/share/maven"},
		"apache/maven-mvnd":                        {command: "bin/mvnd", path: "/opt/mvnd"},
		"apache/ant":                               {command: "bin/ant", path: "/opt/ant"},
		"apache/spark":                             {command: "bin/pyspark", path: "/opt/spark"},
		"gradle/gradle":                            {command: "bin/gradle", path: "/opt/gradle"},
		"gradle/gradle-distributions":              {command: "bin/gradle", path: "/opt/gradle"},
		"SonarSource/sonar-scanner-cli":            {command: "bin/sonar-scanner", path: "/opt/sonar-scanner"},
		"dependency-check/DependencyCheck":         {command: "bin/dependency-check.sh", path: "/opt/dependency-check"},
		"bats-core/bats-core":                      {command: "bin/bats", path: "/opt/bats"},
		"flutter/flutter":                          {command: "bin/flutter", path: "/opt/flutter"},
		"LuaLS/lua-language-server":                {command: "bin/lua-language-server", path: "/opt/lua-language-server"},
		"neovim/neovim":                            {command: "bin/nvim", path: "/opt/nvim"},
		"quarto-dev/quarto-cli":                    {command: "bin/quarto", path: "/opt/quarto"},
		"yarnpkg/yarn":                             {command: "bin/yarn", path: "/opt/yarn"},
		"twistedpair/google-cloud-sdk":             {command: "bin/gcloud", path: "/opt/google-cloud-sdk"},
		"theseus-rs/postgresql-binaries":           {command: "bin/psql", path: "/opt/postgresql"},
		"truffleruby/truffleruby/community-native": {command: "bin/ruby", path: "/opt/truffleruby"},
	}
}

// asTree makes m the whole tree of e if that is what e needs, and reports whether it
// is. Where the command lies at another depth than is known, or at several, it is not.
func (e *Entry) asTree(all []*rendering, m *Mapping) bool {
	t, ok := trees()[e.FullName()]
	if !ok {
		return false
	}
	strip := -1
	for _, r := range all {
		at := slices.IndexFunc(r.files, func(f renderedFile) bool {
			member := f.member.String()
			return f.member != nil && (member == t.command || strings.HasSuffix(member, "/"+t.command))
		})
		if at < 0 {
			return false
		}
		depth := strings.Count(r.files[at].member.String(), "/") - strings.Count(t.command, "/")
		if strip >= 0 && depth != strip {
			return false
		}
		strip = depth
	}
	m.Dep.Unpack = &fetch.Unpack{Strip: strip, Include: t.include}
	m.Dep.Path, m.Dep.Mode = t.path, ""
	m.Bin = path.Dir(t.command)
	return true
}
