package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// ExampleClient_Fetch places a file that has the bytes it is pinned to. When the server
// then has other bytes, the error says so, and nothing is placed.
func ExampleClient_Fetch() {
	body := "version 1\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	root, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)

	client := &fetch.Client{Root: root, Source: source.New(source.Config{})}
	tool := fetch.Artifact{
		Name:   "tool",
		URL:    server.URL + "/tool",
		Digest: digest.Of([]byte("version 1\n")), // from a lockfile, else
		Size:   fetch.SizeUnknown,
		Path:   "usr/local/bin/tool",
		Mode:   0o755,
	}
	summary, err := client.Fetch(context.Background(), []fetch.Artifact{tool})
	fmt.Println(summary.Placed, "placed,", err)

	body = "version 2\n"
	other := tool
	other.Path = "usr/local/bin/other"
	_, err = client.Fetch(context.Background(), []fetch.Artifact{other})
	var mismatch *fetch.MismatchError
	fmt.Println("wrong bytes:", errors.As(err, &mismatch))

	names, err := filepath.Glob(filepath.Join(root, "usr/local/bin/*"))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		fmt.Println(filepath.Base(name), "is in place")
	}
	// Output:
	// 1 placed, <nil>
	// wrong bytes: true
	// tool is in place
}
