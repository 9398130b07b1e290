//go:build tools

// Package ecr_login names the command to build, so that go.sum holds all that it needs.
package ecr_login

import _ "github.com/awslabs/amazon-ecr-credential-helper/ecr-login/cli/docker-credential-ecr-login"
