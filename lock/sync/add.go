package sync

import (
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
)

// add adds an ADD of an address on one platform.
func (r *reader) add(a dockerfile.Add) {
	var add *Add
	for _, o := range r.Adds {
		if o.Instruction == a.Instruction {
			add = o
		}
	}
	if add == nil {
		add = &Add{Instruction: a.Instruction, Checksum: a.Checksum}
		r.Adds = append(r.Adds, add)
	}
	no := func(what, hint string) { add.Request, add.Obstacle = nil, Reason{a.At, what, hint} }
	if add.Obstacle != (Reason{}) {
		return
	}
	address, err := cmdline.Normalize(a.URL.Text, "", false)
	switch {
	case a.Git:
		no("it takes a repository", "name its commit in the address")
	case !a.URL.Known():
		no("its address is not known: "+a.URL.Why, "give ARGs with --build-arg, or a default")
	case err != nil:
		no(source.Redact(a.URL.Text)+": "+err.Error(), "write the address as it is asked for")
	case a.Sources != 1:
		no("it has several sources, and --checksum is of one", "write an ADD for each address")
	case add.Request != nil && add.Request.URL != address.URL:
		no("its address is another on each platform, and --checksum is one sum", "use curl in a RUN, or deplock add NAME with {arch} in the address")
	case add.Request == nil:
		add.Request = &Request{Form: Form{URL: address.URL, Follow: true}, At: a.At, Moving: moves(address.URL)}
	}
}
