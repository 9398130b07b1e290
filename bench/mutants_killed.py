"""The mutation score of the library in the last run of `./dev mutate`, which takes half an hour."""

import json

from bench.measure import Measure
from bench.mutation.last import LAST
from sandbox.errors import SandboxError


def take() -> float:
    """The percentage of the last run."""
    if not LAST.exists():
        raise SandboxError("not measured yet: ./dev mutate")
    percent: float = json.loads(LAST.read_text())["percent"]
    return percent


MUTANTS_KILLED = Measure(
    "mutants_killed_percent",
    "%",
    "of a sample of mutants of the library are killed by the tests; renewed by ./dev mutate",
    take,
)
