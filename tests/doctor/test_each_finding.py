"""Each answer, mode and time that a finding depends on, one by one."""

import base64
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.findings.ecr_tokens import ecr_credentials_findings, ecr_token_findings
from pulumi_gitlab_runner.doctor.findings.host_files import file_mode_findings
from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands, shorthand_findings
from pulumi_gitlab_runner.doctor.findings.ports import port_findings
from pulumi_gitlab_runner.doctor.findings.pull_policy import pull_policy_findings
from pulumi_gitlab_runner.doctor.findings.registry_answers import registry_answer_findings
from pulumi_gitlab_runner.doctor.findings.shadowed import shadowed_findings
from pulumi_gitlab_runner.doctor.job_variables import JobVariables, job_variables
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer

from tests.auth.resolution.fakes import encoded

HOST = "registry.example.com"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def pulled(image: str, **passwords: str) -> Resolution:
    """How an image is pulled with a user and password for some hosts, in the job's variable."""
    auths = {host.replace("_", "."): {"auth": encoded("AWS", each)} for host, each in passwords.items()}
    return with_config(image, {"auths": auths})


def with_config(image: str, config: Any) -> Resolution:
    return resolve_as_runner(
        image,
        runner_version="19.3.0",
        run_helper=no_helper,
        docker_auth_config=json.dumps(config),
        home=(),
        job_credentials=[],
    )


@pytest.mark.parametrize(
    ("outcome", "name", "fix"),
    [
        (Outcome.NO_IMAGE, "image-missing", "fix the name or the tag, or push the image"),
        (Outcome.FORBIDDEN, "access-forbidden", "let this user pull from the repository"),
        (Outcome.TOO_MANY_REQUESTS, "too-many-requests", "pull with credentials, or through a mirror"),
        (Outcome.NOT_TRUSTED, "certificate", f"write it to /etc/docker/certs.d/{HOST}/ca.crt"),
        (Outcome.UNREACHABLE, "registry-unreachable", "check its name, port, firewall and proxy"),
        (Outcome.NO_REGISTRY, "no-registry", "fix the image's host and port"),
        (
            Outcome.FAILED,
            "registry-fails",
            "try again later; if the error persists, contact the registry's operators",
        ),
        (Outcome.UNAUTHORIZED, "no-credentials", "declare the registry under `registries`"),
        (Outcome.FOUND, None, ""),
    ],
)
def test_each_answer_of_a_registry(outcome: Outcome, name: str | None, fix: str) -> None:
    found = list(registry_answer_findings(pulled(f"{HOST}/app:1"), RegistryAnswer(outcome, "it says so")))
    assert [each.name for each in found] == ([name] if name else [])
    if name:
        assert found[0].where == f"{HOST}/app:1"
        assert found[0].what.startswith("it says so")
        assert found[0].why == "the job cannot pull the image"
        assert fix in found[0].fix


def test_credentials_that_are_refused_and_those_that_are_withheld() -> None:
    refused = RegistryAnswer(Outcome.UNAUTHORIZED, "it refuses")
    (found,) = registry_answer_findings(pulled(f"{HOST}/app:1", registry_example_com="p"), refused)
    assert (found.name, found.what) == (
        "credentials-refused",
        "it refuses: those of $DOCKER_AUTH_CONFIG",
    )
    (found,) = registry_answer_findings(with_config(f"{HOST}/app:1", {"auths": {HOST: {}}}), refused)
    assert found.name == "no-credentials"
    assert "fix the findings of $DOCKER_AUTH_CONFIG" in found.fix
    assert list(registry_answer_findings(pulled(f"{ECR}/app:1"), refused)) == []


@pytest.mark.parametrize(
    ("mode", "secret", "program"),
    [
        (0o600, False, True),
        (0o400, False, True),
        (0o700, False, False),
        (0o604, True, True),
        (0o602, True, True),
        (0o601, True, True),
        (0o640, True, True),
        (0o620, True, True),
        (0o610, True, True),
        (0o755, True, False),
        (0o500, False, False),
        (0o775, True, True),
        (0o757, True, True),
        (0o655, True, True),
        (None, False, False),
    ],
)
def test_each_mode_of_a_file(mode: int | None, secret: bool, program: bool) -> None:
    files: Any = SimpleNamespace(mode=lambda path: mode)
    for kinds, found in (((["/a"], []), secret), (([], ["/a"]), program)):
        assert [each.where for each in file_mode_findings(files, *kinds)] == (["/a"] if found else [])
    if secret:
        (finding,) = file_mode_findings(files, ["/a"], [])
        assert (finding.what, finding.fix) == (f"its mode is 0{mode:o}", "chmod 0600 /a")
    if program:
        (finding,) = file_mode_findings(files, [], ["/a"])
        assert finding.fix == "chmod 0755 /a"


END = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (END.replace(minute=29), "its ECR password expires at 2026-11-29 12:30 UTC"),
        (END, "its ECR password expired at 2026-11-29 12:30 UTC"),
    ],
)
def test_when_an_ecr_password_ends(now: datetime, message: str) -> None:
    payload = json.dumps({"payload": "x", "expiration": int(END.timestamp())})
    token = base64.b64encode(payload.encode()).decode()
    key = ECR.replace(".", "_")
    (found,) = ecr_token_findings(pulled(f"{ECR}/app:1", **{key: token}), now)
    assert (found.what, found.where) == (message, f"$DOCKER_AUTH_CONFIG, {ECR}")
    (found,) = ecr_token_findings(pulled(f"{ECR}/app:1", **{key: "anything"}), now)
    assert found.what == "it has an ECR password, which expires after 12 hours"
    assert list(ecr_token_findings(pulled(f"{HOST}/app:1", registry_example_com=token), now)) == []
    assert list(ecr_token_findings(pulled(f"{ECR}/app:1"), now)) == []


