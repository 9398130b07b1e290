"""Variables in `DOCKER_AUTH_CONFIG`, which the runner expands before it reads it."""

import json
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.live.on_host import HIDDEN
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree

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


def test_variables_in_docker_auth_config_are_expanded(doctor: Doctor, file: Path) -> None:
    """GitLab Runner 19, common/build.go, `GetAllVariables`: all variables are expanded before any is read."""
    write(file)
    answer = doctor.json("job", str(file), "--hosted", "--offline", "--variable", f"AUTH={AUTH}")
    assert answer["findings"] == []
    assert [(each["image"], each["runner"]["user"]) for each in answer["images"]] == [
        (f"{HOST}/app:1", "user")
    ]


def test_a_variable_without_a_value(doctor: Doctor, file: Path) -> None:
    """Credentials that are not known are not examined."""
    write(file)
    answer = doctor.json("job", str(file), "--hosted", "--offline")
    assert answer["images"] == []
    (found,) = answer["findings"]
    assert (found["name"], found["where"]) == ("variable-unknown", "$DOCKER_AUTH_CONFIG of a, b")
    assert "AUTH" in found["what"]
    assert found["fix"] == "give the value: --variable AUTH=…"
    assert doctor.run("job", str(file), "--hosted", "--offline", "--format", "sarif") == 1
    assert len(json.loads(doctor.output)["runs"][0]["results"]) == 2


def test_variables_in_a_raw_value_are_not_expanded(doctor: Doctor, file: Path, tmp_path: Path) -> None:
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


def test_variables_with_one_image(doctor: Doctor) -> None:
    arguments = ("image", f"{HOST}/app:1", "--hosted", "--offline", "--docker-auth-config", CONFIG)
    assert doctor.run(*arguments, "--variable", f"HOST={HOST}") == 2
    assert "DOCKER_AUTH_CONFIG contains AUTH, whose value is not known here" in doctor.errors
    assert "--variable AUTH=…" in doctor.errors
    known = ("--variable", f"HOST={HOST}", "--variable", f"AUTH={AUTH}")
    (image,) = doctor.json(*arguments, *known)["images"]
    assert image["runner"]["user"] == "user"


def users(doctor: Doctor, *arguments: str) -> list[tuple[str, str | None]]:
    """The images that are examined, each with the user that the runner pulls it with."""
    images = doctor.json(*arguments, "--offline")["images"]
    return [(each["image"], each["runner"]["user"]) for each in images]


@pytest.mark.parametrize("key", ["DOCKER_AUTH_CONFIG", "AUTH"])
def test_a_rule_that_changes_only_the_credentials(doctor: Doctor, file: Path, key: str) -> None:
    """Each distinct pair of an image and its credentials is examined, regardless of what sets them."""
    auths = {user: encoded(user, "password") for user in ("first", "second")}
    values = {
        user: auth if key == "AUTH" else json.dumps({"auths": {HOST: {"auth": auth}}})
        for user, auth in auths.items()
    }
    rules = [
        {"if": "$A", "variables": {key: values["first"]}},
        {"if": "$B", "variables": {key: values["second"]}},
    ]
    repeated = {"if": "$C", "variables": {key: values["first"], "OTHER": "x"}}
    job = {"image": f"{HOST}/app:1", "rules": [*rules, repeated]}
    variables = {"HOST": HOST, **({"DOCKER_AUTH_CONFIG": CONFIG} if key == "AUTH" else {})}
    file.write_text(json.dumps({"variables": variables, "a": job}))
    image = f"{HOST}/app:1"
    assert users(doctor, "job", str(file), "--hosted") == [(image, "first"), (image, "second")]


def test_variables_in_the_docker_auth_config_of_the_runner(
    doctor: Doctor, file: Path, host: HostTree
) -> None:
    """GitLab Runner 19, common/build.go, `GetAllVariables`: also those of its own `environment`."""
    host.runner(environment={"HOST": HOST, "DOCKER_AUTH_CONFIG": CONFIG}, image=f"{HOST}/default:1")
    image = f"{HOST}/app:1"
    file.write_text(json.dumps({"a": {"image": image}, "b": {"image": image, "variables": {"AUTH": AUTH}}}))
    of_host = ("--root", str(host.root))
    assert users(doctor, "image", image, *of_host, "--variable", f"AUTH={AUTH}") == [(image, "user")]
    assert doctor.run("image", image, *of_host, "--offline") == 2
    assert "DOCKER_AUTH_CONFIG contains AUTH, whose value is not known here" in doctor.errors
    answer = doctor.json("job", str(file), *of_host, "--offline")
    assert [(each["image"], each["users"]) for each in answer["images"]] == [(image, ["image of b"])]
    assert [(each["name"], each["where"]) for each in answer["findings"]] == [
        ("variable-unknown", "$DOCKER_AUTH_CONFIG of a")
    ]


def test_the_registries_that_the_docker_auth_config_of_a_job_hides(doctor: Doctor, host: HostTree) -> None:
    """The registries are compared with their variables expanded."""
    host.runner(environment={"HOST": HOST, "DOCKER_AUTH_CONFIG": CONFIG})
    arguments = (
        "image",
        f"{HOST}/app:1",
        "--root",
        str(host.root),
        "--offline",
        "--variable",
        f"AUTH={AUTH}",
    )
    of_job = {HOST: {"auth": AUTH}}
    assert doctor.findings(*arguments, "--docker-auth-config", json.dumps({"auths": of_job})) == {}
    found = doctor.findings(*arguments, "--docker-auth-config", '{"auths": {"a.example": {"auth": "$AUTH"}}}')
    assert found["variable-hidden"]["what"].endswith(f"which also has {HOST}")


def test_images_with_variables_of_the_runner(doctor: Doctor, file: Path, host: HostTree) -> None:
    """GitLab Runner 19, common/build.go, `expandContainerOptions`; executors/docker, `expandImageName`."""
    services = [{"name": "$TEAM/db:1"}, {"name": "$GONE/db:1"}]
    host.runner(environment={"TEAM": "of-runner", "OTHER": "x"}, image="$TEAM/default:1", services=services)
    file.write_text(
        json.dumps({"a": {"script": ["x"], "services": ["$OTHER/b:1"], "variables": {"OTHER": "y"}}})
    )
    answer = doctor.json("job", str(file), "--root", str(host.root), "--offline")
    names = [each["image"] for each in answer["images"]]
    assert names == ["y/b:1", "of-runner/default:1", "of-runner/db:1"]
    assert [(each["name"], each["where"]) for each in answer["findings"]] == [
        ("variable-unknown", "service of every job")
    ]


def test_hidden_variables_of_a_live_host_are_not_known() -> None:
    environment = [f"A={HIDDEN}", "B=b", "B=c=d", "C", "D="]
    host = RunnerHost("x", "19.3.0", (), no_helper, settings={"environment": environment})
    assert host.environment_for({"E": "e"}) == {"B": "c=d", "D": ""}
