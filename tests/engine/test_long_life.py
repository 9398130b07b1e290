"""A stack with many changes: no drift after each, the resources of a new stack, nothing left at the end.

The seed differs every day: `LONG_LIFE_SEED=N` repeats a run, `LONG_LIFE_CHANGES=20` makes 20 changes.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

from sandbox.environment import Sandbox
from tests.engine.project import Project, snapshot
from tests.fuzz.seeds import seed
from tests.spec.declaration import ENVIRONMENT

pytestmark = pytest.mark.engine

CHANGES = int(os.environ.get("LONG_LIFE_CHANGES", "2"))
STACK = "lived"
HOOK = "gitlab-runner-drain"
MARK = {"Name": f"tag:{STACK_TAG}", "Values": [f"gitlab-runner/{STACK}"]}
"""The filter for the resources of the stack."""
FIRST: dict[str, Any] = {
    "registries": {
        "own": {"ecr": {}, "repositories": {"life/first": {}}},
        "legacy": {
            "host": "registry.life.example",
            "static": {"username": "someone", "password": "first-password"},
        },
    },
    "runners": {
        "one": {"group": 42, "tags": ["one"], "registries": ["own", "legacy"], "host": {"concurrent": 2}}
    },
    "variables": [{"project": 8, "key": "LIFE_FIRST", "value": "first-value"}],
}
Declared = dict[str, Any]


class _NothingToDoError(Exception):
    """The change is not possible in this declaration."""


class RandomChanges:
    """The changes, each of which results in a valid declaration. Names are never reused."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0

    def change(self, declared: Declared) -> str:
        """Make one change to a declaration; return its description."""
        while True:
            change: Callable[[Declared], str] = getattr(self, self._random.choice(sorted(self._changes())))
            try:
                return f"{change.__name__}: {change(declared)}"
            except _NothingToDoError:
                continue

    @staticmethod
    def _changes() -> Iterator[str]:
        return (name for name in vars(RandomChanges) if not name.startswith("_") and name != "change")

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _one(self, among: Any) -> Any:
        found = list(among)
        if not found:
            raise _NothingToDoError
        return self._random.choice(found)

    def _guests(self, declared: Declared) -> list[str]:
        return [name for name, each in declared["runners"].items() if "host_of" in each]

    def add_runner(self, declared: Declared) -> str:
        name, host = self._new("runner"), next(n for n, e in declared["runners"].items() if "host" in e)
        declared["runners"][name] = {"group": 42, "tags": [name], "host_of": host}
        return name

    def remove_runner(self, declared: Declared) -> str:
        name = self._one(self._guests(declared))
        del declared["runners"][name]
        return str(name)

    def rename_runner(self, declared: Declared) -> str:
        name = self._one(declared["runners"])
        new = self._new("renamed")
        renamed = {}
        for each, runner in declared["runners"].items():
            if runner.get("host_of") == name:
                runner["host_of"] = new
            renamed[new if each == name else each] = runner
        renamed[new].setdefault("renamed_from", name)
        declared["runners"] = renamed
        return f"{name} to {new}"

    def move_runner(self, declared: Declared) -> str:
        name = self._one(declared["runners"])
        runner = declared["runners"][name]
        if runner.pop("group", None):
            runner["project"] = 7
        else:
            del runner["project"]
            runner["group"] = 42
        runner["generation"] = runner.get("generation", 1) + 1
        return str(name)

    def register_runner_again(self, declared: Declared) -> str:
        name = self._one(declared["runners"])
        runner = declared["runners"][name]
        runner["generation"] = runner.get("generation", 1) + 1
        return str(name)

    def tag_runner(self, declared: Declared) -> str:
        name = self._one(declared["runners"])
        declared["runners"][name]["tags"] = [name, self._new("tag")]
        return str(name)

    def move_guest_to_host_of_its_own(self, declared: Declared) -> str:
        name = self._one(self._guests(declared))
        if sum("host" in each for each in declared["runners"].values()) > 1:
            raise _NothingToDoError
        del declared["runners"][name]["host_of"]
        declared["runners"][name]["host"] = {"concurrent": 1}
        return str(name)

    def change_instance_type(self, declared: Declared) -> str:
        name = self._one(n for n, each in declared["runners"].items() if "host" in each)
        host = declared["runners"][name]["host"]
        host["instance_type"] = "c7i.large" if host.get("instance_type") != "c7i.large" else "m7i.large"
        return f"{name}: {host['instance_type']}"

    def add_repository(self, declared: Declared) -> str:
        name = f"life/{self._new('repository')}"
        declared["registries"]["own"]["repositories"][name] = {"keep_images": 7}
        return name

    def remove_repository(self, declared: Declared) -> str:
        repositories = declared["registries"]["own"]["repositories"]
        name = self._one(each for each in repositories if each != "life/first")
        del repositories[name]
        return str(name)

    def change_repository(self, declared: Declared) -> str:
        repositories = declared["registries"]["own"]["repositories"]
        name = self._one(repositories)
        repositories[name] = {"keep_images": self._random.randrange(1, 99)}
        return str(name)

    def rotate_password(self, declared: Declared) -> str:
        static = declared["registries"]["legacy"]["static"]
        if "password" not in static:
            raise _NothingToDoError
        static["password"] = self._new("password-")
        return ""

    def change_type_of_registry(self, declared: Declared) -> str:
        """From a fixed password to a secret of the user's own, and back."""
        static = declared["registries"]["legacy"]["static"]
        own = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:life/legacy-AbCdEf"
        to_own = "password" in static
        static.clear()
        static.update({"secret": own} if to_own else {"username": "someone", "password": self._new("pass-")})
        return "secret" if to_own else "password"

    def add_variable(self, declared: Declared) -> str:
        name = self._new("LIFE_")
        declared["variables"].append({"project": 8, "key": name, "value": f"value-of-{name}"})
        return name

    def remove_variable(self, declared: Declared) -> str:
        variable = self._one(declared["variables"])
        declared["variables"].remove(variable)
        return str(variable["key"])

    def rename_variable(self, declared: Declared) -> str:
        variable = self._one(declared["variables"])
        variable["key"] = self._new("LIFE_RENAMED_")
        return str(variable["key"])

    def move_variable(self, declared: Declared) -> str:
        variable = self._one(declared["variables"])
        if variable.pop("project", None):
            variable["group"] = 42
        else:
            del variable["group"]
            variable["project"] = 8
        return str(variable["key"])

    def change_variable(self, declared: Declared) -> str:
        variable = self._one(declared["variables"])
        variable["protected"] = not variable.get("protected", False)
        return str(variable["key"])


