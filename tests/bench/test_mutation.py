"""`./dev mutate`: the changes that it makes to a file, their statements and their tests."""

import ast
from pathlib import Path

import pytest

from bench.mutation import areas
from bench.mutation.mutants import mutants, sample
from sandbox.paths import CHECKOUT

SOURCE = '''\
"""Module."""
from typing import Literal

KINDS = ("ü", "b c")
Kind = Literal["left"]


def chosen(first: int, last: "str" = "x") -> bool:
    """Docstring."""
    if first < 3 and not last:
        first += 1
    return called(f"{first}", key=True) is not None


def joined(
    left: str = "a",
) -> str:
    return "".join(
        a or b
        for a, b in zip(left, file.read_text(encoding="utf-8"), strict=True)
    )


if TYPE_CHECKING:
    from somewhere import Something
'''.encode()


def lines(text: str, kind: str) -> set[str]:
    """The results of the mutants of a kind on the line that has a text."""
    found = set()
    for mutant in mutants("file.py", SOURCE):
        line = mutant.line(SOURCE)
        if mutant.kind == kind and text in SOURCE.decode().splitlines()[line - 1]:
            found.add(mutant.apply(SOURCE).decode().splitlines()[line - 1].strip())
    return found


@pytest.mark.parametrize(
    ("text", "kind", "after"),
    [
        ("if first", "comparison", {"if first <= 3 and not last:", "if first >= 3 and not last:"}),
        ("if first", "logic", {"if first < 3 or not last:", "if first < 3 and last:"}),
        ("if first", "condition", {"if not (first < 3 and not last):"}),
        ("if first", "number", {"if first < 4 and not last:", "if first < 2 and not last:"}),
        ("first +=", "statement", {"pass"}),
        ("return", "comparison", {'return called(f"{first}", key=True) is None'}),
        ("return", "constant", {'return called(f"{first}", key=False) is not None'}),
        ("return", "argument", {'return called(f"{first}") is not None'}),
        ("KINDS", "element", {'KINDS = ("b c")', 'KINDS = ("ü")'}),
        ("KINDS", "text", {"KINDS = ('XXüXX', \"b c\")"}),
        ("def chosen", "text", {"def chosen(first: int, last: \"str\" = 'XXxXX') -> bool:"}),
        ("Literal", "text", set()),
        ("Docstring", "text", set()),
        ("TYPE_CHECKING", "condition", set()),
        ("for a, b", "argument", set()),
        ("for a, b", "constant", set()),
        ("for a, b", "text", set()),
    ],
)
def test_the_mutants_of_a_line(text: str, kind: str, after: set[str]) -> None:
    assert lines(text, kind) == after


def test_a_sample_has_every_kind_and_depends_on_the_seed() -> None:
    files = [("file.py", SOURCE)]
    chosen = sample(files, 8, seed=1)
    assert len({each.kind for each in chosen}) == 8
    assert chosen == sample(files, 8, seed=1) != sample(files, 8, seed=2)
    every = sample(files, 1000, seed=1)
    assert len(every) == len(set(every)) <= len(mutants("file.py", SOURCE))
    for each in every:
        assert ast.dump(ast.parse(each.apply(SOURCE))) != ast.dump(ast.parse(SOURCE))


@pytest.mark.parametrize(
    ("text", "lines", "at_import"),
    [
        ("KINDS =", {4}, True),
        ("def chosen", {8}, True),
        ("if first", {10}, False),
        ("first +=", {11}, False),
        ("left: str", {15, 16, 17}, True),
        ("a or b", {18, 19, 20, 21}, False),
    ],
)
def test_the_statement_of_a_change(text: str, lines: set[int], at_import: bool) -> None:
    of_line = [
        each
        for each in mutants("file.py", SOURCE)
        if text in SOURCE.decode().splitlines()[each.line(SOURCE) - 1]
    ]
    assert of_line
    for mutant in of_line:
        statement = mutant.statement(SOURCE)
        assert statement.lines == lines
        assert statement.at_import is at_import


def test_a_diff_shows_only_the_change() -> None:
    (mutant,) = (each for each in mutants("file.py", SOURCE) if each.kind == "statement")
    diff = mutant.diff(SOURCE).splitlines()
    assert [each for each in diff if each[0] in "+-"] == [
        *("--- file.py", "+++ file.py", "-        first += 1", "+        pass"),
    ]


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("components/pulumi_gitlab_runner/spec/stack.py", "tests/spec"),
        ("components/pulumi_gitlab_runner/printable.py", "tests/test_printable.py"),
        ("components/pulumi_gitlab_runner/stack/runner_stack.py", "tests/components"),
        ("components/pulumi_gitlab_runner/docker/image_build.py", "tests/components"),
        ("components/pulumi_gitlab_runner/component.py", "tests/components"),
        ("components/pulumi_gitlab_runner/aws/hosts/runner_host.py", "tests/components"),
        ("components/pulumi_gitlab_runner/gitlab/ci_variables.py", "tests/components"),
        ("components/pulumi_gitlab_runner/manager/arguments.py", "tests/components"),
        ("components/pulumi_gitlab_runner/package/schema.py", "tests/components"),
        ("components/pulumi_gitlab_runner/hosted_auth/renewal/handler.py", "tests/hosted_auth"),
        ("components/pulumi_gitlab_runner/host/files.py", "tests/host"),
        ("components/pulumi_gitlab_runner/http/client.py", "tests/http"),
        ("components/pulumi_gitlab_runner/registry/copy.py", "tests/registry"),
        ("components/pulumi_gitlab_runner/plugin.py", "tests/mirror"),
        ("policy/rules/hosts.py", "tests/policy"),
        ("sandbox/providers/aws/ecr.py", "tests/providers"),
        ("sandbox/lock.py", "tests/sandbox"),
        ("bench/mutation/areas.py", "tests/bench"),
    ],
)
def test_the_tests_of_a_file(path: str, tests: str) -> None:
    assert areas.tests_for(path, CHECKOUT) == (tests,)


def test_a_file_may_have_tests_in_another_folder() -> None:
    tests = areas.tests_for("components/pulumi_gitlab_runner/iam/pipeline_roles.py", CHECKOUT)
    assert tests == ("tests/iam", "tests/components/test_pipeline_roles.py")


def test_every_file_of_the_library_has_tests() -> None:
    for file in (CHECKOUT / "components" / "pulumi_gitlab_runner").rglob("*.py"):
        for tests in areas.tests_for(str(file.relative_to(CHECKOUT)), CHECKOUT):
            assert Path(CHECKOUT, tests).exists()
