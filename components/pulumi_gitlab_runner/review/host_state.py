"""The state of a runner host, read from its files."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_gitlab_runner.auth.registry_list import CredentialSource, read_registry_list
from pulumi_gitlab_runner.host.manager_config import ONLY_DIGESTS
from pulumi_gitlab_runner.review.preview import UNCHANGED, Inputs, Preview, Step
from pulumi_gitlab_runner.review.values import mapping, named_tables
from pulumi_gitlab_runner.spec.declared import NETWORK_PER_JOB

OF_THE_JOB = "by each job itself"
"""The authentication of GitLab's registry, for which a host has no credentials."""
_FILES = "/files.json"
HOSTS = {f"gitlab-runner:index:{each}" for each in ("DockerRunnerHost", "RunnerFleet", "RunnerHost")}
"""The types of the components that create hosts."""


@dataclass(frozen=True)
class HostState:
    """The part of a host's files that a review compares.

    Attributes:
        runners: the `[[runners]]` tables, by the name of the runner.
        sources: the sources of the credentials, by the host of the registry.
    """

    runners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, CredentialSource] = field(default_factory=dict)


NO_HOST = HostState()
"""The state of a host that does not exist."""


@dataclass(frozen=True)
class HostChange:
    """The change of a runner host.

    Attributes:
        step: the step that contains the host's files or its declaration.
        manager: the name of the manager.
        old: the state before; None if unknown.
        new: the state after; None if known only after the update.
    """

    step: Step
    manager: str
    old: HostState | None
    new: HostState | None

    def before(self, runner: str) -> Mapping[str, Any]:
        """The former table of a runner, also if the runner was renamed; empty for a new runner."""
        old = self.old or NO_HOST
        return old.runners.get(self.former(runner) or runner, {})

    def former(self, runner: str) -> str | None:
        """The former name of a renamed runner; None for any other runner."""
        if self.old is None or self.new is None or runner in self.old.runners:
            return None
        removed = [each for each in self.old.runners if each not in self.new.runners]
        table = _but_name(self.new.runners.get(runner, {}))
        return next((each for each in removed if _but_name(self.old.runners[each]) == table), None)


def host_changes(preview: Preview) -> Iterator[HostChange]:
    """The hosts of a preview, from their files, or else from the declaration of their component."""
    components = {
        (step.types, step.name): step
        for step in preview.steps
        if step.types[-1] in HOSTS and (step.before is not None or step.after is not None)
    }
    for step in preview.steps:
        manager = host_of(step)
        if manager is None:
            continue
        component = components.pop(_component(step), None) or components.pop(_component(step, 2), None)
        old, new = host_state(step.old), host_state(step.new)
        if component and (old is None or new is None) and _is_declared(component):
            old, new = _declared_state(component.before), _declared_state(component.after)
        yield HostChange(step, manager, old, new)
    for step in components.values():  # Docker hosts, whose files are not a resource
        if step.operation not in UNCHANGED and _is_declared(step):
            name = next(iter((step.after or step.before or {}).get("runners", {})), step.name)
            yield HostChange(step, str(name), _declared_state(step.before), _declared_state(step.after))


def _component(step: Step, levels: int = 1) -> tuple[tuple[str, ...], str]:
    """The types and the name of the component that is the parent of files, or its parent for `levels` 2."""
    return step.types[:-levels], step.name.removesuffix("-files")


def _is_declared(component: Step) -> bool:
    """Whether a component registers its declaration in each state in which it exists."""
    return (component.before is not None or component.operation == "create") and (
        component.after is not None or component.operation == "delete"
    )


def _declared_state(declared: Inputs | None) -> HostState:
    """The state of a host from its component's declaration; a registry without `host` has its name as key."""
    if declared is None:
        return NO_HOST
    registries, runners = named_tables(declared.get("registries")), named_tables(declared.get("runners"))
    return HostState(
        {name: {"name": name, **_declared_runner(each)} for name, each in runners.items()},
        {
            str(each.get("host", name)): CredentialSource("declared", (str(each.get("authenticates", "")),))
            for name, each in registries.items()
            if each.get("authenticates") != OF_THE_JOB
        },
    )


def _declared_runner(declared: Mapping[str, Any]) -> dict[str, Any]:
    docker = {"allowed_images": [ONLY_DIGESTS], "allowed_services": [ONLY_DIGESTS]}
    return {
        "docker": {
            **(docker if declared.get("require_digests") else {}),
            **mapping(declared.get("docker")),
        },
        "feature_flags": {NETWORK_PER_JOB: declared.get("network_per_job", True)},
    }


def _but_name(runner: Mapping[str, Any]) -> dict[str, Any]:
    """A runner's table without its name, and without the keys that GitLab assigns."""
    return {key: each for key, each in runner.items() if key not in ("name", "id", "token")}


def host_of(step: Step) -> str | None:
    """The manager whose host's files the resource of a step contains; None for any other resource."""
    key = step.new.get("key") or step.old.get("key")
    if step.type == "aws:s3/bucketObjectv2:BucketObjectv2" and isinstance(key, str) and key.endswith(_FILES):
        return key.removesuffix(_FILES)
    return None


def host_state(inputs: Inputs) -> HostState | None:
    """The state of a host from the inputs of its files; None if they are known only after the update."""
    if not inputs:
        return NO_HOST
    try:
        files = {path: file["content"] for path, file in json.loads(inputs["content"]).items()}
        config = tomllib.loads(files.get("etc/gitlab-runner/config.toml", ""))
        return HostState(
            runners={
                str(each["name"]): {**each, "docker": dict(each.get("docker", {}))}
                for each in config.get("runners", [])
            },
            sources=read_registry_list(files.get("etc/gitlab-runner/registries", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
