"""The size of the sandbox's source."""

from bench.measure import Measure
from sandbox.paths import CHECKOUT


def take() -> int:
    """The number of lines of Python."""
    modules = (CHECKOUT / "sandbox").rglob("*.py")
    return sum(len(module.read_text(encoding="utf-8").splitlines()) for module in modules)


SANDBOX_LINES = Measure("sandbox_lines", "lines", "of Python in the sandbox", take)
