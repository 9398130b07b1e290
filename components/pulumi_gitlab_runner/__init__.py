"""GitLab CI on AWS with private container registries, as Pulumi components.

`RunnerStack` makes everything of one declaration; each part of it is a component of its own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_gitlab_runner.api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import the components when one is asked for: the pure parts do without Pulumi, which takes a second."""
    if not name[0].isupper() and name != "declaration_from_config":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.api"), name)
