package unpack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"depfetch/fetch/digest"
	"depfetch/fetch/unpack"
)

// pack makes a tar of files.
func pack(files ...[2]string) *bytes.Reader {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o755, Size: int64(len(f[1]))}); err != nil {
			log.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

// ExampleMember takes one file out of an archive. The pattern may be a glob, but must
// match just one.
func ExampleMember() {
	archive := pack([2]string{"tool-1.2.3/README", "read me"}, [2]string{"tool-1.2.3/bin/tool", "a program"})
	var out bytes.Buffer
	entry, err := unpack.Member(context.Background(), archive, archive.Size(), "*/bin/tool", digest.SHA256{}, &out, unpack.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entry.Name, entry.Mode, out.String())
	// Output: tool-1.2.3/bin/tool -rwxr-xr-x a program
}

// ExampleTree unpacks all of an archive into an empty directory.
func ExampleTree() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer root.Close()

	archive := pack([2]string{"tool-1.2.3/bin/tool", "a program"})
	if err := unpack.Tree(context.Background(), archive, archive.Size(), root, unpack.Options{Strip: 1}); err != nil {
		log.Fatal(err)
	}
	text, err := root.ReadFile("bin/tool")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", text)
	// Output: a program
}

// ExampleScan tells what an archive holds without writing anything. It refuses what Tree
// would refuse.
func ExampleScan() {
	for _, name := range []string{"bin/tool", "../../etc/passwd"} {
		archive := pack([2]string{name, "text"})
		m, err := unpack.Scan(context.Background(), archive, archive.Size(), unpack.Options{})
		var refused *unpack.RefusedError
		if errors.As(err, &refused) {
			fmt.Println("refused:", refused.Name)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range m.Entries {
			fmt.Println(e.Name, "is", e.Type)
		}
	}
	// Output:
	// bin is a directory
	// bin/tool is a file
	// refused: ../../etc/passwd
}
