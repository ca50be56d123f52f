package scripttest

import (
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// image puts an image of made-up bytes into the registry at $REGISTRY.
func image(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(ts.Getenv("REGISTRY") + "/" + args[0])
	ts.Check(err)
	made, err := random.Image(64, 1)
	ts.Check(err)
	ts.Check(remote.Write(ref, made))
}
