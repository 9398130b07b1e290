//go:build tools

// Package yaml imports the command to build, so that go.sum contains all of its dependencies.
package yaml

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
