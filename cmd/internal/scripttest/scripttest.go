// Package scripttest runs the testscripts of the commands: their tests as users
// call them, against a web server that does what the script says. Besides
// testscript's own commands, and $SIGNATURES, a folder of files that real tools have
// signed, scripts have
//
//	answer URI STEP…   let the web server at $URL (its host and port are $HOST),
//	                   which is also at $TLS_URL for those who trust ca.pem,
//	                   answer with these steps, the last one from then on:
//	                   a file, a status, "cut:FILE" (truncated), "stall:FILE",
//	                   "page:FILE" (as a web page), "to:LOCATION" (redirect),
//	                   "moved:LOCATION" (a permanent one), "limit:SECONDS" (as
//	                   GitHub does), "busy:SECONDS" (429 and Retry-After),
//	                   "auth:FILE" (for user "me", password "secret"),
//	                   "token:FILE" (for those with the header Private-Token: secret)
//	requests URI N     fail unless it has been asked for URI N times
//	subst FILE…        replace ${VAR}, {sha256:FILE} and {size:FILE} in files
//	await URI N        wait until it has been asked for URI N times
//	mode FILE OCTAL    fail unless the file has this mode
//	files DIR FILE…    fail unless these are all files below a directory
//	archive FILE DIR   pack what is below a directory, as tar.gz or zip
//	members FILE NAME…  pack members that a directory need not be able to hold
//	image NAME         put an image of made-up bytes into the registry at $REGISTRY
//	page PAGE START    run the command of a page of this repository that begins so
package scripttest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"depfetch/fetch/fetchtest"
)

// Run runs the scripts of testdata/script that match a pattern. others are the
// programs below cmd, besides the one of the package under test, that they call.
func Run(t *testing.T, pattern string, others ...string) {
	bin := t.TempDir()
	for _, program := range others {
		build := exec.Command("go", "build", "-o", bin, "../"+program)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", program, err, out)
		}
	}
	scripts, err := filepath.Glob(filepath.Join("..", "..", "testdata", "script", pattern))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no script is called %s: %v", pattern, err)
	}
	signatures, err := filepath.Abs(filepath.Join("..", "..", "testdata", "signature"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:               scripts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			s, secure := fetchtest.New(t), fetchtest.NewTLS(t)
			oci := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
			t.Cleanup(oci.Close)
			e.Values[serverKey{}] = servers{s, secure}
			e.Setenv("PATH", e.Getenv("PATH")+string(filepath.ListSeparator)+bin)
			e.Setenv("URL", s.URL)
			e.Setenv("HOST", s.Host())
			e.Setenv("SIGNATURES", signatures)
			e.Setenv("REPOSITORY", root)
			e.Setenv("REGISTRY", strings.TrimPrefix(oci.URL, "http://"))
			e.Setenv("TLS_URL", secure.URL)
			e.Setenv("DEPLOCK_BASES", "usual") // tests ask no public registry
			return os.WriteFile(filepath.Join(e.WorkDir, "ca.pem"), secure.CA(), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answer":   answer,
			"archive":  archive,
			"members":  members,
			"requests": requests,
			"await":    await,
			"files":    files,
			"subst":    subst,
			"mode":     mode,
			"page":     page,
			"image":    image,
		},
	})
}

type serverKey struct{}

// servers are the http and the https server, which give the same answers.
type servers struct{ plain, secure *fetchtest.Server }

func (s servers) requests(uri string) int {
	return len(s.plain.Requests(uri)) + len(s.secure.Requests(uri))
}

func serversOf(ts *testscript.TestScript) servers { return ts.Value(serverKey{}).(servers) }

func answer(ts *testscript.TestScript, _ bool, args []string) {
	s := serversOf(ts).plain
	var steps []fetchtest.Step
	for _, arg := range args[1:] {
		kind, rest, found := strings.Cut(arg, ":")
		if code, err := strconv.Atoi(arg); err == nil {
			steps = append(steps, fetchtest.Status(code))
			continue
		}
		if !found {
			steps = append(steps, fetchtest.Body(ts.ReadFile(arg)))
			continue
		}
		switch kind {
		case "to":
			steps = append(steps, fetchtest.Redirect(302, rest))
			continue
		case "moved":
			steps = append(steps, fetchtest.Redirect(301, rest))
			continue
		case "busy":
			steps = append(steps, fetchtest.Status(429, "Retry-After", rest))
			continue
		case "limit":
			steps = append(steps, fetchtest.Status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", rest))
			continue
		}
		body := ts.ReadFile(rest)
		switch kind {
		case "cut":
			steps = append(steps, fetchtest.Truncated(body, len(body)/2))
		case "stall":
			steps = append(steps, s.Stalled(body, len(body)/2))
		case "page":
			steps = append(steps, fetchtest.Page(body))
		case "auth":
			steps = append(steps, fetchtest.BasicAuth("me", "secret", fetchtest.Body(body)))
		case "token":
			steps = append(steps, fetchtest.Token("Private-Token", "secret", fetchtest.Body(body)))
		default:
			ts.Fatalf("no step %q", arg)
		}
	}
	s.Script(args[0], steps...)
	serversOf(ts).secure.Script(args[0], steps...)
}

func requests(ts *testscript.TestScript, _ bool, args []string) {
	if got := serversOf(ts).requests(args[0]); strconv.Itoa(got) != args[1] {
		ts.Fatalf("%d requests for %s, want %s", got, args[0], args[1])
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range 1000 {
		if serversOf(ts).requests(args[0]) >= want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s was not asked for %d times", args[0], want)
}

func files(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	var got []string
	ts.Check(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	}))
	want := slices.Sorted(slices.Values(args[1:]))
	if slices.Sort(got); !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

var substitution = regexp.MustCompile(`\$\{\w+\}|\{(sha256|size):[^}]*\}`)

func subst(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := substitution.ReplaceAllStringFunc(ts.ReadFile(name), func(m string) string {
			inner := strings.Trim(m, "${}")
			if strings.HasPrefix(m, "$") {
				return ts.Getenv(inner)
			}
			kind, file, _ := strings.Cut(inner, ":")
			if kind == "size" {
				return strconv.Itoa(len(ts.ReadFile(file)))
			}
			return fmt.Sprintf("%x", sha256.Sum256([]byte(ts.ReadFile(file))))
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}
