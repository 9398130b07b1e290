"""Tags in AWS, tags of runners, and texts that people read: what each of them may contain."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.aws_tags import tags_problems
from pulumi_gitlab_runner.spec.shape import known_value
from pulumi_gitlab_runner.spec.texts import control_character_problems, with_stack_note

from tests.spec.declaration import changed, output, problems_of

FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}


def refused(tags: Any, *, of_instances: bool = True) -> list[str]:
    return [each.path for each in tags_problems(tags, "tags", of_instances=of_instances)]


@pytest.mark.parametrize("key", ["a", "a" * 128, "cost-centre:a=b+c@d_e.f", "a._index", "...", "awsome"])
def test_keys_of_tags(key: str) -> None:
    assert refused({key: "x"}) == []


@pytest.mark.parametrize("key", ["", "a" * 129, "a,b", "aws:name", "AWS:name", "a\n", "a*"])
def test_keys_that_aws_refuses(key: str) -> None:
    assert len(refused({key: "x"})) == 1
    assert len(refused({key: "x"}, of_instances=False)) == 1


@pytest.mark.parametrize("key", ["cost centre", "team/cost", "Über", ".", "..", "_index"])
def test_keys_that_instance_metadata_refuses(key: str) -> None:
    assert len(refused({key: "x"})) == 1
    assert refused({key: "x"}, of_instances=False) == []


@pytest.mark.parametrize("key", ["gitlab-runner-stack", "gitlab-runner-host"])
def test_keys_that_the_library_sets(key: str) -> None:
    assert refused({key: "x"}) == refused({key: "x"}, of_instances=False) == [f"tags.{key}"]
    assert refused({f"{key}s": "x"}) == []


@pytest.mark.parametrize("value", ["", "v" * 256, "a b/c"])
def test_values_of_tags(value: str) -> None:
    assert refused({"key": value}) == []


@pytest.mark.parametrize("value", ["v" * 257, "a,b", "a\tb"])
def test_values_that_aws_refuses(value: str) -> None:
    assert refused({"key": value}) == ["tags.key"]


def test_the_number_of_tags_in_aws_is_limited() -> None:
    assert refused({f"key{number}": "x" for number in range(40)}) == []
    assert refused({f"key{number}": "x" for number in range(41)}) == ["tags"]


def test_the_value_of_a_tag_may_be_known_later() -> None:
    handle = output("stack.tags.team")
    assert parse_stack({"tags": {"team": handle}}).tags == {"team": handle}
    assert known_value(handle, "ci") == "ci"
    with pytest.raises(DeclarationError, match=r"stack\.tags\.team"):
        known_value(handle, "a,b")


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ({"tags": {"a/b": "x"}}, 'stack.tags["a/b"]'),
        (
            {"runners": {"b": {"group": 1, "host": {"tags": {"a/b": "x"}}}}},
            'stack.runners.b.host.tags["a/b"]',
        ),
        (
            {"runners": {"b": {"group": 1, "fleet": FLEET | {"tags": {"a/b": "x"}}}}},
            'stack.runners.b.fleet.tags["a/b"]',
        ),
    ],
)
def test_each_place_of_tags_is_checked(declared: Any, path: str) -> None:
    assert [each.path for each in problems_of(declared)] == [path]


@pytest.mark.parametrize("prefix", ["", "blue-", "a" * 32])
def test_a_path_prefix(prefix: str) -> None:
    assert parse_stack({"path_prefix": prefix}).path_prefix == prefix


@pytest.mark.parametrize("prefix", ["a" * 33, "Blue-", "a/b", "a_b"])
def test_a_path_prefix_that_parameter_store_s3_and_cloudwatch_do_not_share(prefix: str) -> None:
    assert [each.path for each in problems_of({"path_prefix": prefix})] == ["stack.path_prefix"]


@pytest.mark.parametrize("tag", ["docker", "a" * 255, "two words", "Über", "x86_64", "it's", '3.5"'])
def test_tags_that_gitlab_keeps_unchanged(tag: str) -> None:
    assert parse_stack(changed("runners/build/tags", [tag])).runners["build"].registration.tags == (tag,)


@pytest.mark.parametrize(
    "tag", ["", "  ", "a,b", " a", "a ", "a\t", "a" * 256, "a\x07b", "a\x9fb", '"a"', "'a"]
)
def test_tags_that_gitlab_would_change(tag: str) -> None:
    found = {each.path for each in problems_of(changed("runners/build/tags", ["docker", tag]))}
    assert found == {"stack.runners.build.tags[1]"}


def test_gitlab_accepts_50_tags() -> None:
    tags = [f"tag-{number}" for number in range(51)]
    assert problems_of(changed("runners/build/tags", tags[:50])) == []
    assert [each.path for each in problems_of(changed("runners/build/tags", tags))] == [
        "stack.runners.build.tags"
    ]


@pytest.mark.parametrize("text", ["", "plain", "Ünïcode ✓", "tilde ~", "\xa0"])
def test_valid_texts(text: str) -> None:
    assert list(control_character_problems(text, "at")) == []


@pytest.mark.parametrize("character", ["\0", "\t", "\n", "\x1b", "\x1f", "\x7f", "\x80", "\x9f"])
def test_control_characters_are_refused(character: str) -> None:
    (problem,) = control_character_problems(f"a{character}b", "at")
    assert problem.found == f"the control character {character!r}"


def test_line_breaks_where_they_are_allowed() -> None:
    assert list(control_character_problems("a\nb", "at", lines=True)) == []
    assert len(list(control_character_problems("a\rb", "at", lines=True))) == 1


def test_a_note_names_the_stack_if_there_is_room() -> None:
    marked = "Managed by Pulumi: a/b"
    assert with_stack_note("", "a/b", 100) == marked
    assert with_stack_note("By hand.", "a/b", 32) == f"By hand.\n\n{marked}"
    assert with_stack_note("By hand.", "a/b", 31) == "By hand."
