"""Both sides of each limit of what a note shows, cuts and masks."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.review.drift_command import main as drift
from pulumi_gitlab_runner.review.lines import in_words, phrase
from pulumi_gitlab_runner.review.markup import code, label, one_line
from pulumi_gitlab_runner.review.masking import masked
from pulumi_gitlab_runner.review.names import in_rows, natural
from pulumi_gitlab_runner.review.note import note

from tests.review.previews import preview, step, text

GROUP = "aws:autoscaling/group:Group"
RUNNER = "gitlab:index/userRunner:UserRunner"


@pytest.mark.parametrize(
    ("size", "shown"), [(200, "x" * 200), (201, "x" * 199 + "…"), (400, "x" * 199 + "…")]
)
def test_a_long_name_is_cut(size: int, shown: str) -> None:
    assert one_line("x" * size) == shown
    assert one_line("one\ntwo\r\nthree") == "one two three"


@pytest.mark.parametrize(("size", "shown"), [(60, "x" * 60), (61, "x" * 59 + "#8230;")])
def test_a_long_label_is_cut(size: int, shown: str) -> None:
    assert label("x" * size) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a", "`a`"),
        ("", "` `"),
        ("`", "`` ` ``"),
        ("a`b", "``a`b``"),
        ("a``b`c", "```a``b`c```"),
        ("a`", "`` a` ``"),
    ],
)
def test_a_name_as_code(name: str, shown: str) -> None:
    assert code(name) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("", "#63;"), ("-a", "#45;a"), ("a-b./: 9", "a-b./: 9"), ('"', "#34;"), ("ü", "#252;")],
)
def test_a_name_as_a_label(name: str, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("A_TOKEN", True),
        ("MY_SECRET_ID", True),
        ("PASSWORD_OF", True),
        ("PASSPHRASE", True),
        ("AWS_CREDENTIALS", True),
        ("PRIVATE_THING", True),
        ("SSH_KEY", True),
        ("DOCKER_AUTH_CONFIG", True),
        ("CI_JOB_JWT_V2", True),
        ("DB_PASS", True),
        ("MYSQL_PASSWD", True),
        ("apikey", True),
        ("CI_COMMIT_AUTHOR", False),
        ("COMPASS_URL", False),
        ("PWD", False),
        ("KEY", False),
        ("SSH_KEYS", False),
        ("CI_COMMIT_SHA", False),
    ],
)
@pytest.mark.parametrize(("value", "long_enough"), [("abcdef", True), ("abcde", False)])
def test_which_variables_are_masked(name: str, is_secret: bool, value: str, long_enough: bool) -> None:
    assert masked(f"x {value}", {name: value}) == (
        "x [secret]" if is_secret and long_enough else f"x {value}"
    )


@pytest.mark.parametrize(("digits", "in_a_row"), [(17, True), (18, False)])
def test_how_long_the_numbers_of_names_in_a_row_may_be(digits: int, in_a_row: bool) -> None:
    names = [f"r-{10 ** (digits - 1) + number}" for number in range(4)]
    assert len(in_rows(names)) == (1 if in_a_row else 4)


@pytest.mark.parametrize(("count", "rows"), [(3, 3), (4, 1)])
def test_how_many_names_form_a_row(count: int, rows: int) -> None:
    assert len(in_rows(f"r-{number}" for number in range(count))) == rows


def test_names_of_a_row_differ_in_one_number() -> None:
    assert in_rows(f"r-{number}-{number}" for number in range(5)) == [(f"r-{n}-{n}",) * 2 for n in range(5)]
    assert in_rows(["1a", "2a", "3a", "4a"]) == [("1a", "4a")]
    assert natural("r-9") < natural("r-10") < natural("r-10-1")
    assert natural("r") < natural("r-0")


@pytest.mark.parametrize(("count", "more"), [(12, ""), (13, ", and 1 more")])
def test_how_many_names_a_line_shows(count: int, more: str) -> None:
    names = [f"{chr(97 + number)}" for number in range(count)]
    shown = ", ".join(f"`{name}`" for name in names[:12]) + more
    assert in_words(names) == shown
    assert phrase("of", names) == f"of {shown}"
    assert phrase("of", []) == "of"


@pytest.mark.parametrize(("count", "collapsed"), [(24, None), (25, "1 more lines of dangers")])
def test_how_many_dangers_are_not_collapsed(count: int, collapsed: str | None) -> None:
    steps = [step("replace", GROUP, f"g{n}", {}, {}, replaceReasons=[f"reason-{n}"]) for n in range(count)]
    written = note(preview(*steps), "prod")
    assert ("more lines of dangers" in written) == bool(collapsed)
    assert not collapsed or f"<summary>{collapsed}</summary>" in written


@pytest.mark.parametrize(("kinds", "more"), [(6, ""), (7, ", 1 others")])
def test_how_many_types_are_listed(kinds: int, more: str) -> None:
    steps = [step("create", f"aws:a/b:{chr(65 + number)}", f"{number}", new={}) for number in range(kinds)]
    shown = ", ".join(f"1 `{chr(65 + number)}`" for number in range(6))
    assert f"- create: {shown}{more}\n" in note(preview(*steps), "prod")


SHOWN: list[tuple[str, Any]] = [
    ("accessLevel", "ref_protected"),
    ("desiredCapacity", 1),
    ("environmentScope", "prod"),
    ("imageTagMutability", "MUTABLE"),
    ("instanceType", "t3.large"),
    ("locked", True),
    ("masked", True),
    ("maxSize", 1),
    ("maximumTimeout", 600),
    ("minSize", 1),
    ("paused", False),
    ("protected", True),
    ("raw", False),
    ("tagLists", ["a"]),
    ("untagged", True),
    ("variableType", "file"),
]


@pytest.mark.parametrize(("name", "value"), SHOWN)
def test_each_property_whose_values_are_shown(name: str, value: Any) -> None:
    changed = step("update", RUNNER, "r", {name: value, "other": value}, {}, diffReasons=[name, "other"])
    written = note(preview(changed), "prod")
    assert f"!     {name}: {json.dumps(value)} → " in written
    assert "!     other\n" in written


@pytest.mark.parametrize(
    ("operation", "sign"),
    [("create", "+"), ("import", "+"), ("delete", "-"), ("update", "!"), ("replace", "!"), ("read", "!")],
)
def test_the_sign_of_each_operation(operation: str, sign: str) -> None:
    made = step(operation, GROUP, "g", {}, {})
    assert f"\n{sign} {operation} {GROUP} g\n" in note(preview(made), "prod")


@pytest.mark.parametrize(
    ("status", "drifted", "code_"),
    [(0, False, 0), (7, False, 0), (0, True, 1), (7, True, 1), (6, True, 2), (8, False, 2)],
)
def test_the_status_of_a_refresh(
    status: int, drifted: bool, code_: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "drift.json"
    file.write_text(text(step("update" if drifted else "same", RUNNER, "r", {}, {})))
    assert drift([str(file), "--stack", "prod", "--status", str(status)]) == code_
    printed = capsys.readouterr()
    assert (printed.out == "") == (code_ == 2)
    assert ("is unknown" in printed.err) == (code_ == 2)


def test_the_whole_report_of_a_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "drift.json"
    steps = [
        step("update", RUNNER, "r", {}, {}),
        step("delete", RUNNER, "s", {}),
        step("same", RUNNER, "t", {}, {}),
    ]
    file.write_text(text(*steps))
    assert drift([str(file), "--stack", "prod"]) == 1
    assert capsys.readouterr().out == (
        "Drift in prod: these resources differ from its state.\n"
        f"  {RUNNER} r: changed\n  {RUNNER} s: deleted outside Pulumi\n"
        "To see who changed them, use CloudTrail and GitLab's audit events.\n"
        "To restore the declared state, run `pulumi up --refresh`. "
        "To keep the changes, update the declaration.\n"
    )
