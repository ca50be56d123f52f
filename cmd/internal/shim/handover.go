package shim

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
)

// ours is a text that only programs which contain this package hold.
const ours = "depfetch/cmd/internal/shim"

// next returns the path and the content of the program that the shim replaces: the
// first of that name in PATH that is neither this file, under whatever name or mount,
// nor another program with this package. The name is empty if there is none.
func (p *Program) next() (name string, text []byte) {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		exe, _ := os.Executable()
		self, _ = os.Stat(exe)
	}
	for _, dir := range filepath.SplitList(cmp.Or(p.Getenv("PATH"), "/usr/local/bin:/usr/bin:/bin")) {
		name := filepath.Join(dir, p.Name)
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 || os.SameFile(info, self) {
			continue
		}
		if text, _ := os.ReadFile(name); !bytes.Contains(text, []byte(ours)) {
			return name, text
		}
	}
	return "", nil
}

// unpinned returns the last address of a job whose line in the lockfile says unpinned,
// or nil, and whether the job also requests other addresses.
func (r *runner) unpinned(job *cmdline.Job) (left *cmdline.Address, others bool) {
	for _, o := range job.Operations {
		for _, t := range o.Transfers {
			if a, err := address(t.URL, o); err == nil && r.pins.Unpinned != nil && r.pins.Unpinned(a.URL) {
				left = a
			} else {
				others = true
			}
		}
	}
	return left, others
}

// handOver runs the next program of that name in place of this one, with the same
// arguments and streams; read is what has been read of standard input. It returns
// only on an error.
func (r *runner) handOver(a *cmdline.Address, others bool, read []byte) error {
	shown := source.Redact(a.URL)
	if others {
		return &console.Error{
			Err:  cmdline.Bad("the call asks for ", shown, ", which the lockfile leaves unpinned, and for other URLs too"),
			Hint: "split it into one call for what is pinned and one for what is not", Code: exit.Refused,
		}
	}
	name, _ := r.next()
	err := cmdline.Bad(shown, " is unpinned, which leaves it to the image's own ", r.Name, ", and PATH holds none")
	if name != "" {
		if out, ok := r.Stdout.(*os.File); ok && closedOutput(out) {
			out.Close()
		}
		if len(read) > 0 {
			err = restore(r.Stdin, read)
		} else {
			err = nil
		}
		if err == nil {
			err = syscall.Exec(name, append([]string{r.Name}, r.Args...), os.Environ())
		}
		err = &os.PathError{Op: "exec", Path: name, Err: err}
	}
	return &cmdline.Error{Fault: onNext, Err: &console.Error{
		Err: err, Hint: "install " + r.Name + " in the image, or pin the URL: deplock sync --moving pin", Code: exit.Failure,
	}}
}

// restore makes what has been read of standard input, which is all of it, come
// again.
func restore(stdin io.Reader, read []byte) error {
	in, ok := stdin.(*os.File)
	if !ok {
		return os.ErrInvalid
	}
	if _, err := in.Seek(-int64(len(read)), io.SeekCurrent); err == nil {
		return nil
	}
	f, err := private(int64(len(read)))
	if err == nil {
		_, err = f.Write(read)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		err = replaceFile(in, f)
	}
	return err
}
