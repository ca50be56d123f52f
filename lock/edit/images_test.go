package edit

import (
	"testing"

	"depfetch/fetch/digest"
	"depfetch/lock"
)

// TestImages holds that lines of images are set, added in their order and removed, and that
// comments stay.
func TestImages(t *testing.T) {
	const one, two = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a", "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb"
	const (
		a      = `"docker.io/library/a:1" = { digest = "sha256:` + one + `" }`
		b      = `"docker.io/library/b:1" = { digest = "sha256:` + two + `" }`
		signed = `"docker.io/library/b:1" = { digest = "sha256:` + two + `", by = "sigstore me us" }`
		c      = `"docker.io/library/c:1" = { digest = "sha256:` + one + `", by = "x" }`
	)
	d, err := digest.Parse(two)
	if err != nil {
		t.Fatal(err)
	}
	image := lock.Image{Name: "docker.io/library/b:1", Digest: d}
	by := image
	by.By = "sigstore me us"
	for name, test := range map[string]struct {
		before string
		set    []lock.Image
		remove []string
		want   string
	}{
		"new table":    {"version = 1\n", []lock.Image{image}, nil, "version = 1\n\n" + imagesComment + "[images]\n" + b + "\n"},
		"in order":     {"version = 1\n[images]\n" + a + " # a\n# c\n" + c + "\n", []lock.Image{by}, nil, "version = 1\n[images]\n" + a + " # a\n" + signed + "\n# c\n" + c + "\n"},
		"signed now":   {"version = 1\n[images]\n" + b + " # b\n", []lock.Image{by}, nil, "version = 1\n[images]\n" + signed + " # b\n"},
		"not any more": {"version = 1\n[images]\n" + signed + " # b\n", []lock.Image{image}, nil, "version = 1\n[images]\n" + b + " # b\n"},
		"same":         {"version = 1\n[images]\n" + signed + "\n", []lock.Image{by}, nil, "version = 1\n[images]\n" + signed + "\n"},
		"removed":      {"version = 1\n[images]\n# a\n" + a + "\n# b\n" + b + "\n", nil, []string{"docker.io/library/a:1", "docker.io/library/none:1"}, "version = 1\n[images]\n# b\n" + b + "\n"},
	} {
		d, err := Parse("x", []byte(test.before))
		if err != nil {
			t.Fatal(err)
		}
		if err = d.SetImages(test.set...); err == nil {
			err = d.RemoveImages(test.remove...)
		}
		if err != nil || string(d.Bytes()) != test.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, d.Bytes(), test.want)
		}
	}
}
