// The Go module that the engine is built from where it can neither be found nor downloaded.
module engine

go 1.25.11

require github.com/pulumi/pulumi/pkg/v3 v3.258.0
