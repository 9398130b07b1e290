"""Damaged declarations: each is valid, or told what is wrong and where; what a valid one renders is whole.

Another seed every day: `FUZZ_SEED=N` runs the same again, `FUZZ_CASES=N` another number of them.
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
from tests.fuzz.rendering import assert_rendered_whole
from tests.fuzz.seeds import seed
from tests.spec.declaration import ENVIRONMENT, STACKS, declaration, stack_file

CASES = int(os.environ.get("FUZZ_CASES", "1000"))
CONTROL = re.compile(r"[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would steer a terminal, hide text on it, or not be written at all."""
LONGEST = 2.0
"""In seconds of this process: other programs may have the machine."""


def cases(first: int, count: int) -> Iterator[tuple[str, Any]]:
    """Damaged declarations with their names; each depends on the seed and its number alone."""
    bases = [*map(stack_file, STACKS), declaration(), everything()]
    for number in range(count):
        random = Random(f"{first}-{number}")  # noqa: S311 (no secret hangs on it)
        damage = with_another_text if number % 4 == 0 else mutated
        yield f"seed {first}, case {number}", damage(random.choice(bases), random)


def wrong_with(damaged: Any) -> tuple[str, list[str]]:
    """What becomes of a damaged declaration, and what is wrong with that."""
    began = time.process_time()
    try:
        stack = parse_stack(damaged, ENVIRONMENT)
        check_manager_configs(stack)
        assert_rendered_whole(stack)
    except DeclarationError as error:
        wrong = [f"no path: {each.path!r}" for each in error.problems if not each.path.startswith("stack")]
        wrong += [f"a control character: {str(error)!r}"] * bool(CONTROL.search(str(error)))
        became = "refused"
    except Exception:
        wrong, became = [traceback.format_exc(limit=-6)], "failed"
    else:
        wrong, became = [], "valid"
    if (took := time.process_time() - began) > LONGEST:
        wrong.append(f"it took {took:.1f} s")
    return became, wrong


def test_every_damaged_declaration_is_told_or_rendered_whole() -> None:
    first = seed("FUZZ_SEED")
    print(f"FUZZ_SEED={first}, {CASES} cases")
    became: Counter[str] = Counter()
    wrong = []
    for name, damaged in cases(first, CASES):
        kind, found = wrong_with(damaged)
        became[kind] += 1
        wrong += [f"{name}: {each}" for each in found]
    print(dict(became))
    assert not wrong, "\n\n".join([f"{len(wrong)} of {CASES} with FUZZ_SEED={first}", *wrong[:5]])
    # Neither all valid nor all refused: else the damages say nothing.
    assert min(became["valid"], became["refused"]) >= CASES // 20


def test_the_same_seed_damages_in_the_same_way() -> None:
    assert repr(list(cases(7, 20))) == repr(list(cases(7, 20)))
    assert repr(list(cases(7, 20))) != repr(list(cases(8, 20)))


def test_what_is_not_damaged_is_valid() -> None:
    for base in (*map(stack_file, STACKS), declaration(), everything()):
        assert wrong_with(base) == ("valid", [])
