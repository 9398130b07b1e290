"""Hostile input: no configuration and no pipeline causes a crash or exposes a secret."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.doctor.command_line import main
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import WrittenText, read_documents, read_yaml
from pulumi_gitlab_runner.registry.challenge import read_challenge

from tests.auth.resolution.test_hostile_input import CANARY, CONFIGS, ENCODED_CANARY, IMAGES
from tests.doctor.host_tree import Doctor, HostTree

NAMES = st.sampled_from(
    [
        "image",
        "services",
        "default",
        "extends",
        "include",
        "variables",
        "parallel",
        "matrix",
        "inherit",
        "name",
    ]
)
SCALARS = st.sampled_from(["a:1", "$V", "${V}", "job", "../x", "**", "", "\x1b[31m", True, None, 3, 1.5])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.just("job"), inner, max_size=4),
    max_leaves=12,
)


def shown(*arguments: str) -> tuple[int, str]:
    """The exit status of the doctor, and all that it prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = main(arguments)
    return status, output.getvalue()


@settings(max_examples=40)
@given(IMAGES, CONFIGS, st.sampled_from(["16.9", "17.5", "19.3"]), st.sampled_from([[], ["--json"]]))
def test_any_docker_auth_config(image: str, value: str, version: str, form: list[str]) -> None:
    given_value = f"--docker-auth-config={value}"
    status, output = shown(
        "image", "--hosted", "--offline", "--runner-version", version, given_value, *form, "--", image
    )
    assert status in (0, 1, 2)
    assert CANARY not in output
    assert ENCODED_CANARY not in output


@settings(max_examples=40)
@given(st.dictionaries(NAMES | st.sampled_from(["job", "other"]), VALUES, max_size=5))
def test_any_pipeline(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_text(yaml.safe_dump(content))
    for command in (("job", str(file), "--hosted", "--offline"), ("pin", "--check", str(file))):
        status, output = shown(*command)
        assert status in (0, 1, 2)
        assert "\x1b" not in output


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_any_text_as_a_pipeline(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_text(text, encoding="utf-8")
    assert shown("job", str(file), "--hosted", "--offline")[0] in (0, 1, 2)


def texts_of(value: object) -> Iterator[WrittenText]:
    """The texts in a value that know their places; of a mapping, the values alone."""
    if isinstance(value, WrittenText):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_of(each)


@settings(max_examples=60)
@given(VALUES, st.sampled_from([None, "'", '"']), st.sampled_from(["", "\ufeff"]), st.booleans())
def test_every_text_has_the_place_where_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, value: object, quote: str | None, mark: str, flow: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "texts.yml"
    text = yaml.safe_dump({"😀": value}, default_style=quote, default_flow_style=flow, allow_unicode=True)
    file.write_text(mark + text, encoding="utf-8", newline="\r\n")
    raw = file.read_bytes().decode()
    for each in texts_of(read_yaml(read_documents(file).content)):
        place = each.place
        assert yaml.safe_load(raw[place.start : place.end]) == each == yaml.safe_load(place.written)
        assert raw[: place.start].count("\n") == place.line - 1


@given(st.lists(st.text(), max_size=3))
def test_any_challenge(headers: list[str]) -> None:
    read_challenge(headers)


def test_no_control_character_is_printed(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    file.write_text('"job\\e[2J": {image: "a\\e[31m:1"}\n')
    assert doctor.run("job", str(file), "--root", str(host.root), "--offline") == 1
    assert "\x1b" not in doctor.output
