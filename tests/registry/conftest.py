"""The fixtures of the tests in this folder."""

from tests.registry.fixtures import only_loopback, registry

__all__ = ["only_loopback", "registry"]
