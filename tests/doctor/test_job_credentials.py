"""Variables in `DOCKER_AUTH_CONFIG`, which the runner expands before it reads it."""

import json
from pathlib import Path

import pytest

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor

HOST = "registry.example.com:5000"
CONFIG = '{"auths": {"$HOST": {"auth": "$AUTH"}}}'
AUTH = encoded("user", "password")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".gitlab-ci.yml"


def write(file: Path, config: object = CONFIG) -> None:
    """A pipeline with two images of a registry, and the variable."""
    variables = {"HOST": HOST, "DOCKER_AUTH_CONFIG": config}
    image = f"{HOST}/app:1"
    file.write_text(json.dumps({"variables": variables, "a": {"image": image}, "b": {"services": [image]}}))


def test_variables_in_it_are_expanded(doctor: Doctor, file: Path) -> None:
    """GitLab Runner 19, common/build.go, `GetAllVariables`: all variables are, before any is read."""
    write(file)
    answer = doctor.json("job", str(file), "--hosted", "--offline", "--variable", f"AUTH={AUTH}")
    assert answer["findings"] == []
    assert [(each["image"], each["runner"]["user"]) for each in answer["images"]] == [
        (f"{HOST}/app:1", "user")
    ]


def test_one_without_a_value(doctor: Doctor, file: Path) -> None:
    """Nothing is said of credentials that are not known."""
    write(file)
    answer = doctor.json("job", str(file), "--hosted", "--offline")
    assert answer["images"] == []
    (found,) = answer["findings"]
    assert (found["name"], found["where"]) == ("variable-unknown", "$DOCKER_AUTH_CONFIG of a, b")
    assert "AUTH" in found["what"]
    assert found["fix"] == "give the value: --variable AUTH=…"
    assert doctor.run("job", str(file), "--hosted", "--offline", "--format", "sarif") == 1
    assert len(json.loads(doctor.output)["runs"][0]["results"]) == 2


def test_those_of_a_raw_value_are_not_expanded(doctor: Doctor, file: Path, tmp_path: Path) -> None:
    """`expand: false` in the file, `raw` in what GitLab's API lists."""
    write(file, {"value": CONFIG, "expand": False})
    arguments = ("job", str(file), "--hosted", "--offline", "--variable", f"AUTH={AUTH}")
    assert [each["name"] for each in doctor.json(*arguments)["findings"]] == ["docker-config"]
    write(file)
    listed = tmp_path / "variables.json"
    entry = {"key": "DOCKER_AUTH_CONFIG", "value": CONFIG}
    for raw, names in ((True, ["docker-config"]), (False, [])):
        listed.write_text(json.dumps([{**entry, "raw": raw}]))
        found = doctor.json(*arguments, "--variables", str(listed))["findings"]
        assert [each["name"] for each in found] == names


def test_a_long_value(doctor: Doctor, file: Path) -> None:
    auths = {f"r{number}.example.com": {"auth": AUTH} for number in range(300)}
    write(file, json.dumps({"auths": {**auths, "$HOST": {"auth": "$AUTH"}}}))
    (image,) = doctor.json("job", str(file), "--hosted", "--offline", "--variable", f"AUTH={AUTH}")["images"]
    assert image["runner"]["user"] == "user"


def test_of_one_image(doctor: Doctor) -> None:
    arguments = ("image", f"{HOST}/app:1", "--hosted", "--offline", "--docker-auth-config", CONFIG)
    assert doctor.run(*arguments, "--variable", f"HOST={HOST}") == 2
    assert "DOCKER_AUTH_CONFIG contains AUTH, whose value is not known here" in doctor.errors
    assert "--variable AUTH=…" in doctor.errors
    known = ("--variable", f"HOST={HOST}", "--variable", f"AUTH={AUTH}")
    (image,) = doctor.json(*arguments, *known)["images"]
    assert image["runner"]["user"] == "user"