@contextmanager
def draining(project: Project) -> Iterator[None]:
    """Complete the lifecycle action of each terminating host, as a host without jobs does."""
    autoscaling, stopped = project.aws("autoscaling"), threading.Event()

    def hosts() -> None:
        while not stopped.wait(0.2):
            described = autoscaling.describe_auto_scaling_groups(Filters=[MARK])
            for group in described["AutoScalingGroups"]:
                for instance in group["Instances"]:
                    _end(autoscaling, group["AutoScalingGroupName"], instance)

    thread = threading.Thread(target=hosts)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _end(autoscaling: Any, group: str, instance: Any) -> None:
    if instance["LifecycleState"] == "Terminating:Wait":
        autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=group,
            LifecycleHookName=HOOK,
            InstanceId=instance["InstanceId"],
            LifecycleActionResult="CONTINUE",
        )


@pytest.fixture
def new_project(sandbox: Sandbox, tmp_path: Path) -> Iterator[Project]:
    """A small separate stack that is not deployed yet; destroyed at the end."""
    settings = tmp_path / "Pulumi.lived.yaml"
    declare(settings, FIRST)
    project = Project(tmp_path / "it", sandbox, stack=STACK, settings=settings)
    with draining(project):
        yield project
        project.pulumi("destroy", "--yes", "--skip-preview", check=False)


def declare(settings: Path, declared: Declared) -> None:
    config = {"aws:region": "eu-west-1", "gitlab-runner:stack": declared}
    before = yaml.safe_load(settings.read_text()) if settings.exists() else {}
    settings.write_text(yaml.safe_dump(before | {"config": config}, sort_keys=False))


def types_in(project: Project) -> Counter[str]:
    return project.resources() - Counter({"pulumi:pulumi:Stack": 1})


def test_every_change_results_in_a_valid_declaration() -> None:
    for number in range(20):
        declared: Declared = deepcopy(FIRST)
        changes = RandomChanges(Random(number))  # noqa: S311 (no secret depends on it)
        made = [changes.change(declared) for _ in range(20) if parse_stack(declared, ENVIRONMENT)]
        assert parse_stack(declared, ENVIRONMENT).runners, made


def test_many_changes_leave_no_drift_and_no_leftovers(new_project: Project, sandbox: Sandbox) -> None:
    first = seed("LONG_LIFE_SEED")
    print(f"LONG_LIFE_SEED={first}, {CHANGES} changes")
    before = snapshot(sandbox)
    declared: Declared = deepcopy(FIRST)
    changes = RandomChanges(Random(first))  # noqa: S311 (no secret depends on it)
    new_project.up()
    for number in range(CHANGES):
        change = changes.change(declared)
        print(f"{number + 1}. {change}", flush=True)
        declare(new_project.settings, declared)
        new_project.up()
        assert new_project.up("--refresh", "--expect-no-changes") == set()
    old = types_in(new_project)
    new_project.pulumi("destroy", "--yes", "--skip-preview")
    after = snapshot(sandbox)
    assert after == before
    assert not types_in(new_project)
    new_project.up()
    assert old == types_in(new_project)
