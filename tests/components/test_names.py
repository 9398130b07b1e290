"""The names of the resources of a stack, and their former names; and the outputs about them."""

import json
import re
from collections import defaultdict
from itertools import permutations
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import RunnerStack

from tests.components import everything as declared_in_aws
from tests.components.recording import PROJECT, STACK, Recording, run
from tests.spec.declaration import STACKS, declaration, stack_file

FORMER: list[str] = json.loads(Path(__file__).with_name("docker_stack_at_af27e12.json").read_text())
"""The URNs of the stack `docker` before the names of a stack's children started with that of the stack."""

Place = tuple[str, str, str]
"""The types of a resource's parent and of the resource, and its name. They identify a resource, except for
the types of parents further up, which no alias here changes."""


def places(recording: Recording) -> dict[Place, set[Place]]:
    """Each registered resource, with the places that its aliases give it.

    The engine resolves aliases in this way (pkg/resource/deploy/step_generator.go, generateAliases): an alias
    without a parent has the parent of the resource, and a parent's aliases apply to its children, where a
    name that starts with the parent's name starts with the parent's former name.
    """
    found: dict[Place, set[Place]] = {}
    by_urn_end: dict[tuple[str, str], Place] = {}
    for request in recording.requests:
        kind, name = request.type, request.name
        parent_kind, parent_name = _end(request.parent)
        parent = by_urn_end.get((parent_kind, parent_name))
        aliases: set[Place] = set()
        names = {name}
        for alias in request.aliases:
            assert not alias.urn
            above = _end(alias.spec.parentUrn)[0] if alias.spec.parentUrn else parent_kind
            aliases.add((above, alias.spec.type or kind, alias.spec.name or name))
            if not alias.spec.parentUrn:
                names.add(alias.spec.name or name)
        for _, above, former_parent in found.get(parent, ()) if parent else ():
            aliases |= {(above, kind, _renamed(each, parent_name, former_parent)) for each in names}
        place = (parent_kind, kind, name)
        assert place not in found, "two resources have one URN"
        found[place] = aliases
        by_urn_end[kind, name] = place
    return found


def _end(urn: str) -> tuple[str, str]:
    """The type and the name at the end of a URN."""
    types, _, name = urn.split("::", 2)[2].partition("::")
    return types.rpartition("$")[2], name


def _renamed(name: str, parent: str, former_parent: str) -> str:
    return former_parent + name.removeprefix(parent) if name.startswith(parent) else name


def place_of(urn: str) -> Place:
    """The place in a URN."""
    types, _, name = urn.split("::", 2)[2].partition("::")
    *_, parent, kind = types.split("$")
    return parent, kind, name


@pytest.fixture(scope="module")
def docker_stack() -> dict[Place, set[Place]]:
    (file,) = (each for each in STACKS if each.name == "Pulumi.docker.yaml")
    return places(run(lambda: RunnerStack("ci", stack_file(file)))[0])  # type: ignore[arg-type]


@pytest.mark.parametrize("urn", FORMER, ids=lambda urn: urn.rpartition("$")[2])
def test_every_former_resource_is_kept(urn: str, docker_stack: dict[Place, set[Place]]) -> None:
    assert urn.startswith(f"urn:pulumi:{STACK}::{PROJECT}::")
    former = place_of(urn)
    successors = [place for place, aliases in docker_stack.items() if former in {place, *aliases}]
    assert len(successors) == 1


def test_no_alias_is_the_place_of_another_resource(docker_stack: dict[Place, set[Place]]) -> None:
    for place, aliases in docker_stack.items():
        assert not aliases & docker_stack.keys() - {place}


def everything() -> dict[str, Any]:
    """A declaration with a resource of each kind that also has a name outside of Pulumi."""
    declared = declaration()
    declared["cache"] = {}
    declared["runners"]["burst"] = {
        "group": 42,
        "fleet": {"instance_types": ["c7i.large"], "max_instances": 2},
    }
    return declared


