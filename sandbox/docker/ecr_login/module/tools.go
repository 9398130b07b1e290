//go:build tools

// Package ecr_login imports the command to build, so that go.sum contains all of its dependencies.
package ecr_login

import _ "github.com/awslabs/amazon-ecr-credential-helper/ecr-login/cli/docker-credential-ecr-login"
