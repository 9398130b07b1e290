"""The time that components add: a preview of this project's stack over a preview of a flat program.

The flat program in `flat/` registers the same AWS and GitLab resources with the same inputs, without
components. Both previews start with an empty state, in separate backends.
"""

import copy
import json
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from pulumi_gitlab_runner.host.files import files_as_json
from pulumi_gitlab_runner.host.user_data import user_data

from bench.measure import Measure, timed
from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT, sandbox_directory
from sandbox.render import files_of

RUNS = {1: 5, 10: 3, 50: 1}
"""The number of pairs of previews, by the number of runners."""
STACK = "sandbox"
RUNNER = "build"
PROGRAM = {"Pulumi.yaml", "__main__.py"}
FLAT = Path(__file__).with_name("flat")
SETTINGS = Path("stacks", f"Pulumi.{STACK}.yaml")


class Program:
    """A program with a new stack, in a separate directory and backend."""

    def __init__(self, source: Path, directory: Path, sandbox: Sandbox, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.command = str(sandbox.engine.command)
        backend = directory / "backend"
        self.environment = sandbox.env() | {"PULUMI_BACKEND_URL": f"file://{backend}", "PULUMI_STACK": STACK}
        (directory / "stacks").mkdir(parents=True)
        backend.mkdir()
        for name in PROGRAM:
            shutil.copy(source / name, directory)
        (directory / SETTINGS).write_text(yaml.safe_dump(settings))
        timed([self.command, "stack", "init", STACK], directory, self.environment)

    def registered(self) -> tuple[set[tuple[str, str]], int]:
        """The type and name of each registered resource, and the number of components."""
        printed = timed([self.command, "preview", "--json"], self.directory, self.environment).output
        urns = [step["urn"].split("::") for step in json.loads(printed)["steps"]]
        kinds = [(urn[2].rpartition("$")[2], urn[3]) for urn in urns]
        resources = {each for each in kinds if each[0].startswith(("aws:", "gitlab:"))}
        return resources, len(kinds) - len(resources) - 1  # the stack itself

    def preview(self) -> float:
        """The time of a preview, in seconds."""
        command = [self.command, "preview", "--suppress-progress"]
        return timed(command, self.directory, self.environment).seconds


def take(runners: int, *, same_graph: bool = False) -> float:
    """The median ratio of alternating previews.

    Args:
        runners: the number of runners in the stack.
        same_graph: whether the flat program registers as many components too, without children.
    """
    sandbox = Sandbox(sandbox_directory())
    sandbox.start()
    settings = with_runners(runners)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        components = Program(CHECKOUT, Path(directory, "components"), sandbox, settings)
        flat = Program(FLAT, Path(directory, "flat"), sandbox, settings)
        put_rendered(flat.directory, sandbox)
        (flat.directory / "components.json").write_text("0")
        # Both once, so that the compilation of modules is not measured.
        resources, count = components.registered()
        if same_graph:
            (flat.directory / "components.json").write_text(str(count))
        if difference := resources ^ flat.registered()[0]:
            raise SandboxError(
                f"bench/flat does not register what the stack does: {sorted(difference)} differ"
            )
        return median(components.preview() / flat.preview() for _ in range(RUNS[runners]))


def with_runners(number: int) -> dict[str, Any]:
    """The stack's settings with `number` copies of its runner, each with its own host."""
    settings: dict[str, Any] = yaml.safe_load((CHECKOUT / SETTINGS).read_text())
    runners = settings["config"]["gitlab-runner:stack"]["runners"]
    for further in range(2, number + 1):
        runners[f"{RUNNER}-{further}"] = copy.deepcopy(runners[RUNNER])
    return settings


def put_rendered(directory: Path, sandbox: Sandbox) -> None:
    """Write the library's rendered files of a host for the flat program."""
    (directory / "files.json").write_text(files_as_json(files_of(STACK, RUNNER, sandbox)))
    text = user_data(bucket="any", key="any", region="any", tokens="any", runner_version="19.3.0")
    (directory / "user-data.yaml").write_text(text)


def _measure(name: str, runners: int) -> Measure:
    what = f"preview of the stack with {runners} runners over one of the same resources without components"
    return Measure(name, "ratio", f"{what}, median of {RUNS[runners]} pairs", lambda: take(runners))


PREVIEW_RATIO_1 = _measure("preview_ratio_1", 1)
PREVIEW_RATIO_10 = _measure("preview_ratio_10", 10)
PREVIEW_RATIO_50 = _measure("preview_ratio_50", 50)


def _measure_same_graph(name: str, runners: int) -> Measure:
    what = (
        f"preview of the stack with {runners} runners over one of the same resources and as many components "
        f"with nothing in them, median of {RUNS[runners]} pairs"
    )
    return Measure(name, "ratio", what, lambda: take(runners, same_graph=True))


PREVIEW_RATIO_SAME_GRAPH_1 = _measure_same_graph("preview_ratio_same_graph_1", 1)
PREVIEW_RATIO_SAME_GRAPH_10 = _measure_same_graph("preview_ratio_same_graph_10", 10)
PREVIEW_RATIO_SAME_GRAPH_50 = _measure_same_graph("preview_ratio_same_graph_50", 50)
