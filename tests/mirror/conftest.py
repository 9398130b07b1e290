"""What the tests of this folder share."""

from tests.registry.fixtures import only_loopback

__all__ = ["only_loopback"]
