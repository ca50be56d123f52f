package sync

import (
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
)

// add adds an ADD of an address in a stage on one platform.
func (r *reader) add(s *dockerfile.Stage, a dockerfile.Add) {
	address, err := cmdline.Normalize(a.URL.Text, "", false)
	one := &Add{Instruction: a.Instruction, Checksum: a.Checksum}
	switch {
	case a.Git:
		one.Obstacle = Reason{a.At, "it takes a repository", "name its commit in the address"}
	case !a.URL.Known():
		one.Obstacle = Reason{a.At, "its address is not known: " + a.URL.Why, "give ARGs with --build-arg, or a default"}
	case err != nil:
		one.Obstacle = Reason{a.At, source.Redact(a.URL.Text) + ": " + err.Error(), "write the address as it is asked for"}
	case r.builtOnWindows(s):
		one.Obstacle = Reason{a.At, "it is built on Windows, whose docker build knows no --checksum", hintOnWindows}
	case a.Sources != 1 && !r.options.Each:
		one.Obstacle = Reason{a.At, "it has several sources, and --checksum is of one", "write an ADD for each address"}
	default:
		one.Request = &Request{Form: Form{URL: address.URL, Follow: true}, At: a.At, Moving: moves(address.URL)}
	}
	for _, o := range r.Adds {
		switch {
		case o.Instruction != a.Instruction:
		case o.Obstacle == one.Obstacle && o.url() == one.url():
			return
		case r.options.Each:
		case o.Obstacle == (Reason{}):
			o.Obstacle, o.Request = one.Obstacle, nil
			if one.Request != nil {
				o.Obstacle = Reason{a.At, "its address is another on each platform, and --checksum is one sum", "use curl in a RUN, or deplock add NAME with {arch} in the address"}
			}
			return
		default:
			return
		}
	}
	r.Adds = append(r.Adds, one)
}

// url returns the address, or "" if there is an Obstacle.
func (a *Add) url() string {
	if a.Request == nil {
		return ""
	}
	return a.Request.URL
}
