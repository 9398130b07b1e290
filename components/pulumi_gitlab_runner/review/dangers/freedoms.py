"""What a runner lets its jobs do that it did not let them do before."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.host.manager_config import ONLY_DIGESTS
from pulumi_gitlab_runner.review.dangers.danger import Phrase

_Table = Mapping[str, Any]
_SWITCHES: Mapping[tuple[str, object], str] = {
    ("privileged", True): "is privileged: every job is root on the host",
    ("services_privileged", True): "has privileged services: every job can become root on the host",
    ("network_mode", "host"): "lets its jobs share the host's network",
    ("pid_mode", "host"): "lets its jobs see the host's processes",
    ("ipcmode", "host"): "lets its jobs share the host's memory",
    ("userns_mode", "host"): "lets root in a job be root on the host",
}
_GAINS = {
    "cap_add": "gives its jobs a further capability",
    "devices": "gives its jobs a device of the host",
    "device_cgroup_rules": "gives its jobs devices of the host",
    "volumes_from": "gives its jobs the volumes of",
}
"""Lists that give more to jobs with every entry."""
_NO_NEW_PRIVILEGES = "no-new-privileges"
"""The security option that takes something from jobs; the others give."""
_LIMITS = {
    "allowed_images": "lets jobs run any image",
    "allowed_services": "lets jobs run any image as a service",
    "allowed_privileged_images": "makes jobs of any image privileged, and not some alone",
    "allowed_privileged_services": "makes services of any image privileged, and not some alone",
    "allowed_users": "lets jobs run as any user",
}
"""Lists that limit jobs as long as they hold anything, and less with every entry."""


def freedoms(old: _Table, new: _Table) -> Iterator[Phrase]:
    """What brings the jobs of a runner closer to the host or to each other, and did not before.

    Args:
        old: the `[[runners]]` table before; an empty one for a new runner.
        new: the table now.

    Source: docs.gitlab.com/runner/configuration/advanced-configuration and docs.gitlab.com/runner/security.
    """
    before, after = old.get("docker", {}), new.get("docker", {})
    yield from _of_containers(before, after)
    yield from _of_images(before, after)
    if _network_per_build(old) and not _network_per_build(new):
        yield "puts its jobs into one network, where they reach each other", ()
    if old and old.get("url") != new.get("url"):
        yield "takes its jobs from another GitLab:", (str(new.get("url")),)


def _of_containers(before: _Table, after: _Table) -> Iterator[Phrase]:
    for (key, value), what in _SWITCHES.items():
        if after.get(key) == value != before.get(key):
            yield what, ()
    for key, what in _GAINS.items():
        for each in _gained(before.get(key), after.get(key)):
            yield what, (each,)
    for each in _gained(before.get("volumes"), after.get("volumes")):
        if each.startswith("/") and ":" in each:
            yield "gives its jobs a folder of the host", (each,)
    for each in _gained(after.get("cap_drop"), before.get("cap_drop")):
        yield "leaves its jobs the capability", (each,)
    for key, whose in (("security_opt", "its jobs"), ("services_security_opt", "services")):
        for each in _gained(before.get(key), after.get(key)):
            if not each.startswith(_NO_NEW_PRIVILEGES):
                yield f"gives {whose} the security option", (each,)
        for each in _gained(after.get(key), before.get(key)):
            if each.startswith(_NO_NEW_PRIVILEGES):
                yield f"takes from {whose} the security option", (each,)


def _of_images(before: _Table, after: _Table) -> Iterator[Phrase]:
    for key, what in _LIMITS.items():
        yield from _limit_lifted(key, _texts(before.get(key)), _texts(after.get(key)), what)
    policies = [
        policy
        for key in ("pull_policy", "allowed_pull_policies")
        for policy in _gained(before.get(key), after.get(key))
    ]
    if set(policies) - {"always"}:
        yield "lets jobs use images that another job has pulled, without asking their registry", ()


def _limit_lifted(key: str, before: list[str], after: list[str], what: str) -> Iterator[Phrase]:
    if ONLY_DIGESTS in before and ONLY_DIGESTS not in after:
        yield f"runs {'services' if key == 'allowed_services' else 'images'} by tag, not by digest alone", ()
    elif before and not after:
        yield what, ()
    elif before and (gained := _gained([*before, ONLY_DIGESTS], after)):
        yield f"has more {key.replace('_', ' ')}:", tuple(gained)


def _network_per_build(runner: _Table) -> bool:
    flags = runner.get("feature_flags")
    return isinstance(flags, Mapping) and flags.get("FF_NETWORK_PER_BUILD") is True


def _gained(before: Any, after: Any) -> list[str]:
    had = _texts(before)
    return [each for each in _texts(after) if each not in had]


def _texts(value: Any) -> list[str]:
    """The texts of a list; none where a file that is not ours holds something else."""
    return [str(each) for each in value] if isinstance(value, list) else []
