// The plugin.
package main

import (
	"context"

	plugin "gitlab-runner.test/conformance/aws-plugin"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
)

func main() {
	tfbridge.MainWithMuxer(context.Background(), plugin.Package, plugin.Provider(), plugin.Schema)
}
