"""What is dangerous in a preview."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi_gitlab_runner.review.host_state import NO_HOST, HostState, host_of, host_state
from pulumi_gitlab_runner.review.preview import SECRET, UNKNOWN, Preview, Step
from pulumi_gitlab_runner.review.rights import Gain, gains, statements_in

_NOT_KNOWN = "does not show before the update; look at it afterwards"


Phrase = tuple[str, tuple[str, ...]]
"""A few words, and the names that they are about."""


class DangerKind(StrEnum):
    """What kind of danger it is, in the order in which they are told."""

    REPLACEMENT = "Replaced"
    DELETION = "Deleted"
    RIGHTS = "Rights gained"
    REGISTRY = "Registries newly reachable"
    PRIVILEGE = "Jobs closer to the host"
    VARIABLE = "CI variables less protected"


@dataclass(frozen=True)
class Danger:
    """One thing that deserves a look before it happens. No part of it is ever a secret.

    Attributes:
        kind: what kind it is.
        of: the type of the resource.
        name: the resource's name.
        told: what happens: phrases of ours, each with the names that follow it, in the words of the stack.
    """

    kind: DangerKind
    of: str
    name: str
    told: tuple[Phrase, ...]


Found = Iterator[tuple[DangerKind, tuple[Phrase, ...]]]


def dangers(preview: Preview) -> list[Danger]:
    """The dangers of a preview, the kinds in the order of `DangerKind`."""
    found = [
        Danger(kind, step.type, step.name, told)
        for step in preview.changes
        if not step.is_component
        for look in _LOOKS
        for kind, told in look(step)
    ]
    order = list(DangerKind)
    return sorted(found, key=lambda danger: order.index(danger.kind))


def _replaced_or_deleted(step: Step) -> Found:
    if step.operation == "replace":
        because = (("because of", step.replaced_for),) if step.replaced_for else ()
        yield DangerKind.REPLACEMENT, (("is replaced by a new one", ()), *because)
    elif step.operation == "delete":
        yield DangerKind.DELETION, (("is deleted", ()),)


def _rights(step: Step) -> Found:
    if step.operation == "delete":
        return
    for key in sorted(step.old.keys() | step.new.keys()):
        old, new = statements_in(step.old.get(key)), statements_in(step.new.get(key))
        if _is_hidden(step.new.get(key)) and (old or _is_policy(step, key)):
            yield DangerKind.RIGHTS, ((f"what its {_word(key)} allows {_NOT_KNOWN}", ()),)
        for gain in gains(old, new):
            yield DangerKind.RIGHTS, _told(gain)
            yield from _images_gained(gain)
    if step.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
        yield DangerKind.RIGHTS, (("attaches the policy", (str(step.new.get("policyArn")),)),)
    if step.old.get("permissionsBoundary") and not step.new.get("permissionsBoundary"):
        yield DangerKind.RIGHTS, (("has no permissions boundary any more", ()),)


def _is_hidden(value: Any) -> bool:
    """Whether a value, or a part of it, does not show in the preview."""
    if isinstance(value, Mapping):
        return any(map(_is_hidden, value.values()))
    if isinstance(value, list):
        return any(map(_is_hidden, value))
    return value in (UNKNOWN, SECRET)


def _is_policy(step: Step, key: str) -> bool:
    """Whether a property holds policies of IAM by its name."""
    return key in {"assumeRolePolicy", "inlinePolicies", "policy"} and step.type != _LIFECYCLE_POLICY


def _word(key: str) -> str:
    return "trust policy" if key == "assumeRolePolicy" else "policy"


def _told(gain: Gain) -> tuple[Phrase, ...]:
    phrases = (
        ("does not deny any more:" if gain.denied_before else "allows", gain.actions),
        ("on", gain.resources),
        ("to", gain.principals),
        ("if", (gain.condition,) if gain.condition else ()),
    )
    return tuple(phrase for phrase in phrases if phrase[1])


def _images_gained(gain: Gain) -> Found:
    """The repositories of ECR that images can be pulled from now."""
    repositories = tuple(each for each in gain.resources if each == "*" or ":ecr:" in each)
    if repositories and any(action.lower() in _PULLS for action in gain.actions):
        yield DangerKind.REGISTRY, (("may pull from", repositories),)


_PULLS = {"ecr:batchgetimage", "ecr:batch*", "ecr:*", "*"}


def _host(step: Step) -> Found:
    if host_of(step) is None or step.operation == "delete":
        return
    old, new = host_state(step.old), host_state(step.new)
    if new is None:
        yield DangerKind.REGISTRY, ((f"which registries its host reaches {_NOT_KNOWN}", ()),)
        yield DangerKind.PRIVILEGE, ((f"what its host lets its jobs do {_NOT_KNOWN}", ()),)
        return
    old = old or NO_HOST
    if registries := new.registries - old.registries:
        yield DangerKind.REGISTRY, (("its host has credentials for", tuple(sorted(registries))),)
    for name in sorted(new.runners):
        for what, value in sorted(_freedoms(new, name) - _freedoms(old, name)):
            yield DangerKind.PRIVILEGE, (("the runner", (name,)), (what, (value,) if value else ()))


def _freedoms(host: HostState, runner: str) -> set[tuple[str, str]]:
    """What lets the jobs of a runner out of their containers, or closer to the host.

    Source: docs.gitlab.com/runner/configuration/advanced-configuration, the `[runners.docker]` section.
    """
    docker = host.runners.get(runner, {}).get("docker", {})
    lists = {
        "gives its jobs a further capability": _texts(docker.get("cap_add")),
        "gives its jobs a device of the host": _texts(docker.get("devices")),
        "gives its jobs a folder of the host": [
            each for each in _texts(docker.get("volumes")) if each.startswith("/") and ":" in each
        ],
    }
    switches = {
        "is privileged: every job is root on the host": docker.get("privileged") is True,
        "has privileged services: every job can become root on the host": docker.get("services_privileged")
        is True,
        "lets its jobs share the host's network": docker.get("network_mode") == "host",
        "lets its jobs see the host's processes": docker.get("pid_mode") == "host",
    }
    return {(what, "") for what, holds in switches.items() if holds} | {
        (what, each) for what, values in lists.items() for each in values
    }


def _texts(value: Any) -> list[str]:
    """The texts of a list; none where a file that is not ours holds something else."""
    return [str(each) for each in value] if isinstance(value, list) else []


def _variable(step: Step) -> Found:
    if step.type not in _VARIABLES or step.operation == "delete":
        return
    key = (str(step.new.get("key")),)
    for setting, what in (
        ("protected", "jobs of every branch are given it"),
        ("masked", "it shows in job logs"),
    ):
        if step.old.get(setting) is True and step.new.get(setting) is not True:
            yield DangerKind.VARIABLE, (("the variable", key), (f"is not {setting} any more: {what}", ()))


_LIFECYCLE_POLICY = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_VARIABLES = {
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
    "gitlab:index/projectVariable:ProjectVariable",
}
_LOOKS: tuple[Callable[[Step], Found], ...] = (_replaced_or_deleted, _rights, _host, _variable)