def two_stacks(**second: Any) -> Recording:
    def program() -> None:
        RunnerStack("ci", everything())  # type: ignore[arg-type]
        RunnerStack("blue", {**everything(), **second})  # type: ignore[typeddict-item]

    return run(program)[0]


@pytest.fixture(scope="module")
def both() -> Recording:
    return two_stacks()


def inputs(recording: Recording, kind: str, key: str) -> list[Any]:
    return [each.inputs[key] for (found, _), each in recording.registered.items() if found == kind]


def test_two_stacks_of_one_program_have_no_urn_in_common(both: Recording) -> None:
    registered = places(both)  # fails for two resources with one URN
    assert len(registered) == len(both.requests)
    for place, aliases in registered.items():
        assert not aliases & registered.keys() - {place}


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("aws:ssm/parameter:Parameter", "name"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "key"),
        ("aws:kms/alias:Alias", "name"),
    ],
)
def test_two_stacks_share_no_name_outside_of_pulumi(both: Recording, kind: str, key: str) -> None:
    names = inputs(both, kind, key)
    assert len(names) >= 2
    assert len(set(names)) == len(names)


def test_a_stack_named_ci_keeps_its_former_names_and_another_stack_has_a_prefix(
    both: Recording,
) -> None:
    names = inputs(both, "aws:ssm/parameter:Parameter", "name")
    assert {f"/{PROJECT}/{STACK}/build/tokens/build", f"/{PROJECT}/{STACK}/blue-build/tokens/build"} <= set(
        names
    )


def test_a_path_prefix_replaces_the_name_of_the_stack() -> None:
    names = inputs(two_stacks(path_prefix="green-"), "aws:ssm/parameter:Parameter", "name")
    assert f"/{PROJECT}/{STACK}/green-build/tokens/build" in names
    assert not any("/blue-" in each for each in names)


def test_the_outputs_show_which_variables_gitlab_masks() -> None:
    def program() -> Any:
        values = {"SHORT": "ab c", "LONG": "a-long-value"}
        variables = [
            {"group": 42, "key": key, "value": pulumi.Output.secret(each)} for key, each in values.items()
        ]
        return RunnerStack("ci", {"variables": variables}).variables  # type: ignore[typeddict-item]

    recording, outputs = run(program)
    masked = {
        each.inputs["key"]: each.inputs["masked"]
        for (kind, _), each in recording.registered.items()
        if kind == "gitlab:index/groupVariable:GroupVariable"
    }
    assert {each["key"]: each["masked"] for each in outputs} == masked == {"SHORT": False, "LONG": True}


def endings(declared: Any) -> dict[tuple[str, str], set[str]]:
    """The endings of the names of a component's resources, by the types of the component and the resource."""
    recording = run(lambda: RunnerStack("ci", declared))[0]
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for request in recording.requests:
        parent_kind, parent = _end(request.parent)
        if request.parent and request.name.startswith(parent):
            found[parent_kind, request.type].add(request.name.removeprefix(parent))
    return found


def test_names_with_an_ending_collide_only_where_a_declaration_is_refused() -> None:
    """`tests/spec` tests these refusals: two runners, or two of `hosted_auth`."""
    (docker,) = (each for each in STACKS if each.name == "Pulumi.docker.yaml")
    found = set()
    for declared in (declared_in_aws.declaration(), stack_file(docker)):
        for (parent, kind), names in endings(declared).items():
            for short, long in permutations(names, 2):
                appended = long.removesuffix(short)
                if long.endswith(short) and re.fullmatch("-[a-z0-9-]+", appended):
                    found.add((parent.rpartition(":")[2], kind.rpartition(":")[2], appended))
    assert found == {
        ("RunnerHost", "LifecycleHook", "-boot"),
        ("DockerRunnerHost", "Container", "-files"),
        ("HostedRunnerAuth", "Role", "-schedule"),
        ("HostedRunnerAuth", "RolePolicy", "-schedule"),
    }
