"""The parts that all components with a runner manager share: arguments, environment and digests."""
