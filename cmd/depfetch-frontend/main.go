// Command depfetch-frontend is a BuildKit frontend: the image behind the syntax line of a
// Dockerfile. It reads the build from its environment, as BuildKit gives it.
package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	"github.com/moby/buildkit/util/appcontext"
	_ "github.com/moby/buildkit/util/grpcutil/encoding/proto" // the messages of BuildKit

	"depfetch/lock/frontend"
)

func main() {
	if err := grpcclient.RunFromEnvironment(appcontext.Context(), frontend.Build); err != nil {
		fmt.Fprintf(os.Stderr, "depfetch-frontend: error: %v\n", err)
		os.Exit(1)
	}
}
