"""Each program in the documentation is a file, which `./dev lint` type-checks, and it runs.

Programs in TypeScript and Go are parts of the examples, which tests/engine previews.
"""

import os
import runpy
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from tests.components.recording import Cloud, run
from tests.docs.documents import CHECKOUT, Block, blocks, replace

PROGRAMS = [block for block in blocks() if block.language == "python"]
PARTS = [block for block in blocks() if block.mark.startswith("part of: ")]
FILES = sorted((CHECKOUT / "docs" / "programs").glob("*.py"))


class Account(Cloud):
    """A cloud whose identifiers have the format of AWS's."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """The ID and the properties that a provider gives a resource."""
        made, properties = super().new_resource(args)
        kind = args.typ.rpartition(":")[2].lower()
        if kind in ("vpc", "subnet"):
            return f"{kind}-0123456789abcdef0", properties
        return "42" if kind == "group" else made, properties


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.name)
def test_each_program_is_the_text_of_its_file(block: Block) -> None:
    text = (CHECKOUT / block.mark.removeprefix("file: ")).read_text()
    if os.environ.get("RENEW_DOCS"):
        replace(block, text)
    else:
        assert block.text == text, "RENEW_DOCS=1 ./dev test tests/docs/test_programs.py renews it"


@pytest.mark.parametrize("block", PARTS, ids=lambda block: block.name)
def test_each_marked_snippet_is_part_of_an_example(block: Block) -> None:
    text = (CHECKOUT / block.mark.removeprefix("part of: ")).read_text()
    assert block.text in text or textwrap.indent(block.text, "\t") in text


def test_every_snippet_in_another_language_is_part_of_an_example() -> None:
    languages = {"typescript", "ts", "go", "javascript"}
    assert not [block.name for block in blocks() if block.language in languages and block not in PARTS]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_program_runs(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CHECKOUT / "stacks", tmp_path / "stacks")
    (tmp_path / "roles").mkdir()
    monkeypatch.chdir(tmp_path / "roles")
    settings = {"project:partnerPassword": "pass-word-1", "gitlab-runner:partnerPassword": "pass-word-1"}
    pulumi.runtime.set_all_config(settings)
    try:
        recording, _ = run(lambda: runpy.run_path(str(file)) and None, cloud=Account)
    finally:
        pulumi.runtime.set_all_config({})
    assert recording.requests
