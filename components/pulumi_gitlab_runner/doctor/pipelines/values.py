"""Values of a pipeline's YAML, which may have other types than GitLab accepts."""

from collections.abc import Collection, Mapping
from typing import Any


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """The value if it is a list; none as an empty list, any other value as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def inner(value: object) -> Collection[Any]:
    """The values in a mapping or in a list; none in any other value."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def own_or_default(content: Mapping[str, Any], job: Mapping[str, Any], key: str) -> Any:
    """The value of a key in a job, else in `default:`, else the deprecated global one.

    Source: GitLab 18, lib/gitlab/config/entry/factory.rb: a key with the value nil counts as not specified,
    so it is inherited.
    """
    if job.get(key) is not None:
        return job[key]
    wanted = mapping(job.get("inherit")).get("default", True)
    if wanted is False or (isinstance(wanted, list) and key not in wanted):
        return None
    default = mapping(content.get("default")).get(key)
    return content.get(key) if default is None else default
