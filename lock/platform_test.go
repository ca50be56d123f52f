package lock

import "testing"

func TestNormalizePlatform(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"linux/amd64", "linux/amd64"},
		{"Linux/X86_64", "linux/amd64"},
		{"linux/x86-64", "linux/amd64"},
		{"linux/amd64/v1", "linux/amd64"},
		{"linux/amd64/v3", "linux/amd64/v3"},
		{"linux/aarch64", "linux/arm64"},
		{"linux/arm64/v8", "linux/arm64"},
		{"linux/arm64/8", "linux/arm64"},
		{"linux/arm64/v9.0", "linux/arm64/v9"},
		{"linux/arm", "linux/arm/v7"},
		{"linux/arm/7", "linux/arm/v7"},
		{"linux/arm/6", "linux/arm/v6"},
		{"linux/arm/v5", "linux/arm/v5"},
		{"linux/armhf", "linux/arm/v7"},
		{"linux/armel", "linux/arm/v6"},
		{"linux/i386", "linux/386"},
		{"linux/386", "linux/386"},
		{"macOS/arm64", "darwin/arm64"},
		{"windows(10.0.17763)/amd64", "windows/amd64"},
		{"linux/riscv64", "linux/riscv64"},
		{"linux", ""}, {"", ""}, {"any", ""}, {"linux/", ""}, {"/amd64", ""}, {"linux/arm/", ""},
		{"linux/arm/v7/x", ""}, {"linux/a b", ""}, {"linux/*", ""}, {"linux(/amd64", ""}, {"linux/ａmd64", ""},
	} {
		got, err := NormalizePlatform(tt.in)
		if got.String() != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("NormalizePlatform(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
		if tt.want == "" {
			continue
		}
		if p, err := ParsePlatform(tt.want); p != got || err != nil {
			t.Errorf("ParsePlatform(%q) = %q, %v", tt.want, p, err)
		}
		if _, err := ParsePlatform(tt.in); (err == nil) != (tt.in == tt.want) {
			t.Errorf("ParsePlatform(%q): %v", tt.in, err)
		}
	}
}

func TestUname(t *testing.T) {
	for _, tt := range []struct {
		platform Platform
		want     string
	}{
		{"linux/amd64", "x86_64"}, {"linux/amd64/v3", "x86_64"}, {"linux/386", "i686"},
		{"linux/arm64", "aarch64"}, {"linux/arm/v8", "armv8l"}, {"linux/arm/v7", "armv7l"},
		{"linux/arm/v6", "armv6l"}, {"linux/arm/v5", "armv5tel"}, {"linux/arm/v4", ""},
		{"linux/ppc64le", "ppc64le"}, {"linux/s390x", "s390x"}, {"linux/riscv64", "riscv64"},
		{"linux/mips64le", "mips64"}, {"linux/mipsle", "mips"}, {"linux/loong64", "loongarch64"},
		{"linux/z80", ""}, {"darwin/amd64", "x86_64"}, {"darwin/arm64", "arm64"},
		{"freebsd/amd64", "amd64"}, {"freebsd/arm64", "arm64"}, {"freebsd/386", "i386"},
		{"openbsd/amd64", "amd64"}, {"windows/amd64", ""},
	} {
		if got := tt.platform.Uname(); got != tt.want {
			t.Errorf("uname of %s = %q, want %q", tt.platform, got, tt.want)
		}
	}
}
