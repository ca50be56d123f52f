package migrate

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

type element struct {
	stmt       *syntax.Stmt
	start, end int  // in the file
	semicolon  bool // what stands before it is a ; and not &&
	taken      bool
}

func elements(run dockerfile.Run) ([]*element, error) {
	file, err := script.Parse(run.Text)
	if err != nil {
		return nil, err
	}
	var all []*element
	var add func(s *syntax.Stmt, semicolon bool)
	add = func(s *syntax.Stmt, semicolon bool) {
		if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.AndStmt && !s.Negated && !s.Background && len(s.Redirs) == 0 {
			add(b.X, semicolon)
			add(b.Y, false)
			return
		}
		end := s.Pos().Offset()
		if s.Cmd != nil {
			end = s.Cmd.End().Offset()
		}
		for _, r := range s.Redirs {
			end = max(end, r.End().Offset())
		}
		all = append(all, &element{stmt: s, semicolon: semicolon, start: run.Locate(int(s.Pos().Offset())), end: run.Locate(int(end)-1) + 1})
	}
	for _, s := range file.Stmts {
		add(s, true)
	}
	return all, nil
}

var stepCommands = map[string]bool{
	"curl": true, "wget": true, "aria2c": true, "echo": true, "printf": true, "tar": true, "bsdtar": true, "unzip": true,
	"chmod": true, "mv": true, "install": true, "rm": true, "exit": true, "sudo": true,
	"sha256sum": true, "sha512sum": true, "sha384sum": true, "sha1sum": true, "md5sum": true, "shasum": true,
}

func isStep(s *syntax.Stmt, landed string) bool {
	if s.Negated || s.Background {
		return false
	}
	for _, r := range s.Redirs {
		errors := r.N != nil && r.N.Value == "2"
		if !errors && r.Op != syntax.DplOut && r.Op != syntax.WordHdoc && r.Word.Lit() != "/dev/null" && path.Base(r.Word.Lit()) != path.Base(landed) {
			return false
		}
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		ok := len(c.Args) > 0 && len(c.Assigns) == 0 && stepCommands[c.Args[0].Lit()]
		syntax.Walk(c, func(n syntax.Node) bool {
			if _, nested := n.(*syntax.CmdSubst); nested {
				ok = ok && onlyAsks(n)
			}
			return true
		})
		return ok
	case *syntax.BinaryCmd:
		switch c.Op {
		case syntax.Pipe:
			return isStep(c.X, landed) && isStep(c.Y, landed)
		case syntax.OrStmt:
			call, ok := c.Y.Cmd.(*syntax.CallExpr)
			return ok && len(call.Args) > 0 && call.Args[0].Lit() == "exit" && isStep(c.X, landed)
		}
	}
	return false
}

func onlyAsks(n syntax.Node) bool {
	ok := true
	syntax.Walk(n, func(n syntax.Node) bool {
		if c, is := n.(*syntax.CallExpr); is && len(c.Args) > 0 {
			switch c.Args[0].Lit() {
			case "uname", "arch", "dpkg", "apk", "rpm", "echo", "printf", "cut", "sed", "tr", "awk", "head", "basename", "dirname", "dpkg-architecture", "getconf":
			default:
				ok = false
			}
		}
		return true
	})
	return ok
}

func isIdle(s *syntax.Stmt) bool {
	idle := true
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				switch n.Args[0].Lit() {
				case "set", "true", ":", "export", "uname", "arch", "echo", "printf", "cut", "sed", "tr", "awk", "exit", "test", "[":
				case "dpkg", "apk":
					idle = idle && len(n.Args) == 2 && strings.HasPrefix(n.Args[1].Lit(), "--print-arch")
				default:
					idle = false
				}
			}
		case *syntax.Redirect:
			idle = idle && n.Op == syntax.DplOut
		}
		return true
	})
	return idle
}

func removes(s *syntax.Stmt) []string {
	var paths []string
	syntax.Walk(s, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			if name := c.Args[0].Lit(); name == "rm" || name == "mv" || name == "rmdir" {
				for _, a := range c.Args[1:] {
					if p := strings.TrimRight(a.Lit(), "/*"); strings.HasPrefix(p, "/") {
						paths = append(paths, path.Clean(p))
					}
				}
			}
		}
		return true
	})
	return paths
}

func below(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }
