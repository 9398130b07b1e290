//go:build tools

// Package engine imports the command to build, so that go.sum contains all of its dependencies.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
