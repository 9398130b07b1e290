"""How deep GitLab and the runner expand the variables of a job, as in the source of GitLab Runner 19.3."""

import json
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.pipelines.expansion import (
    FileText,
    RawFileText,
    RawText,
    expand,
    expand_once,
)
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree

CHAIN = {"A": "a-$B", "B": "b-$C", "C": "c"}


def names(environment: dict[str, str], job: dict[str, str], text: str) -> tuple[str, str]:
    """A name, expanded as that of a service and as that of a job's image."""
    variables = RunnerVariables(environment, job)
    (service, _), (image, _) = variables.expand(text), variables.expand_image(text)
    return service, image


@pytest.mark.parametrize(
    ("environment", "job", "service", "image"),
    [
        (CHAIN, {}, "a-b-$C", "a-b-c"),
        ({}, CHAIN, "a-b-c", "a-b-c"),
        ({"C": "c"}, {"A": "a-$B", "B": "b-$C"}, "a-b-c", "a-b-c"),
        ({"B": "b-$C", "C": "c"}, {"A": "a-$B"}, "a-b-$C", "a-b-c"),
        ({"A": "a-$B"}, {"B": "b-$C", "C": "c"}, "a-b-c", "a-b-c"),
        ({}, {"A": "$B", "B": RawText("$C"), "C": "c"}, "$C", "c"),
        ({}, {"A": RawText("$B"), "B": "b"}, "$B", "b"),
        ({"A": "x"}, {"A": "a"}, "a", "a"),
        ({"A": "$$B", "B": "b"}, {}, "$B", "b"),
        ({"B": "b"}, {"A": "$$B"}, "$B", "b"),
        ({"B": "b"}, {"A": "$$$$B"}, "$$B", "$B"),
        ({}, {"A": FileText("a")}, "/builds/PROJECT.tmp/A", "/builds/PROJECT.tmp/A"),
        ({}, {"A": "$B", "B": FileText("b")}, "/builds/PROJECT.tmp/B", "/builds/PROJECT.tmp/B"),
        ({"A": "$B"}, {"B": RawFileText("b")}, "/builds/PROJECT.tmp/B", "/builds/PROJECT.tmp/B"),
        ({}, {"A": "%B%-%B", "B": "b"}, "b-%B", "b-%B"),
        ({}, {"A": "%B%", "B": "$C", "C": "%D%", "D": "d"}, "d", "d"),
        ({}, {"A": "%%B%%", "B": "b"}, "%%B%%", "%%B%%"),
        ({}, {"A": RawText("%B%"), "B": "b"}, "%B%", "%B%"),
        ({}, {"A": "%B%", "B": RawText("b")}, "%B%", "%B%"),
        ({"B": "b"}, {"A": "%B%"}, "%B%", "%B%"),
        ({"A": "%B%"}, {"B": "b"}, "%B%", "%B%"),
    ],
)
def test_how_deep_variables_of_the_runner_and_of_gitlab_are_expanded(
    environment: dict[str, str], job: dict[str, str], service: str, image: str
) -> None:
    assert names(environment, job, "$A") == (service, image)


def test_percent_signs_around_a_name_in_the_name_of_an_image() -> None:
    """Only GitLab expands them, and it does not expand names of images."""
    assert RunnerVariables({}, {"A": "a"}).expand_image("%A%:%Y%m%d") == ("%A%:%Y%m%d", ())


@pytest.mark.parametrize(
    "value",
    ["%Y%m%d", "a%b%c", "%C3%A9", "$1a", "${1}", "${a b}", "$é"],
)
def test_a_text_that_gitlab_does_not_take_for_a_reference(value: str) -> None:
    assert expand("$A", {"A": value}) == (value, ())


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}$A-$A", "xx-x"),
        ("$", "$"),
        ("a$.b$", "a$.b$"),
        ("$$A", "$A"),
        ("${$}A", "$A"),
        ("${}a", "a"),
        ("${Ab", "Ab"),
        ("$1A", "A"),
        ("${1}$*$#$@$!$?a", "a"),
        ("${A:-y}a", "a"),
        ("${A B}a", "a"),
        ("$-a", "a"),
        ("${odd name}", "y"),
        ("é$A", "éx"),
        ("$Aé", "xé"),
    ],
)
def test_each_form_that_go_expands(text: str, expanded: str) -> None:
    """Go, os/env.go, `Expand`."""
    variables = RunnerVariables({"A": "x", "odd name": "y", "1": "z", "": "z"}, {})
    assert variables.expand(text) == (expanded, ())


