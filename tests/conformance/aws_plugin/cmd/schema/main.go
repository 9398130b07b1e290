// The schema of the plugin's package, and which part of the provider serves which type.
package main

import (
	plugin "gitlab-runner.test/conformance/aws-plugin"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
)

func main() {
	tfgen.MainWithMuxer(plugin.Package, plugin.Provider())
}
