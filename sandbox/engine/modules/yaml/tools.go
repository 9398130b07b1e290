//go:build tools

// Package yaml names the command to build, so that go.sum holds all that it needs.
package yaml

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
