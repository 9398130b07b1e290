//go:build tools

// Package engine names the command to build, so that go.sum holds all that it needs.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
