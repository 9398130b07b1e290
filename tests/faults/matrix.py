"""All scenarios of a stack, or a sample of them, and the outcome of each."""

import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.faults.proxy import Fault, Way
from tests.faults.scenario import Outcome, Result, account

EVERYTHING = "everything"
"""The stack that declares every component, and every option that adds resources."""

_SETTINGS = {
    "sandbox": CHECKOUT / "stacks" / "Pulumi.sandbox.yaml",
    EVERYTHING: CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml",
}
STACKS = tuple(_SETTINGS)


@dataclass(frozen=True)
class Choice:
    """The choice of scenarios.

    Attributes:
        stack: one of `STACKS`.
        seed: the seed of the sample.
        sample: the number of scenarios; 0 for all.
        ways: the ways in which calls fail.
        calls: a substring of the calls' names; empty for all.
    """

    stack: str
    seed: int
    sample: int = 0
    ways: Sequence[Way] = tuple(Way)
    calls: str = ""

    def scenarios(self, calls: Iterable[Fault]) -> list[Fault]:
        """The scenarios for the calls of an `up`, in the random order of the seed."""
        # The order of the calls differs from run to run; the set of calls does not.
        ordered = sorted(calls, key=lambda each: (each.call, each.number))
        faults = [replace(each, way=way) for each in ordered if self.calls in each.call for way in self.ways]
        random.Random(self.seed).shuffle(faults)  # noqa: S311 (not for security)
        return faults[: self.sample] if self.sample else faults


def run(sandbox: Sandbox, directory: Path, choice: Choice) -> list[Result]:
    """Run the scenarios of a choice; print each result.

    Args:
        sandbox: a running sandbox for exclusive use.
        directory: the working directory; it is emptied first.
        choice: the choice of scenarios.
    """
    results = []
    with account(sandbox, directory, choice.stack, _SETTINGS[choice.stack]) as stack:
        calls = stack.record()
        scenarios = choice.scenarios(calls)
        print(f"{len(calls)} changing calls of the stack {choice.stack}, {len(scenarios)} scenarios")
        for number, fault in enumerate(scenarios, 1):
            began = monotonic()
            result = stack.run(fault)
            results.append(result)
            spent = f"{monotonic() - began:.0f} s"
            line = f"{fault.way}: {fault}: {result.outcome}, {spent}"
            print(f"[{number}/{len(scenarios)}] {line}", file=sys.stderr, flush=True)
            for line in [*result.notes, *(f"left: {each}" for each in result.left)]:
                print(f"    {line}", file=sys.stderr, flush=True)
    return results


def report(results: Sequence[Result]) -> str:
    """The table of outcomes by way, and the details of scenarios that are not clean."""
    counts = Counter((result.fault.way, result.outcome) for result in results)
    tried = Counter(result.fault.way for result in results)
    wide = max(len(way.description) for way in Way)
    heads = [f"{outcome:>{max(len(outcome), 5)}}" for outcome in Outcome]
    lines = ["  ".join([f"{'':{wide}}  tried", *heads])]
    for way in Way:
        if tried[way]:
            numbers = [f"{counts[way, outcome] or '':>{max(len(outcome), 5)}}" for outcome in Outcome]
            lines.append("  ".join([f"{way.description:{wide}}  {tried[way]:>5}", *numbers]).rstrip())
    for result in results:
        if not result.clean or result.notes:
            lines += ["", f"{result.outcome}: {result.fault}: {result.fault.way.description}"]
            lines += [f"  {each}" for each in result.notes]
            lines += [f"  left over: {each}" for each in result.left]
            lines += [f"  named: {each}" for each in result.named]
    stuck, unseen = (
        sum(each.outcome is outcome for each in results) for outcome in (Outcome.STUCK, Outcome.UNSEEN)
    )
    return "\n".join([*lines, "", f"tried {len(results)}, stuck {stuck}, leftovers unseen {unseen}"])


def is_good(results: Iterable[Result]) -> bool:
    """Whether no stack is stuck and no leftover is unseen."""
    return not any(each.outcome in (Outcome.STUCK, Outcome.UNSEEN) for each in results)
