"""How many damaged declarations of a run are refused with a path, or rendered whole."""

from bench.measure import Measure
from sandbox.errors import SandboxError
from tests.fuzz.seeds import seed
from tests.fuzz.test_declarations import CASES, cases, wrong_with


def take() -> int:
    """The number of cases; all of them have to come out right."""
    for name, damaged in cases(seed("FUZZ_SEED"), CASES):
        _, wrong = wrong_with(damaged)
        if wrong:
            raise SandboxError(f"{name}: {wrong[0]}")
    return CASES


FUZZ_CASES = Measure(
    "fuzz_cases",
    "declarations",
    "damaged declarations, each of them refused with a path or rendered whole",
    take,
)
