"""`runner-doctor image`: which credentials are used and why, and each finding on a broken host."""

import base64
import json
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.doctor.stack_file import StackInFile, runner_of_stack
from pulumi_gitlab_runner.registry.answer import Outcome

from tests.auth.resolution.fakes import encoded
from tests.authorities import authority, pem
from tests.doctor.host_tree import Doctor, HostTree
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble, serving

HOME = "root/.docker/config.json"
IMAGE = "registry.example.com:5000/team/app:1"
KEY = "registry.example.com:5000"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def config(password: str = PASSWORD, key: str = KEY) -> str:
    """A Docker configuration with a fixed user and password."""
    return json.dumps({"auths": {key: {"auth": encoded(USERNAME, password)}}})


def offline(host: HostTree, image: str = IMAGE) -> tuple[str, ...]:
    return "image", image, "--root", str(host.root), "--offline"


def test_an_image_that_can_be_pulled(doctor: Doctor, host: HostTree, registry: RegistryDouble) -> None:
    host.write(HOME, json.dumps({"credHelpers": {registry.host: "runner"}}))
    host.helper("runner", {registry.host: PASSWORD})
    answer = doctor.json("image", f"{registry.host}/team/app:1", "--root", str(host.root))
    (image,) = answer["images"]
    assert answer["findings"] == []
    assert (image["runner"]["source"], image["runner"]["user"]) == ("/root/.docker/config.json", USERNAME)
    assert image["registry"] == {
        "outcome": "found",
        "message": f"{registry.host} has it, as {DIGEST}",
        "digest": DIGEST,
    }


def test_offline_asks_no_registry(doctor: Doctor, host: HostTree, registry: RegistryDouble) -> None:
    doctor.json(*offline(host, f"{registry.host}/team/app:1"))
    assert registry.requests == []


def test_the_credentials_that_gitlab_sends_with_the_job(doctor: Doctor, host: HostTree) -> None:
    given = ("--variable", f"CI_REGISTRY={KEY}", "--variable", "CI_JOB_TOKEN=canary")
    (image,) = doctor.json(*offline(host), *given)["images"]
    assert (image["runner"]["source"], image["runner"]["user"]) == (
        "job payload (GitLab Registry)",
        "gitlab-ci-token",
    )


def test_docker_pull_with_other_credentials_is_a_difference(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, config())
    (image,) = doctor.json(*offline(host), "--docker-auth-config", config("canary-other"))["images"]
    assert image["difference"] == (
        f"the runner pulls with those of $DOCKER_AUTH_CONFIG (user {USERNAME}), "
        f"docker pull with those of /root/.docker/config.json (user {USERNAME})"
    )
    (image,) = doctor.json(*offline(host))["images"]
    assert image["difference"] == ""


def test_credentials_store(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credsStore": "runner"}))
    host.helper("runner", {})
    assert "'runner'" in doctor.findings(*offline(host, "nginx"))["credentials-store"]["what"]


def test_a_helper_that_is_missing(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"auths": json.loads(config())["auths"], "credHelpers": {ECR: "ecr-login"}}))
    found = doctor.findings(*offline(host))["helper-missing"]
    assert "docker-credential-ecr-login is not on the PATH" in found["what"]
    assert found["where"] == "/root/.docker/config.json"


def test_a_dropped_source_affects_the_images_that_it_is_for(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"auths": json.loads(config())["auths"], "credHelpers": {ECR: "ecr-login"}}))
    for image, hit in ((IMAGE, True), (f"{ECR}/a:1", True), ("nginx", False)):
        (seen,) = doctor.json(*offline(host, image))["images"]
        assert (seen["hit"], seen["findings"]) == (hit, ["helper-missing"])


def test_a_helper_off_the_path(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {ECR: "ecr-login"}}))
    host.helper("ecr-login", {ECR: PASSWORD}, "usr/bin")
    assert "is in /usr/bin" in doctor.findings(*offline(host))["helper-off-path"]["what"]


