package update

import (
	"archive/zip"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/lock"
)

func TestPlatforms(t *testing.T) {
	const head = "version = 1\n"
	const some = `platforms = ["linux/arm64", "linux/amd64"]` + "\n"
	const line = `{ url = "https://example.com/x", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }` + "\n"
	for _, tt := range []struct {
		name, text string
		want       []lock.Platform
	}{
		{"the same everywhere", head + some + `[deps.x]` + "\n" + `url = "https://example.com/x"`, []lock.Platform{lock.Any}},
		{"the default", head + `[deps.x]` + "\n" + `url = "https://example.com/{arch}"`, DefaultPlatforms},
		{"the file's", head + some + `[deps.x]` + "\n" + `url = "https://example.com/{arch}"`, []lock.Platform{"linux/arm64", "linux/amd64"}},
		{"its own", head + some + `[deps.x]` + "\n" + `platforms = ["linux/s390x"]` + "\n" + `url = "https://example.com/{arch}"`, []lock.Platform{"linux/s390x"}},
		{"its own, though the same", head + some + `[deps.x]` + "\n" + `platforms = ["linux/s390x"]` + "\n" + `url = "https://example.com/x"`, []lock.Platform{"linux/s390x"}},
		{"and those that are locked", head + some + `[deps.x]` + "\n" + `url = "https://example.com/x"` + "\n" + `locked."linux/386" = ` + line,
			[]lock.Platform{"linux/arm64", "linux/amd64", "linux/386"}},
		{"only a member differs", head + some + `[deps.x]` + "\n" + `url = "https://example.com/x"` + "\n" + `member = "{arch}/x"`,
			[]lock.Platform{"linux/arm64", "linux/amd64"}},
		{"locked for any, with platforms", head + `[deps.x]` + "\n" + `platforms = ["linux/386"]` + "\n" + `url = "https://example.com/x"` + "\n" + `locked.any = ` + line, []lock.Platform{lock.Any}},
		{"locked for any", head + some + `[deps.x]` + "\n" + `url = "https://example.com/x"` + "\n" + `locked.any = ` + line, []lock.Platform{lock.Any}},
	} {
		f, err := lock.Parse(tt.name, []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := Platforms(f, f.Deps[0]); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// blob puts bytes into a cache.
func blob(t *testing.T, store *cache.Store, write func(*os.File)) fetch.Digest {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "blob"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write(f)
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	d := fetch.Digest(sha256.Sum256(text))
	if err := store.Put(d, f); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCompareMembers(t *testing.T) {
	store := &cache.Store{Root: t.TempDir()}
	client := &Client{Fetch: &fetch.Client{Cache: store}}
	archive := func(members map[string]string) fetch.Digest {
		return blob(t, store, func(f *os.File) {
			z := zip.NewWriter(f)
			for _, name := range []string{"a", "b", "c"} {
				if body, ok := members[name]; ok {
					w, _ := z.Create(name)
					w.Write([]byte(body))
				}
			}
			z.Close()
		})
	}
	old := archive(map[string]string{"a": "same", "b": "1"})
	new := archive(map[string]string{"a": "same", "b": "2", "c": ""})
	want := []MemberChange{{"b", "changed"}, {"c", "added"}}
	if got := client.compareMembers(t.Context(), store, old, new); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	text := blob(t, store, func(f *os.File) { f.WriteString("no archive") })
	if got := client.compareMembers(t.Context(), store, old, text); got != nil {
		t.Errorf("with a text: %v", got)
	}
	if got := client.compareMembers(t.Context(), store, old, fetch.Digest{1}); got != nil {
		t.Errorf("with nothing: %v", got)
	}
}
