"""The length of the note on a merge request that adds runners, and its number of unknown values."""

import re
import tempfile
from pathlib import Path

from pulumi_gitlab_runner.review.dangers import dangers
from pulumi_gitlab_runner.review.dangers.danger import is_known
from pulumi_gitlab_runner.review.note import note
from pulumi_gitlab_runner.review.preview import Preview, read_preview

from bench.measure import Measure, timed
from bench.preview_ratio import STACK, Program, with_runners
from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT, sandbox_directory


def unknown_lines() -> float:
    """The number of dangers of a new runner with unknown values."""
    return float(sum(not is_known(danger.phrases) for danger in dangers(_preview(1))))


def visible_lines() -> float:
    """The number of lines of a note outside of folded sections, with the diagram's source."""
    written = note(_preview(13), STACK)
    return float(len(re.sub(r"<details>.*?</details>", "", written, flags=re.DOTALL).splitlines()))


def _preview(runners: int) -> Preview:
    """The preview of a stack of new runners."""
    sandbox = Sandbox(sandbox_directory())
    sandbox.start()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        program = Program(CHECKOUT, Path(directory, "reviewed"), sandbox, with_runners(runners))
        command = [program.command, "preview", "--json", "--show-sames"]
        return read_preview(timed(command, program.directory, program.environment).output)


REVIEW_UNKNOWN_LINES_NEW_RUNNER = Measure(
    "review_unknown_lines_new_runner",
    "lines",
    "what the note tells of a new runner that only the update will know",
    unknown_lines,
)
REVIEW_VISIBLE_LINES_13_RUNNERS = Measure(
    "review_visible_lines_13_runners",
    "lines",
    "the lines of the note on 13 new runners that are not folded",
    visible_lines,
)
