"""What the tests of this folder share."""

from tests.registry.fixtures import only_loopback, registry

__all__ = ["only_loopback", "registry"]
