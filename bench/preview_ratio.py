"""What the components cost: a preview of this project's stack over one of a flat program.

The flat program in `flat/` registers the same resources of AWS and GitLab with the same inputs, by hand and
without components. Both previews start from nothing, in a backend of their own.
"""

import json
import shutil
import tempfile
from pathlib import Path
from statistics import median

from bench.measure import Measure, timed
from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT, sandbox_directory

RUNS = 5
STACK = "sandbox"
PROGRAM = {"Pulumi.yaml", "__main__.py", "files.json", "user-data.yaml"}
FLAT = Path(__file__).with_name("flat")
SETTINGS = CHECKOUT / "stacks" / f"Pulumi.{STACK}.yaml"


class Program:
    """A program with a stack of nothing yet, in a directory and a backend of its own."""

    def __init__(self, source: Path, directory: Path, sandbox: Sandbox) -> None:
        self.directory = directory
        self.command = str(sandbox.engine.command)
        backend = directory / "backend"
        self.environment = sandbox.env() | {"PULUMI_BACKEND_URL": f"file://{backend}", "PULUMI_STACK": STACK}
        (directory / "stacks").mkdir(parents=True)
        backend.mkdir()
        for file in PROGRAM.intersection(file.name for file in source.iterdir()):
            shutil.copy(source / file, directory)
        shutil.copy(SETTINGS, directory / "stacks")
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


def take() -> float:
    """The median ratio of previews that are taken alternately."""
    sandbox = Sandbox(sandbox_directory())
    sandbox.start()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        components = Program(CHECKOUT, Path(directory, "components"), sandbox)
        flat = Program(FLAT, Path(directory, "flat"), sandbox)
        # Both once, so that none pays for compiling its modules.
        if difference := components.resources() ^ flat.resources():
            raise SandboxError(
                f"bench/flat does not register what the stack does: {sorted(difference)} differ"
            )
        return median(components.preview() / flat.preview() for _ in range(RUNS))


PREVIEW_RATIO = Measure(
    "preview_ratio",
    "ratio",
    f"preview of the stack over one of the same resources without components, median of {RUNS} pairs",
    take,
)
