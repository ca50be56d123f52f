package assets

import (
	"fmt"
	"strings"
	"testing"
)

// TestLists holds which files are taken for lists of checksums, and in which order.
func TestLists(t *testing.T) {
	for _, tt := range []struct{ files, want string }{
		{"a b", "[]"},
		{"a b a.sha256 b.sha256", "[[a.sha256 b.sha256]]"},
		{"a b a.sha256", "[]"},
		{"a b checksums.txt", "[[checksums.txt checksums.txt]]"},
		{"a b t_1.0_SHA256SUMS t_1.0_SHA256SUMS.sig t_1.0_SHA256SUMS.72D7468F.sig", "[[t_1.0_SHA256SUMS t_1.0_SHA256SUMS]]"},
		{"a b checksums.txt.pem checksums.txt.sigstore.json checksums.txt.sha256", "[]"},
		{"a b sha512sum.txt sha256sum.txt", "[[sha256sum.txt sha256sum.txt] [sha512sum.txt sha512sum.txt]]"},
		{"a b t_checksums.json checksums.txt.json artifacts.json", "[[t_checksums.json t_checksums.json] [artifacts.json artifacts.json]]"},
		{"a b SHASUMS256.txt", "[[SHASUMS256.txt SHASUMS256.txt]]"},
		{"a b a.sha512 b.sha512 a.sha256 b.sha256 checksums.txt", "[[a.sha256 b.sha256] [a.sha512 b.sha512] [checksums.txt checksums.txt]]"},
		{"a b sha256.txt sha512.txt", "[[sha256.txt sha256.txt] [sha512.txt sha512.txt]]"},
	} {
		if got := fmt.Sprint(Lists(strings.Fields(tt.files), []string{"a", "b"})); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.files, got, tt.want)
		}
	}
}
