"""What the components cost: a preview of this project's stack over one of a flat program.

The flat program in `flat/` registers the same resources of AWS and GitLab with the same inputs, by hand and
without components. Both previews start from nothing, in a backend of their own.
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
"""How many pairs of previews are taken, by the number of runners."""
STACK = "sandbox"
RUNNER = "build"
PROGRAM = {"Pulumi.yaml", "__main__.py"}
FLAT = Path(__file__).with_name("flat")
SETTINGS = Path("stacks", f"Pulumi.{STACK}.yaml")


class Program:
    """A program with a stack of nothing yet, in a directory and a backend of its own."""

    def __init__(self, source: Path, directory: Path, sandbox: Sandbox, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.command = str(sandbox.engine.command)
        backend = directory / "backend"
        self.environment = sandbox.env() | {"PULUMI_BACKEND_URL": f"file://{backend}", "PULUMI_STACK": STACK}
        (directory / "stacks").mkdir(parents=True)
        backend.mkdir()
        for name in PROGRAM:
            shutil.copy(source / name, directory)
        (directory / "components").symlink_to(CHECKOUT / "components")  # where Pulumi.yaml has the plugin
        (directory / SETTINGS).write_text(yaml.safe_dump(settings))
        timed([self.command, "stack", "init", STACK], directory, self.environment)

    def resources(self) -> set[tuple[str, str]]:
        """The type and name of each resource that it registers, components left out."""
        printed = timed([self.command, "preview", "--json"], self.directory, self.environment).output
        urns = [step["urn"].split("::") for step in json.loads(printed)["steps"]]
        return {
            (urn[2].rpartition("$")[2], urn[3])
            for urn in urns
            if urn[2].rpartition("$")[2].startswith(("aws:", "gitlab:"))
        }

    def preview(self) -> float:
        """How long a preview takes, in seconds."""
        command = [self.command, "preview", "--suppress-progress"]
        return timed(command, self.directory, self.environment).seconds


def take(runners: int) -> float:
    """The median ratio of previews that are taken alternately."""
    sandbox = Sandbox(sandbox_directory())
    sandbox.start()
    settings = with_runners(runners)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        components = Program(CHECKOUT, Path(directory, "components"), sandbox, settings)
        flat = Program(FLAT, Path(directory, "flat"), sandbox, settings)
        put_rendered(flat.directory, sandbox)
        # Both once, so that none pays for compiling its modules.
        if difference := components.resources() ^ flat.resources():
            raise SandboxError(
                f"bench/flat does not register what the stack does: {sorted(difference)} differ"
            )
        return median(components.preview() / flat.preview() for _ in range(RUNS[runners]))


def with_runners(number: int) -> dict[str, Any]:
    """The stack's settings with as many runners like its own, each with a host of its own."""
    settings: dict[str, Any] = yaml.safe_load((CHECKOUT / SETTINGS).read_text())
    runners = settings["config"]["gitlab-runner:stack"]["runners"]
    for further in range(2, number + 1):
        runners[f"{RUNNER}-{further}"] = copy.deepcopy(runners[RUNNER])
    return settings


def put_rendered(directory: Path, sandbox: Sandbox) -> None:
    """Write what the flat program delivers to hosts, as the library renders it."""
    (directory / "files.json").write_text(files_as_json(files_of(STACK, RUNNER, sandbox)))
    text = user_data(bucket="any", key="any", region="any", tokens="any", runner_version="19.3.0")
    (directory / "user-data.yaml").write_text(text)


def _measure(name: str, runners: int) -> Measure:
    what = f"preview of the stack with {runners} runners over one of the same resources without components"
    return Measure(name, "ratio", f"{what}, median of {RUNS[runners]} pairs", lambda: take(runners))


PREVIEW_RATIO = _measure("preview_ratio", 1)
PREVIEW_RATIO_1 = _measure("preview_ratio_1", 1)
PREVIEW_RATIO_10 = _measure("preview_ratio_10", 10)
PREVIEW_RATIO_50 = _measure("preview_ratio_50", 50)
