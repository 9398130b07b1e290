"""The part of `.gitlab-ci.yml` with which a job logs in, run as in a job, with the AWS CLI."""

import os
import subprocess
import sys
from pathlib import Path

import pulumi_gitlab_runner
import pytest
import yaml
from pulumi_gitlab_runner.auth.job_snippet import EcrLogin, job_snippet, pipeline_snippet

from sandbox.services.aws.server import AwsServer

ROLE = "arn:aws:iam::123456789012:role/publish"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ID_TOKEN = "header.canary-of-the-token.signature"
JOB = yaml.safe_load(
    job_snippet(
        "publish",
        role_arn=ROLE,
        audience="https://gitlab.example.com",
        logins=[
            EcrLogin("public.ecr.aws", "us-east-1", public=True),
            EcrLogin(HOST, "eu-west-1"),
            EcrLogin(HOST, "eu-west-1"),
        ],
    )
)[".publish"]
DOCKER = """#!/bin/sh
printf '%s [%s]%s\\n' "$*" "$(cat)" "${DOCKER_AUTH_CONFIG+ with other credentials}" >> "$DOCKER_CALLS"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the script ran; its `docker` records the arguments of each call."""
    folder = tmp_path_factory.mktemp("job")
    docker = folder / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    with AwsServer() as server:
        environment = {
            "PATH": os.pathsep.join([str(folder), str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ID_TOKEN": ID_TOKEN,
            "DOCKER_AUTH_CONFIG": '{"auths":{}}',
            "DOCKER_CALLS": str(folder / "calls"),
            **JOB["variables"],
            "AWS_ROLE_SESSION_NAME": JOB["variables"]["AWS_ROLE_SESSION_NAME"].replace("$CI_JOB_ID", "42"),
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
        }
        script = "set -e\n" + "\n".join(JOB["before_script"])
        subprocess.run(["sh", "-c", script], env=environment, check=True, timeout=120)
    return folder


def test_docker_is_logged_in_to_each_registry_once(ran: Path) -> None:
    assert (ran / "calls").read_text().splitlines() == [
        f"login --username AWS --password-stdin {HOST} [123456789012-auth-token]",
        "login --username AWS --password-stdin public.ecr.aws [gallery-auth-token]",
    ]


def test_only_its_owner_can_read_the_id_token(ran: Path) -> None:
    file = ran / "token"
    assert file.read_text() == ID_TOKEN
    assert file.stat().st_mode & 0o077 == 0


BACKENDS = [("", None), ("s3://my-state/ci?region=eu-west-1", "s3://my-state/ci?region=eu-west-1")]


@pytest.mark.parametrize(("backend", "expected"), BACKENDS)
def test_the_inputs_of_the_pipelines_component(backend: str, expected: str | None) -> None:
    text = pipeline_snippet(
        "prod",
        backend=backend,
        preview_role="P",
        deploy_role="D",
        drift_role="R",
        audience="sts.amazonaws.com",
    )
    ((include,),) = (yaml.safe_load(text)["include"],)
    component = "$CI_SERVER_FQDN/my-group/pulumi-gitlab-runner/stack"
    assert include["component"] == f"{component}@{pulumi_gitlab_runner.__version__}"
    roles = {"preview_role": "P", "deploy_role": "D", "drift_role": "R"}
    given = {"stack": "prod", **roles, "audience": "sts.amazonaws.com"}
    assert include["inputs"] == given | ({"backend": expected} if expected else {})


def test_gitlab_is_asked_for_a_token_for_the_role() -> None:
    assert JOB["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "https://gitlab.example.com"}}
    assert JOB["variables"]["AWS_ROLE_ARN"] == ROLE
