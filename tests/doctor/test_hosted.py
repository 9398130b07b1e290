"""Reports on a hosted runner."""

from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.findings.registry_answers import registry_answer_findings
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor
from tests.doctor.test_each_finding import HOST, pulled

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
AUTH = encoded("user", "password")


def test_the_pull_policies_of_a_hosted_runner_are_not_known(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("a: {image: {name: 'a:1', pull_policy: if-not-present}}\n")
    assert doctor.run("job", str(file), "--hosted", "--offline") == 0


@pytest.mark.parametrize(
    ("config", "name"),
    [("{}", "no-credentials"), (f'{{"auths": {{"{ECR}": {{"auth": "{AUTH}"}}}}}}', "ecr-token")],
)
def test_a_hosted_runner_gets_a_password_of_ecr_from_a_variable(
    doctor: Doctor, config: str, name: str
) -> None:
    """The fix does not name a service of the host, which belongs to someone else."""
    answer = doctor.json("image", f"{ECR}/app:1", "--hosted", "--offline", "--docker-auth-config", config)
    (found,) = answer["findings"]
    assert found["name"] == name
    assert "hosted_auth" in found["fix"]


def test_a_hosted_runner_gets_another_password_from_a_variable() -> None:
    (found,) = registry_answer_findings(
        pulled(f"{HOST}/app:1"), RegistryAnswer(Outcome.UNAUTHORIZED, "it wants credentials"), hosted=True
    )
    assert found.name == "no-credentials"
    assert "a variable DOCKER_AUTH_CONFIG" in found.fix
