"""A runner that is renamed or moved, or has a fleet in place of its host, keeps its resources."""

import json
import tomllib
from typing import Any

import pytest
from pulumi_gitlab_runner import RunnerFleet, RunnerStack

from tests.components.recording import Recording, Registered, run
from tests.components.test_fleet_and_cache import fleet_args
from tests.components.test_names import places

FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}
PLACEMENTS = {"host": {}, "fleet": FLEET}

STACKS, FLEETS, HOSTS = (
    f"gitlab-runner:index:{name}" for name in ("RunnerStack", "RunnerFleet", "RunnerHost")
)

Resources = dict[tuple[str, str], Registered]


def record_stack(**runners: Any) -> Recording:
    recording = run(lambda: RunnerStack("ci", {"cache": {}, "runners": runners}).runners)[0]
    # The settings of the bucket of the cache have the same names as those of the bucket of the hosts.
    recording.requests = [each for each in recording.requests if "RunnerCache" not in each.parent]
    return recording


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_renamed_runner_keeps_its_resources(placement: str) -> None:
    declared = {"group": 42, placement: PLACEMENTS[placement]}
    before = record_stack(build=declared).registered
    after = record_stack(ci={**declared, "renamed_from": "build"}).registered
    parameter = "aws:ssm/parameter:Parameter"
    assert before.keys() - after.keys() == {(parameter, "ci-build-token-build")}
    assert after.keys() - before.keys() == {(parameter, "ci-build-token-ci")}
    changed = {name for kind, name in before.keys() & after.keys() if differ(before, after, kind, name)}
    assert changed == {"ci-build", "ci-build-files"}
    described = after["gitlab:index/userRunner:UserRunner", "ci-build"].inputs["description"]
    assert described == "ci"
    assert entry(before)["name"] == "build"
    renamed = {"name": "ci", "id": "@RUNNER_ID_ci@", "token": "@RUNNER_TOKEN_ci@"}
    assert entry(after) == entry(before) | renamed


def differ(before: Resources, after: Resources, kind: str, name: str) -> bool:
    """Whether a resource has other inputs, except the permission for the parameter of the new token."""
    if kind == "aws:iam/rolePolicy:RolePolicy":
        return False
    return before[kind, name].inputs != after[kind, name].inputs


def entry(registered: Resources) -> dict[str, Any]:
    """The one `[[runners]]` entry of the host `build`."""
    content = registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    (found,) = tomllib.loads(json.loads(content)["etc/gitlab-runner/config.toml"]["content"])["runners"]
    return dict(found)


def test_a_renamed_runner_keeps_its_description() -> None:
    declared = {"group": 42, "host": {}, "description": "Builds", "renamed_from": "build"}
    registered = record_stack(ci=declared).registered
    assert registered["gitlab:index/userRunner:UserRunner", "ci-build"].inputs["description"] == "Builds"


def test_a_runner_that_moves_to_another_host_stays_the_same_in_gitlab() -> None:
    build = {"group": 42, "host": {}}
    before = record_stack(build=build, second=build).registered
    after = record_stack(build=build, second={"group": 42, "host_of": "build"}).registered
    runner = ("gitlab:index/userRunner:UserRunner", "ci-second")
    assert after[runner].inputs == before[runner].inputs
    assert ("gitlab-runner:index:RunnerHost", "ci-second") in before.keys() - after.keys()


def aliases(recording: Recording) -> list[tuple[list[str], str]]:
    """The possible former parents of a manager's host: their types from the outside in, and their name."""
    (host,) = (
        each.request
        for (kind, _), each in recording.registered.items()
        if kind == "gitlab-runner:index:RunnerHost"
    )
    parts = [alias.spec.parentUrn.split("::") for alias in host.aliases if alias.spec.parentUrn]
    return [(types.split("$")[1:], name) for *_, types, name in parts]


def test_a_manager_keeps_its_host_with_and_without_a_fleet() -> None:
    stack, fleet = "gitlab-runner:index:RunnerStack", "gitlab-runner:index:RunnerFleet"
    assert aliases(record_stack(build={"group": 42, "fleet": FLEET})) == [([stack], "ci"), ([stack], "ci")]
    now_and_before = [([stack, fleet], "ci-build"), ([stack, fleet], "build")]
    assert aliases(record_stack(build={"group": 42, "host": {}})) == now_and_before


@pytest.mark.parametrize(("placement", "parent"), [("host", FLEETS), ("fleet", STACKS)])
def test_a_host_of_the_first_versions_gains_or_loses_a_fleet_in_one_step(placement: str, parent: str) -> None:
    """In these versions, neither its name nor the names of its resources start with that of the stack."""
    found = places(record_stack(build={"group": 42, placement: FLEET if placement == "fleet" else {}}))
    (host,) = (aliases for (_, kind, _), aliases in found.items() if kind == HOSTS)
    assert (parent, HOSTS, "build") in host
    files = "aws:s3/bucketObjectv2:BucketObjectv2"
    assert (HOSTS, files, "build-files") in found[HOSTS, files, "ci-build-files"]


def test_a_fleet_without_a_parent_replaces_a_host_without_a_parent() -> None:
    recording = run(lambda: RunnerFleet("burst", fleet_args()))[0]
    (alias,) = (
        each.request.aliases[0].spec
        for (kind, _), each in recording.registered.items()
        if kind == "gitlab-runner:index:RunnerHost"
    )
    assert alias.noParent
