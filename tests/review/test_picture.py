"""The picture of runners, registries and how each authenticates."""

import re

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.review.markup import label
from pulumi_gitlab_runner.review.picture import PICTURE_SIZE, picture

from tests.review.hosts import LEGACY, TEAM, VAULT, host_inputs, host_step
from tests.review.previews import FILES, UNKNOWN, preview, step

LINE = re.compile(
    r'n\d+(\["[^"]*"\])? (-->|==>|-\.->)\|"[^"]+"\| n\d+(\[\("[^"]*"\)\])?|more\["and \d+ more connections"\]'
)


def lines(*steps: dict[str, object]) -> list[str]:
    return picture(preview(*steps)).splitlines()[1:]


def test_what_is_new_gone_and_kept() -> None:
    assert lines(host_step(host_inputs(["team", "legacy"]), host_inputs(["team", "vault"]))) == [
        f'n0["build"] -.->|"gone: Parameter Store"| n1[("{LEGACY}")]',
        f'n0 ==>|"new: Secrets Manager"| n2[("{VAULT}")]',
        f'n0 -->|"ecr-login"| n3[("{TEAM}")]',
    ]


def test_a_host_that_does_not_change_is_drawn_too() -> None:
    host = host_inputs()
    assert lines(host_step(host, host)) == [f'n0["build"] -->|"ecr-login"| n1[("{TEAM}")]']


def test_a_host_that_is_not_known_yet_says_so() -> None:
    new = {"key": "build/files.json", "content": UNKNOWN}
    assert lines(host_step(None, new)) == ['n0["build"] ==>|"new: not known before the update"| n1[("#63;")]']


def test_no_host_no_picture() -> None:
    assert picture(preview(step("create", "aws:kms/key:Key", new={}))) == ""


def test_what_does_not_fit_is_counted_and_changes_are_drawn_first() -> None:
    same = host_inputs()
    many = [
        step(
            "same", FILES, f"{n}", *[{**same, "content": same["content"].replace("build", f"runner-{n}")}] * 2
        )
        for n in range(200)
    ]
    drawn = lines(*many, host_step(host_inputs(), host_inputs(["team", "legacy"])))
    assert drawn[0] == f'n0["build"] ==>|"new: Parameter Store"| n1[("{LEGACY}")]'
    left_out = re.fullmatch(r'more\["and (\d+) more connections"\]', drawn[-1])
    assert left_out is not None
    assert len(drawn) - 1 + int(left_out[1]) == 202
    assert len(picture(preview(*many))) <= PICTURE_SIZE
    assert all(map(LINE.fullmatch, drawn))


@given(st.text())
def test_a_label_can_neither_end_nor_mean_anything(name: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9 ./:_-]|#\d+;)+", label(name))
