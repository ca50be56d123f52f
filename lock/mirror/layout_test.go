package mirror

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch/cache"
)

// TestKeepTogether: programs that add images to one directory at the same time add all of
// them.
func TestKeepTogether(t *testing.T) {
	s := directory{&cache.Store{Root: t.TempDir()}}
	root := &part{media: types.OCIManifestSchema1, size: 1}
	images := make([]Image, 40)
	var add sync.WaitGroup
	for n := range images {
		images[n] = mustImage(t, fmt.Sprintf("h.example/i%d@sha256:%s", n, strings.Repeat("0", 64)))
		add.Go(func() {
			if err := s.keep(t.Context(), images[n], root); err != nil {
				t.Error(err)
			}
		})
	}
	add.Wait()
	for _, i := range images {
		if kept, err := s.kept(t.Context(), i); err != nil || !kept {
			t.Errorf("%s: kept %v, %v", i, kept, err)
		}
	}
}
