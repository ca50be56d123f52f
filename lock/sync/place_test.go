package sync

import (
	"fmt"
	"strings"
	"testing"
)

// TestFoldersStops holds that a PATH is read no further than is needed to give it up:
// each of its folders is compared with those before.
func TestFoldersStops(t *testing.T) {
	var list strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&list, "/opt/t%d/bin:", i)
	}
	if got := len(folders(list.String(), "")); got != maxFolders+1 {
		t.Errorf("it has read %d folders", got)
	}
}
