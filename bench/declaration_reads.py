"""The number of times that a preview of a stack parses its declaration."""

import json
import tempfile
from pathlib import Path

from bench.measure import Measure, timed
from bench.preview_ratio import Program, with_runners
from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT, sandbox_directory

COUNTING = """
import json
from pathlib import Path
from pulumi_gitlab_runner.spec import shape
from typing_extensions import is_typeddict

READS = []
check_shape = shape.check_shape


def counted(declaration, kind, path):
    if is_typeddict(kind):  # single values are checked when they are known
        READS.append(kind.__name__)
        Path("reads.json").write_text(json.dumps(READS))
    return check_shape(declaration, kind, path)


shape.check_shape = counted
"""
"""The code that counts, inserted before the program."""


def take() -> float:
    """The number of times that a declaration, or a part of it, is validated."""
    sandbox = Sandbox(sandbox_directory())
    sandbox.start()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        program = Program(CHECKOUT, Path(directory, "counted"), sandbox, with_runners(3))
        main = program.directory / "__main__.py"
        main.write_text(COUNTING + main.read_text())
        timed([program.command, "preview", "--suppress-progress"], program.directory, program.environment)
        return float(len(json.loads((program.directory / "reads.json").read_text())))


DECLARATION_READS = Measure(
    "declaration_reads",
    "reads",
    "how often a preview of the stack with 3 runners reads its declaration, or a part of it",
    take,
)
