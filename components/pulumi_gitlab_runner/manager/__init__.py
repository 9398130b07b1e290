"""The common parts of components with a runner manager: arguments, AWS environment and image digests."""