def test_a_helper_that_fails(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {ECR: "ecr-login"}}))
    host.write("usr/local/bin/docker-credential-ecr-login", "#!/bin/sh\necho canary\nexit 3\n", 0o755)
    assert "exit status 3" in doctor.findings(*offline(host))["helper-fails"]["what"]


def test_a_helper_with_a_path(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {ECR: "/usr/bin/ecr-login"}}))
    assert "path traversal" in doctor.findings(*offline(host))["helper-name"]["what"]


def test_a_helper_without_credentials_for_its_registry(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {KEY: "runner"}}))
    host.helper("runner", {})
    found = doctor.findings(*offline(host))["helper-silent"]
    assert found["what"] == "docker-credential-runner has no credentials for it"
    assert "Authenticating with credentials from /root/.docker/config.json" in found["why"]


def test_a_hosted_runner_has_no_helper(doctor: Doctor) -> None:
    value = json.dumps({"credHelpers": {ECR: "ecr-login"}})
    found = doctor.findings("image", IMAGE, "--hosted", "--offline", "--docker-auth-config", value)
    assert found.keys() == {"hosted-helper"}


def test_credentials_in_a_home_that_is_not_used(doctor: Doctor, host: HostTree) -> None:
    host.write("home/gitlab-runner/.docker/config.json", config())
    found = doctor.findings(*offline(host))["home"]
    assert "/root/.docker/config.json" in found["fix"]
    host.write(
        "etc/systemd/system/gitlab-runner.service.d/20-home.conf",
        "[Service]\nEnvironment=HOME=/home/gitlab-runner\n",
    )
    assert doctor.findings(*offline(host)) == {}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("my_username:canary", "docker-config"),
        ('{"auths": {"h": {"auth": "canary!"}}}', "docker-config"),
        (json.dumps(config()), "encoded-twice"),
        (base64.b64encode(config().encode()).decode(), "encoded-twice"),
        (
            json.dumps(
                {"auths": {KEY: {"auth": base64.b64encode(encoded("me", "canary").encode()).decode()}}}
            ),
            "encoded-twice",
        ),
        (config("canary\n"), "white-space"),
        (config(key=f"https://{KEY}"), "registry-key"),
        (config(key=f"https://{KEY}/team"), "registry-key"),
        (config(key=f"http://{KEY}"), "registry-key"),
        (config(key=f"{KEY}/v2/"), "registry-key"),
    ],
)
@pytest.mark.parametrize("place", ["variable", "home"])
def test_a_docker_configuration_that_is_broken(
    doctor: Doctor, host: HostTree, value: str, name: str, place: str
) -> None:
    if place == "home":
        host.write(HOME, value)
        found = doctor.findings(*offline(host))
    else:
        found = doctor.findings(*offline(host), "--docker-auth-config", value)
    assert name in found


