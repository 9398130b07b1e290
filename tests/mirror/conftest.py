"""The fixtures of the tests in this folder."""

from tests.registry.fixtures import only_loopback

__all__ = ["only_loopback"]