@pytest.mark.parametrize(
    ("environment", "job", "text", "unknown"),
    [
        ({}, {}, "$A-$B-$A", ("A", "B")),
        ({"A": "$GONE"}, {}, "$A", ("GONE",)),
        ({}, {"A": "$GONE"}, "$A", ("GONE",)),
        ({}, {"A": "$A"}, "$A", ("A",)),
        ({}, {"A": "$B", "B": "$A"}, "$A", ("A",)),
        ({}, {"A": "$[[ inputs.b ]]"}, "$A", ("$[[ inputs.b ]]",)),
        ({"A": "a" * 8193}, {}, "$A", ("A",)),
        ({"A": "a" * 8192}, {}, "$A", ()),
        ({"A": "a" * 8192}, {}, "b$A", ("…",)),
        ({"A": "a" * 8192}, {}, "$A" * 4096, ("…",)),
        ({}, {"A": "$B$B", "B": "b" * 4097}, "$A", ("A",)),
        ({"A": "$B"}, {"B": "$C"}, "$A", ("C",)),
        ({"A": "$B", "C": "c"}, {"B": "$C"}, "$A", ()),
    ],
)
def test_variables_without_a_value(
    environment: dict[str, str], job: dict[str, str], text: str, unknown: tuple[str, ...]
) -> None:
    assert set(RunnerVariables(environment, job).expand(text)[1]) == set(unknown)


def config(auth: str) -> str:
    return json.dumps({"auths": {"registry.example.com": {"auth": auth}}})


@pytest.mark.parametrize(
    ("environment", "job", "value"),
    [
        ({"DOCKER_AUTH_CONFIG": config("$A"), **CHAIN}, {}, config("a-$B")),
        ({"DOCKER_AUTH_CONFIG": config("$A")}, CHAIN, config("a-b-c")),
        (CHAIN, {"DOCKER_AUTH_CONFIG": config("$A")}, config("a-$B")),
        ({}, {"DOCKER_AUTH_CONFIG": config("$A"), **CHAIN}, config("a-b-c")),
        ({}, {"DOCKER_AUTH_CONFIG": RawText(config("$A")), **CHAIN}, config("$A")),
        ({}, {"DOCKER_AUTH_CONFIG": FileText(config("$A")), **CHAIN}, config("a-b-c")),
        ({}, {"DOCKER_AUTH_CONFIG": RawFileText(config("$A")), **CHAIN}, config("$A")),
        ({}, {"DOCKER_AUTH_CONFIG": "$ALL", "ALL": FileText(config("a"))}, "/builds/PROJECT.tmp/ALL"),
        (CHAIN, {}, ""),
    ],
)
def test_how_deep_the_docker_auth_config_is_expanded(
    environment: dict[str, str], job: dict[str, str], value: str
) -> None:
    assert RunnerVariables(environment, job).docker_auth_config() == (value, ())


def test_the_expansion_of_a_string_stops_when_it_becomes_too_long() -> None:
    asked: list[str] = []

    def value_of(name: str) -> tuple[str, tuple[str, ...]]:
        asked.append(name)
        return "a" * 60, ()

    assert expand_once("$A" * 50, value_of, 100) == ("$A" * 50, ("…",))
    assert asked == ["A"] * 2


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({}, []),
        ({"variable_type": "env_var"}, []),
        ({"variable_type": "file"}, []),
        ({"raw": True}, ["docker-config"]),
        ({"variable_type": "file", "raw": True}, ["docker-config"]),
    ],
)
def test_the_kinds_of_variables_that_gitlab_lists(
    doctor: Doctor, tmp_path: Path, entry: dict[str, object], found: list[str]
) -> None:
    auth = encoded("user", "password")
    listed = tmp_path / "variables.json"
    image = ("image", "registry.example.com/app:1", "--hosted", "--offline", "--variables", str(listed))
    whole = {"key": "DOCKER_AUTH_CONFIG", "value": config("$A"), **entry}
    listed.write_text(json.dumps([whole, {"key": "A", "value": auth}]))
    assert list(doctor.findings(*image)) == found
    reference = {"key": "DOCKER_AUTH_CONFIG", "value": "$ALL"}
    listed.write_text(json.dumps([reference, {"key": "ALL", "value": config(auth), **entry}]))
    by_path = entry.get("variable_type") == "file"
    assert list(doctor.findings(*image)) == (["docker-config"] if by_path else [])


def test_a_value_that_the_runner_does_not_expand_is_found(
    doctor: Doctor, host: HostTree, tmp_path: Path
) -> None:
    """A password that the environment gives in two steps is the reference itself for the registry."""
    auth = encoded("user", "password")
    environment = {"DOCKER_AUTH_CONFIG": config("$A"), "A": "$B", "B": auth}
    host.runner(environment=environment)
    arguments = ("image", "registry.example.com/app:1", "--root", str(host.root), "--offline")
    assert "is not Base64" in doctor.findings(*arguments)["docker-config"]["what"]
    host.runner(environment={**environment, "A": auth})
    assert doctor.findings(*arguments) == {}
    assert doctor.findings(*arguments, "--variable", "A=$B", "--variable", f"B={auth}") == {}


def test_the_names_of_images_in_the_runners_own_configuration(
    doctor: Doctor, host: HostTree, tmp_path: Path
) -> None:
    """The runner expands the image of a job once more than that of its configuration and than services."""
    host.runner(environment=CHAIN, image="default:$B", services=[{"name": "own:$A"}], helper_image="help:$A")
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(
        json.dumps({"a": {"image": "image:$A", "services": ["service:$A"]}, "b": {"script": "x"}})
    )
    answer = doctor.json("job", str(file), "--root", str(host.root), "--offline")
    found = [each["image"] for each in answer["images"]]
    assert found == ["image:a-b-c", "service:a-b-$C", "default:b-c", "own:a-b-$C", "help:a-b-$C"]