def test_a_good_docker_configuration(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    hub = {"https://index.docker.io/v1/": {"auth": encoded("me", "canary")}}
    given = json.loads(config())["auths"] | json.loads(config(key="registry.partner.example/team"))["auths"]
    file = tmp_path / "value"
    file.write_text(json.dumps({"auths": given | hub}))
    assert doctor.findings(*offline(host), "--docker-auth-config", f"@{file}") == {}


@pytest.mark.parametrize(
    ("key", "version", "expected"),
    [
        ("index.docker.io", "19.3.0", True),
        ("index.docker.io/v1/", "19.3.0", True),
        ("index.docker.io", "17.4.0", False),
        ("registry-1.docker.io", "17.4.0", True),
        ("https://hub.docker.com", "19.3.0", True),
        ("docker.io", "19.3.0", False),
        ("https://index.docker.io/v1/", "19.3.0", False),
    ],
)
def test_a_host_that_is_not_in_the_names_of_docker_hubs_images(
    doctor: Doctor, key: str, version: str, expected: bool
) -> None:
    given = ["--hosted", "--offline", "--runner-version", version, "--docker-auth-config", config(key=key)]
    finding = doctor.findings("image", "me/app:1", *given).get("registry-key")
    assert (finding is not None) is expected
    assert finding is None or finding["fix"] == "write https://index.docker.io/v1/, as `docker login` does"
    used = doctor.json("image", "me/app:1", *given)["images"][0]["runner"]["user"]
    assert (used == "") is expected


def test_a_path_before_the_runner_knew_paths(doctor: Doctor, host: HostTree) -> None:
    value = config(key=f"{KEY}/team")
    arguments = (*offline(host), "--docker-auth-config", value, "--runner-version")
    assert "registry-key" in doctor.findings(*arguments, "17.4.0")
    assert doctor.findings(*arguments, "17.5.0") == {}


def test_a_port_is_missing(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, config())
    assert (
        "registry.example.com:5000"
        in doctor.findings(*offline(host, "registry.example.com/a:1"))["port"]["fix"]
    )


def test_a_jobs_variable_hides_the_runners_own(doctor: Doctor, host: HostTree) -> None:
    host.runner({"DOCKER_AUTH_CONFIG": config()})
    hiding = ("--docker-auth-config", config(key="registry.partner.example"))
    assert KEY in doctor.findings(*offline(host), *hiding)["variable-hidden"]["what"]
    assert doctor.findings(*offline(host), "--docker-auth-config", config()) == {}


def test_a_protected_variable_on_an_unprotected_branch(
    doctor: Doctor, host: HostTree, tmp_path: Path
) -> None:
    listed = tmp_path / "variables.json"
    listed.write_text(json.dumps([{"key": "DOCKER_AUTH_CONFIG", "value": config(), "protected": True}]))
    arguments = (*offline(host), "--variables", str(listed))
    assert "variable-protected" in doctor.findings(*arguments)
    (image,) = doctor.json(*arguments, "--protected")["images"]
    assert (image["findings"], image["runner"]["source"]) == ([], "$DOCKER_AUTH_CONFIG")


@pytest.mark.parametrize(("hours", "message"), [(-1, "expired at"), (5, "expires at")])
def test_a_stored_ecr_password(doctor: Doctor, host: HostTree, hours: int, message: str) -> None:
    payload = {"payload": "canary", "type": "DATA_KEY", "expiration": int(time.time()) + hours * 3600}
    password = base64.b64encode(json.dumps(payload).encode()).decode()
    host.write(HOME, json.dumps({"auths": {ECR: {"auth": encoded("AWS", password)}}}))
    assert message in doctor.findings(*offline(host, f"{ECR}/private/image:1"))["ecr-token"]["what"]


def test_an_ecr_password_of_a_helper_is_fresh(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {ECR: "runner"}}))
    host.helper("runner", {ECR: "canary"})
    assert doctor.findings(*offline(host, f"{ECR}/private/image:1")) == {}


@pytest.mark.parametrize("key", ["pull_policy", "allowed_pull_policies"])
def test_a_private_image_that_other_projects_may_use(doctor: Doctor, host: HostTree, key: str) -> None:
    host.write(HOME, config())
    host.runner(**{key: ["always", "if-not-present"]})
    assert "pull-policy" in doctor.findings(*offline(host))
    assert doctor.findings(*offline(host, "nginx")) == {}


def test_a_registry_without_credentials(doctor: Doctor, host: HostTree, registry: RegistryDouble) -> None:
    found = doctor.findings("image", f"{registry.host}/team/app:1", "--root", str(host.root))
    assert found.keys() == {"no-credentials"}


def test_credentials_that_the_registry_refuses(
    doctor: Doctor, host: HostTree, registry: RegistryDouble
) -> None:
    host.write(HOME, config("canary-wrong", registry.host))
    found = doctor.findings("image", f"{registry.host}/team/app:1", "--root", str(host.root))
    assert "/root/.docker/config.json" in found["credentials-refused"]["what"]


