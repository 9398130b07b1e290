"""The picture of runners, registries and how each authenticates."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.review.markup import label
from pulumi_gitlab_runner.review.picture import PICTURE_SIZE, picture

from tests.review.hosts import AZURE, LEGACY, SHARED, TEAM, VAULT, host_inputs, host_step
from tests.review.previews import UNKNOWN, preview, step

ROLE = "by the manager#39;s role"
PARAMETER = "by a password in Parameter Store"
NODE = r'n\d+\["(.+)"\](?::::(added|removed|changed))?'
ARROW = r"n\d+ (-->|==>\|added\||-\.->\|removed\|) n\d+"
STYLE = r"linkStyle [\d,]+ stroke:#\w+|classDef \w+ [\w:#,-]+"
FIRST = ['%%{init: {"flowchart": {"wrappingWidth": 700, "rankSpacing": 90}}}%%', "flowchart LR"]


def drawn(*steps: dict[str, object]) -> list[str]:
    """The lines of the picture without the styles; each line must be known Mermaid syntax."""
    lines = picture(preview(*steps)).splitlines()
    assert lines[:2] == FIRST
    known = re.compile(f"{NODE}|{ARROW}|{STYLE}")
    assert all(map(known.fullmatch, lines[2:]))
    return [line for line in lines[2:] if not re.fullmatch(STYLE, line)]


def test_credentials_of_an_unknown_kind_are_shown_by_their_kind() -> None:
    """The list of a host was written by another version of the library."""
    host = host_inputs(["legacy"])
    files = json.loads(host["content"])
    listed = files["etc/gitlab-runner/registries"]
    assert f"{LEGACY} parameter " in listed["content"]
    listed["content"] = listed["content"].replace(" parameter ", " vault ")
    shown = drawn(host_step(host, {**host, "content": json.dumps(files)}))
    assert f'n2["<b>{LEGACY}</b><br>by vault<br><i>added</i>"]:::added' in shown


def test_added_removed_and_kept_registries_are_marked() -> None:
    assert drawn(host_step(host_inputs(["team", "legacy"]), host_inputs(["team", "vault"]))) == [
        'n0["build"]',
        f'n1["<b>{LEGACY}</b><br>{PARAMETER}<br><i>removed</i>"]:::removed',
        f'n2["<b>{VAULT}</b><br>by a password in Secrets Manager<br><i>added</i>"]:::added',
        f'n3["<b>{TEAM}</b><br>{ROLE}"]',
        "n0 -.->|removed| n1",
        "n0 ==>|added| n2",
        "n0 --> n3",
    ]


def test_a_changed_way_to_authenticate_is_marked() -> None:
    old = host_inputs(["legacy"])
    new = {**old, "content": old["content"].replace(" parameter eu-west-1 ", " secret eu-west-1 ")}
    assert drawn(host_step(old, new))[1:3] == [
        f'n1["<b>{LEGACY}</b><br>{PARAMETER}<br><i>removed</i>"]:::removed',
        f'n2["<b>{LEGACY}</b><br>by a password in Secrets Manager<br><i>added</i>"]:::added',
    ]


def test_a_host_that_does_not_change_is_drawn() -> None:
    host = host_inputs()
    assert drawn(host_step(host, host)) == ['n0["build"]', f'n1["<b>{TEAM}</b><br>{ROLE}"]', "n0 --> n1"]


def test_only_the_runner_whose_configuration_changes_is_marked() -> None:
    runners = ["build", "deploy"]
    assert drawn(host_step(host_inputs(runners=runners), host_inputs(runners=runners, privileged=True))) == [
        'n0["build<br><i>changed</i>"]:::changed',
        'n1["deploy"]',
        f'n2["<b>{TEAM}</b><br>{ROLE}"]',
        "n0 --> n2",
        "n1 --> n2",
    ]


def test_runners_with_the_same_registries_share_a_node_as_do_the_registries() -> None:
    registries = ["team", "shared"]
    hosts = [host_inputs(registries, [name]) for name in ("a", "b")]
    assert drawn(*(host_step(each, each) for each in hosts)) == [
        'n0["a<br>b"]',
        f'n1["<b>{TEAM}</b><br>{ROLE}<br><b>{SHARED}</b><br>{ROLE}"]',
        "n0 --> n1",
    ]


def test_a_runner_without_registries_is_drawn() -> None:
    alone = host_inputs([])
    assert drawn(host_step(alone, alone)) == ['n0["build"]']


@pytest.mark.parametrize(("old", "change"), [(None, "added"), (host_inputs(), "changed")])
def test_a_host_with_unknown_files_is_marked(old: dict[str, object] | None, change: str) -> None:
    new = {"key": "build/files.json", "content": UNKNOWN}
    assert drawn(host_step(old, new)) == [
        f'n0["build<br><i>{change}</i>"]:::{change}',
        'n1["<b>registries</b><br>known only after the update<br><i>changed</i>"]:::changed',
        "n0 --> n1",
    ]


def test_without_a_host_there_is_no_picture() -> None:
    assert picture(preview(step("create", "aws:kms/key:Key", new={}))) == ""


def renamed(inputs: dict[str, str], name: str) -> dict[str, str]:
    return {"key": f"{name}/files.json", "content": inputs["content"].replace('"build\\"', f'"{name}\\"')}


def test_runners_that_do_not_fit_are_counted_and_changes_are_drawn_first() -> None:
    same = host_inputs()
    words = [
        f"{first}{second}" for first in "abcdefghijklmnopqrstuvwxyz" for second in "abcdefghijklmnopqrst"
    ]
    many = [host_step(*[renamed(same, f"runner-{word}")] * 2) for word in words[:500]]
    steps = [*many, host_step(host_inputs(), host_inputs(["team", "legacy"]))]
    assert len(picture(preview(*steps))) <= PICTURE_SIZE
    first, kept, more, *_ = drawn(*steps)
    assert first == 'n0["build"]'
    left_out = re.fullmatch(r'n2\["and (\d+) more runners"\]', more)
    assert left_out is not None
    assert kept.count("runner-") + int(left_out[1]) == 500
    assert kept.count("runner-") > 90


def test_many_runners_in_a_row_are_one_line() -> None:
    same = host_inputs()
    rows = [host_step(*[renamed(same, f"runner-{n}")] * 2) for n in (*range(30), 40)]
    assert drawn(*rows)[0] == 'n0["runner-0 to runner-29<br>runner-40<br><i>31 in total</i>"]'


def test_registries_that_do_not_fit_are_counted_and_changes_are_drawn_first() -> None:
    old = host_inputs(["team"])
    many = with_hosts(old, [f"a-registry-with-a-long-name-{n}.example.com" for n in range(100)])
    new = with_hosts(many, [AZURE])
    steps = [host_step(many, new)]
    assert len(picture(preview(*steps))) <= PICTURE_SIZE
    lines = drawn(*steps)
    assert lines[1] == f'n1["<b>{label(AZURE)}</b><br>by any<br><i>added</i>"]:::added'
    left_out = re.search(r"and (\d+) more registries", lines[2])
    assert left_out is not None
    assert lines[2].count("<b>") + int(left_out[1]) == 101
    assert lines[2].count("<b>") > 8


def with_hosts(inputs: dict[str, str], hosts: list[str]) -> dict[str, str]:
    """The same files, with credentials for more hosts."""
    files = json.loads(inputs["content"])
    files["etc/gitlab-runner/registries"]["content"] += "".join(f"{host} helper /bin/any\n" for host in hosts)
    return {**inputs, "content": json.dumps(files)}


@given(st.text())
def test_a_label_has_no_mermaid_syntax(name: str) -> None:
    assert re.fullmatch(r"(?!-)([A-Za-z0-9 ./:-]|#\d+;)+", label(name))
