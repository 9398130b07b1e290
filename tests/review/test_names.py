"""Many names in a short form."""

import pytest
from pulumi_gitlab_runner.review.names import in_rows, most_common, natural


def test_names_are_sorted_by_the_numbers_in_them() -> None:
    names = ["runner-10", "runner-2", "build", "runner-1-b", "runner-1"]
    assert sorted(names, key=natural) == ["build", "runner-1", "runner-1-b", "runner-2", "runner-10"]


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        ([], []),
        (["a", "b"], [("a", "a"), ("b", "b")]),
        ([f"r-{n}" for n in range(3)], [("r-0", "r-0"), ("r-1", "r-1"), ("r-2", "r-2")]),
        ([f"r-{n}" for n in range(12)], [("r-0", "r-11")]),
        ([f"r-{n}" for n in (1, 2, 3, 4, 7)], [("r-1", "r-4"), ("r-7", "r-7")]),
        ([f"r-{n}-10.0.0.0/8" for n in range(5)], [("r-0-10.0.0.0/8", "r-4-10.0.0.0/8")]),
        ([f"r-0{n}" for n in range(5)], [(f"r-0{n}", f"r-0{n}") for n in range(5)]),
        (["9" * 40, "9" * 39 + "8"], [("9" * 40, "9" * 40), ("9" * 39 + "8", "9" * 39 + "8")]),
    ],
)
def test_names_in_a_row_are_shown_as_the_first_and_the_last(
    names: list[str], rows: list[tuple[str, str]]
) -> None:
    assert in_rows(reversed(names)) == rows or (len(rows) == 2 and set(in_rows(names)) == set(rows))


def test_equal_counts_are_sorted_by_name() -> None:
    assert most_common({"b": 1, "a": 1, "c": 2}) == [("c", 2), ("a", 1), ("b", 1)]