@pytest.mark.parametrize(
    ("status", "name"),
    [(403, "access-forbidden"), (404, "image-missing"), (429, "too-many-requests"), (500, "registry-fails")],
)
def test_a_registry_that_does_not_serve_the_image(
    doctor: Doctor, host: HostTree, registry: RegistryDouble, status: int, name: str
) -> None:
    registry.status = status
    host.write(HOME, config(key=registry.host))
    assert name in doctor.findings("image", f"{registry.host}/team/app:1", "--root", str(host.root))


def test_an_invalid_name(doctor: Doctor, host: HostTree) -> None:
    assert "'Team/App'" in doctor.findings(*offline(host, "Team/App"))["image-name"]["what"]


def test_a_runner_that_is_only_declared(doctor: Doctor) -> None:
    stacks = Path(__file__).parents[2] / "stacks"
    arguments = ("--stack", "sandbox", "--stacks-dir", str(stacks), "--account", "123456789012")
    (image,) = doctor.json("image", f"{ECR}/ci/base:2026.11", *arguments)["images"]
    assert image["runner"]["source"] == "/root/.docker/config.json"
    assert image["registry"]["message"] == "the password is known only on the host"


@pytest.mark.parametrize("os", ["amazon-linux-2023", "debian-12"])
@pytest.mark.parametrize("hosts", [[], ["127.0.0.1"], ["registry.example.com"]])
def test_the_authorities_that_a_stack_declares_are_trusted(
    doctor: Doctor, tmp_path: Path, hosts: list[str], os: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    own: dict[str, Any] = {"pem": pem()} | ({"hosts": hosts} if hosts else {})
    with serving(RegistryDouble(scheme=""), context) as registry:
        declared = {
            "registries": {"own": {"host": registry.host, "gitlab": {}}},
            "runners": {"build": {"group": 42, "registries": ["own"], "host": {"os": os}}},
            "certificate_authorities": {"own": own},
        }
        text = yaml.safe_dump({"config": {"aws:region": "eu-west-1", "gitlab-runner:stack": declared}})
        (tmp_path / "Pulumi.own.yaml").write_text(text)
        arguments = ("--stack", "own", "--stacks-dir", str(tmp_path), "--account", "123456789012")
        (image,) = doctor.json("image", f"{registry.host}/team/app:1", *arguments)["images"]
    trusted = hosts != ["registry.example.com"]
    assert (image["registry"]["outcome"] == Outcome.NOT_TRUSTED) is not trusted


@pytest.mark.parametrize("runner", ["build", "second"])
def test_a_declared_runner_that_shares_its_host_is_found_in_its_config_toml(
    tmp_path: Path, runner: str
) -> None:
    (tmp_path / "Pulumi.two.yaml").write_text(
        "config:\n"
        "  aws:region: eu-west-1\n"
        "  gitlab-runner:stack:\n"
        "    runners:\n"
        "      build: {group: 42, host: {runner_version: 18.11.0}}\n"
        "      second: {group: 42, host_of: build}\n"
    )
    found = runner_of_stack(StackInFile(tmp_path, "two", "123456789012"), runner, None)
    assert (found.settings["name"], found.runner_version) == (runner, "18.11.0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["image", "nginx", "--stack", "gone", "--account", "123456789012"],
            "Pulumi.gone.yaml cannot be read",
        ),
        (["image", "nginx", "--root", "/nonexistent"], "no runner is found below /nonexistent"),
        (["image", "nginx", "--stack", "sandbox", "--account", "12"], "--account 12: write its 12 digits"),
        (
            ["image", "nginx", "--hosted", "--runner-version", "new"],
            "--runner-version new: write it as 18.11.0",
        ),
        (["image", "nginx", "--hosted", "--docker-auth-config", "@/nonexistent"], "the file cannot be read"),
        (["image", "nginx", "--hosted", "--variables", "/nonexistent"], "/nonexistent cannot be read"),
        (["image", "nginx", "--hosted", "--variable", "KEY"], "--variable accepts KEY=value"),
        (["image"], "usage: runner-doctor image"),
        (["unknown"], "invalid choice: 'unknown'"),
    ],
)
def test_usage_errors(doctor: Doctor, arguments: list[str], message: str) -> None:
    assert doctor.run(*arguments) == 2
    assert message in doctor.errors
    assert doctor.output == ""


