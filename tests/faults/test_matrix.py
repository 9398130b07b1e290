"""The choice of scenarios to run, and the table of their results."""

from tests.faults.matrix import Choice, is_good, report
from tests.faults.proxy import Fault, Way
from tests.faults.scenario import Outcome, Result

CALLS = [Fault(f"iam CreateRole {name}", 1, Way.ERROR) for name in ("a", "b", "c")]


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_calls() -> None:
    choice = Choice("sandbox", seed=7, sample=5)
    assert choice.scenarios(CALLS) == choice.scenarios(reversed(CALLS))
    assert len(set(choice.scenarios(CALLS))) == 5
    assert choice.scenarios(CALLS) != Choice("sandbox", seed=8, sample=5).scenarios(CALLS)
    assert len(Choice("sandbox", seed=7).scenarios(CALLS)) == 3 * len(Way)


def test_the_table_counts_and_names_scenarios_that_are_not_clean() -> None:
    fault = Fault("iam CreateRole a", 1, Way.LOST)
    results = [
        Result(Fault("iam CreateRole b", 1, Way.LOST)),
        Result(fault, Outcome.NAMED, left=["role a"], named=["remove it: aws iam delete-role"]),
    ]
    written = report(results)
    assert "leftovers named: iam CreateRole a: answer lost" in written
    assert "named: remove it: aws iam delete-role" in written
    assert written.endswith("tried 2, stuck 0, leftovers unseen 0")
    assert is_good(results)
    assert not is_good([Result(fault, Outcome.UNSEEN)])
