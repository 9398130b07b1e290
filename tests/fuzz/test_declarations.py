"""Damaged declarations: each is refused with the path of each problem, or valid and rendered completely.

The seed changes every day: `FUZZ_SEED=N` repeats a run, and `FUZZ_CASES=N` sets the number of cases.
"""

import os
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack

from tests.components.everything import declaration as everything
from tests.fuzz.mutations import mutated, with_another_text
from tests.fuzz.rendering import assert_renders_completely
from tests.fuzz.seeds import seed
from tests.spec.declaration import ENVIRONMENT, STACKS, declaration, stack_file

CASES = int(os.environ.get("FUZZ_CASES", "1000"))
CONTROL = re.compile(r"[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that control a terminal, hide text on it, or cannot be encoded."""
LONGEST = 2.0
"""CPU seconds of this process, which do not depend on the load of the machine."""


def cases(first: int, count: int) -> Iterator[tuple[str, Any]]:
    """Damaged declarations with their names; each depends on the seed and its number alone."""
    bases = [*map(stack_file, STACKS), declaration(), everything()]
    for number in range(count):
        random = Random(f"{first}-{number}")  # noqa: S311 (not used for a secret)
        damage = with_another_text if number % 4 == 0 else mutated
        yield f"seed {first}, case {number}", damage(random.choice(bases), random)


def wrong_with(damaged: Any) -> tuple[str, list[str]]:
    """Return the outcome for a damaged declaration, and the faults in that outcome."""
    started = time.process_time()
    try:
        stack = parse_stack(damaged, ENVIRONMENT)
        check_manager_configs(stack)
        assert_renders_completely(stack)
    except DeclarationError as error:
        faults = [f"no path: {each.path!r}" for each in error.problems if not each.path.startswith("stack")]
        faults += [f"a control character: {str(error)!r}"] * bool(CONTROL.search(str(error)))
        outcome = "refused"
    except Exception:
        faults, outcome = [traceback.format_exc(limit=-6)], "failed"
    else:
        faults, outcome = [], "valid"
    if (elapsed := time.process_time() - started) > LONGEST:
        faults.append(f"it took {elapsed:.1f} s")
    return outcome, faults


def test_every_damaged_declaration_is_refused_or_rendered_completely() -> None:
    first = seed("FUZZ_SEED")
    print(f"FUZZ_SEED={first}, {CASES} cases")
    outcomes: Counter[str] = Counter()
    faults = []
    for name, damaged in cases(first, CASES):
        outcome, found = wrong_with(damaged)
        outcomes[outcome] += 1
        faults += [f"{name}: {each}" for each in found]
    print(dict(outcomes))
    assert not faults, "\n\n".join([f"{len(faults)} of {CASES} with FUZZ_SEED={first}", *faults[:5]])
    # Both outcomes must occur, otherwise the cases test nothing.
    assert min(outcomes["valid"], outcomes["refused"]) >= CASES // 20


def test_the_same_seed_gives_the_same_cases() -> None:
    assert repr(list(cases(7, 20))) == repr(list(cases(7, 20)))
    assert repr(list(cases(7, 20))) != repr(list(cases(8, 20)))


def test_an_undamaged_declaration_is_valid() -> None:
    for base in (*map(stack_file, STACKS), declaration(), everything()):
        assert wrong_with(base) == ("valid", [])
