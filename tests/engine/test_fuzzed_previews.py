"""Real previews of damaged declarations: each is valid, or ends with one message that has the path.

The declarations differ every day: `FUZZ_SEED=N` repeats a run, `FUZZ_PREVIEWS=50` sets their number.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.release import Engine
from sandbox.environment import Sandbox
from tests.engine.project import Project
from tests.fuzz.seeds import seed
from tests.fuzz.test_declarations import CONTROL, cases

pytestmark = pytest.mark.engine

PREVIEWS = int(os.environ.get("FUZZ_PREVIEWS", "4"))
STACK = "gitlab-runner:stack"
NO_DOCKER = "no host for Docker"
"""The error of a valid declaration with a Docker host: there is no Docker Engine here."""


@pytest.fixture
def damaged(engine: Engine, tmp_path: Path) -> Iterator[Project]:
    """A stack that is never deployed, in an account of its own, where no other stack has its resources."""
    empty = Sandbox(tmp_path / "sandbox", engine)
    try:
        empty.start()
        yield Project(tmp_path / "it", empty, stack="damaged")
    finally:
        empty.stop()


def test_every_damaged_declaration_is_previewed_or_refused_with_one_message(damaged: Project) -> None:
    first = seed("FUZZ_SEED")
    print(f"FUZZ_SEED={first}, {PREVIEWS} previews")
    outcomes: Counter[str] = Counter()
    problems = []
    for name, declared in islice(cases_in_json(first), PREVIEWS):
        config = {"aws:region": "eu-west-1", STACK: declared}
        damaged.settings.write_text(yaml.safe_dump({"config": config}))
        preview = damaged.pulumi("preview", "--suppress-progress", check=False)
        printed = preview.stdout + preview.stderr
        kind = "valid" if preview.returncode == 0 else "refused"
        outcomes[kind] += 1
        found = problems_of(printed, refused=kind == "refused")
        print(f"{name}: {kind}{', wrong' * bool(found)}", flush=True)
        problems += [f"{name}: {each}\n{printed}" for each in found]
    print(dict(outcomes))
    assert not problems, "\n\n".join([f"{len(problems)} of {PREVIEWS} with FUZZ_SEED={first}", *problems[:5]])


def cases_in_json(first: int) -> Iterator[tuple[str, Any]]:
    """The damaged declarations that a stack's file can hold, with their names."""
    return ((name, declared) for name, declared in cases(first, 100_000) if is_json(declared))


def is_json(value: Any) -> bool:
    """Whether a value is the same after a round trip through JSON in UTF-8."""
    try:
        written = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return False
    return bool(json.loads(written) == value)


def problems_of(printed: str, *, refused: bool) -> list[str]:
    """The problems of a preview's output: its progress, and below `Diagnostics:` each message once."""
    found = []
    if "Traceback" in printed or "unhandled exception" in printed:
        found.append("a traceback")
    if CONTROL.search(printed):
        found.append("a control character")
    diagnostics = printed.partition("Diagnostics:")[2]
    errors = len(re.findall(r"^ +error: ", diagnostics, re.MULTILINE))
    if errors != refused:
        found.append(f"{errors} messages")
    if refused and not re.search(rf"^ +stack\b|{NO_DOCKER}", diagnostics, re.MULTILINE):
        found.append("no path")
    return found