def test_an_unknown_runner(doctor: Doctor, host: HostTree) -> None:
    assert doctor.run(*offline(host), "--runner", "gone") == 2
    assert "has no runner 'gone', only: build" in doctor.errors


def test_the_report_as_text(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, config())
    assert doctor.run(*offline(host)) == 0
    assert "✔ registry.example.com:5000/team/app:1" in doctor.output
    assert f"auths → {KEY}, user {USERNAME}" in " ".join(doctor.output.split())
    assert doctor.run(*offline(host, "registry.example.com/team/app:1")) == 1
    assert "1 finding" in doctor.output
    assert "fix" in doctor.output


def test_the_message_of_the_job_log(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, config())
    doctor.run(*offline(host))
    assert "job log Authenticating with credentials from /root/.docker/config.json" in " ".join(
        doctor.output.split()
    )


@pytest.mark.parametrize(
    ("image", "config", "message"),
    [
        ("Bad/Name", {}, "it is not a valid image name"),
        (IMAGE, {"credHelpers": {KEY: "a/b"}}, "the pull fails before the request"),
    ],
)
def test_why_a_registry_is_not_asked(
    doctor: Doctor, host: HostTree, image: str, config: dict[str, Any], message: str
) -> None:
    (found,) = doctor.json(
        "image", image, "--root", str(host.root), "--docker-auth-config", json.dumps(config)
    )["images"]
    assert found["registry"] == {"outcome": "not asked", "message": message, "digest": None}


@pytest.mark.parametrize(
    ("variable", "home", "difference"),
    [
        (("token", ""), None, "those of $DOCKER_AUTH_CONFIG, docker pull with no credentials"),
        (("a\u200b", "p"), None, "those of $DOCKER_AUTH_CONFIG, docker pull with no credentials"),
        (("me", "p"), ("me", "p"), None),
        (
            ("me", "p"),
            ("me", "q"),
            f"those of $DOCKER_AUTH_CONFIG (user me), docker pull with those of /{HOME} (user me)",
        ),
    ],
)
def test_the_difference_to_docker_pull(
    doctor: Doctor,
    host: HostTree,
    variable: tuple[str, str],
    home: tuple[str, str] | None,
    difference: str | None,
) -> None:
    host.write(HOME, json.dumps({"auths": {KEY: {"auth": encoded(*home)}} if home else {}}))
    given = ("--docker-auth-config", json.dumps({"auths": {KEY: {"auth": encoded(*variable)}}}))
    (found,) = doctor.json(*offline(host), *given)["images"]
    assert found["difference"] == (f"the runner pulls with {difference}" if difference else "")


def test_a_pull_of_docker_that_fails_where_the_runners_does_not(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {KEY: "gone"}}))
    given = ("--docker-auth-config", config())
    (found,) = doctor.json(*offline(host), *given)["images"]
    assert found["difference"] == (
        f"the runner pulls with those of $DOCKER_AUTH_CONFIG (user {USERNAME}), "
        "docker pull with no credentials: it fails before"
    )


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"value": "x"}]', "7"])
def test_variables_that_are_not_a_list(doctor: Doctor, tmp_path: Path, text: str) -> None:
    (tmp_path / "v.json").write_text(text)
    arguments = ("image", "nginx", "--hosted", "--offline", "--variables", str(tmp_path / "v.json"))
    status = doctor.run(*arguments)
    assert (status, "is not a list of variables" in doctor.errors) in ((2, True), (0, False))
    assert (status == 0) == (text == "{}")