def test_an_image_of_ecr_without_credentials() -> None:
    (found,) = ecr_credentials_findings(pulled(f"{ECR}/app:1"))
    assert found.what == f"no source has credentials for {ECR}, and ECR requires credentials for every image"
    assert found.fix.startswith('declare the registry, `ecr: {account: "123456789012", region: eu-west-1}`')
    assert list(ecr_credentials_findings(pulled(f"{ECR}/app:1", **{ECR.replace(".", "_"): "p"}))) == []
    assert list(ecr_credentials_findings(pulled(f"{HOST}/app:1"))) == []
    assert list(ecr_credentials_findings(with_config(f"{ECR}/app:1", {"auths": {ECR: {}}}))) == []


@pytest.mark.parametrize(
    ("docker", "asked", "names"),
    [
        ({}, (), []),
        ({}, ("always",), []),
        ({}, ("never",), ["pull-policy-refused"]),
        ({}, ("never", "always"), []),
        ({"pull_policy": "never"}, ("never",), []),
        ({"pull_policy": ["always", "never"]}, ("never",), []),
        ({"allowed_pull_policies": ["never"]}, ("always",), ["pull-policy-refused"]),
        ({"pull_policy": "if-not-present"}, (), ["pull-policy", "pull-policy"]),
        ({"allowed_pull_policies": ["if-not-present", "always"]}, (), ["pull-policy"]),
        ({"pull_policy": ["if-not-present"], "allowed_pull_policies": ["always"]}, (), ["pull-policy"]),
        ({"pull_policy": ""}, ("always",), []),
    ],
)
def test_each_pull_policy(docker: dict[str, Any], asked: tuple[str, ...], names: list[str]) -> None:
    private = pulled(f"{HOST}/app:1", registry_example_com="p")
    assert [each.name for each in pull_policy_findings(private, docker, asked)] == names
    public = [each.name for each in pull_policy_findings(pulled(f"{HOST}/app:1"), docker, asked)]
    assert public == [each for each in names if each == "pull-policy-refused"]


@pytest.mark.parametrize(
    ("image", "key", "found"),
    [
        (f"{HOST}/app:1", f"{HOST}:5000", True),
        (f"{HOST}:5000/app:1", HOST, True),
        (f"{HOST}:5000/app:1", f"{HOST}:5000", False),
        (f"{HOST}/app:1", "other.example.com:5000", False),
    ],
)
def test_credentials_for_another_port(image: str, key: str, found: bool) -> None:
    findings = list(port_findings(with_config(image, {"auths": {key: {"auth": encoded("a", "b")}}})))
    assert [each.where for each in findings] == ([f"$DOCKER_AUTH_CONFIG, {key}"] if found else [])


def test_nothing_is_shadowed_by_credentials_that_work() -> None:
    image = pulled(f"{HOST}/app:1", registry_example_com="p")
    assert list(shadowed_findings(image, RegistryAnswer(Outcome.FOUND, ""))) == []
    assert list(shadowed_findings(image, None)) == []


STACK = Shorthands({"team": f"{ECR}/team"}, hub_caches=(f"{ECR}/hub",))
ON_HOST = Shorthands(hosts=("a.example", "b.example"))


@pytest.mark.parametrize(
    ("image", "of", "fix"),
    [
        ("team/app:1", STACK, f"write {ECR}/team/app:1"),
        ("other/app:1", STACK, None),
        ("team:1", STACK, None),
        ("docker.io/team/app:1", STACK, None),
        (f"{HOST}/team/app:1", STACK, None),
        (f"{ECR}/hub/redis:7", STACK, f"write {ECR}/hub/library/redis:7"),
        (f"{ECR}/hub/library/redis:7", STACK, None),
        ("team/app/base:1", ON_HOST, "write a.example/app/base:1 or b.example/app/base:1"),
        ("team/app:1", ON_HOST, None),
        ("team/app/base:1", Shorthands(), None),
        ("Bad/Name", STACK, None),
    ],
)
def test_each_name_that_is_short_for_another(image: str, of: Shorthands, fix: str | None) -> None:
    assert [each.fix for each in shorthand_findings(image, of)] == ([fix] if fix else [])


def test_which_variables_a_job_gets(tmp_path: Any) -> None:
    listed = tmp_path / "variables.json"
    variables = [
        {"key": "A", "value": "1"},
        {"key": "B", "value": "2", "protected": True},
        {"key": "C", "value": None, "protected": False},
        {"key": "D", "value": "4", "protected": True},
    ]
    listed.write_text(json.dumps(variables))
    given = ["D=5", "E=a=b", "A="]
    assert job_variables(listed, given, "{}", protected=False) == JobVariables(
        {"A": "", "C": "", "D": "5", "E": "a=b", "DOCKER_AUTH_CONFIG": "{}"}, frozenset({"B"})
    )
    assert job_variables(listed, [], None, protected=True) == JobVariables(
        {"A": "1", "B": "2", "C": "", "D": "4"}
    )
