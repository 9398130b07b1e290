"""The number of fuzzed declarations in a run that are refused with a path, or rendered completely."""

from bench.measure import Measure
from sandbox.errors import SandboxError
from tests.fuzz.seeds import seed
from tests.fuzz.test_declarations import CASES, cases, wrong_with


def take() -> int:
    """The number of cases, all of which must succeed."""
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
