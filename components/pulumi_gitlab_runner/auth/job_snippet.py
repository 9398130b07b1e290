"""Snippets of `.gitlab-ci.yml` for jobs that assume roles: to log in to registries, to deploy a stack."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pulumi_gitlab_runner import __version__


@dataclass(frozen=True, order=True)
class EcrLogin:
    """An ECR registry that a job logs in to."""

    host: str
    region: str
    public: bool = False


_SNIPPET = """\
# A job that `extends: .{name}` needs the command lines of AWS and Docker.
.{name}:
  id_tokens:
    AWS_ID_TOKEN:
      aud: {audience}
  variables:
    AWS_ROLE_ARN: {role_arn}
    AWS_ROLE_SESSION_NAME: gitlab-job-$CI_JOB_ID
    AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/aws-id-token
  before_script:
    # The AWS command line assumes the role with the token in this file.
    - (umask 077; printf %s "$AWS_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE")
    # Docker would use this variable's credentials, which may not push, in place of those below.
    - unset DOCKER_AUTH_CONFIG
{logins}"""

_LOGIN = (
    "    - aws {service} get-login-password --region {region}"
    " | docker login --username AWS --password-stdin {host}\n"
)


def job_snippet(name: str, *, role_arn: str, audience: str, logins: Iterable[EcrLogin]) -> str:
    """The text of a hidden job that other jobs extend.

    Args:
        name: the name of the hidden job, without its dot.
        role_arn: the ARN of the role.
        audience: the audience of the ID token.
        logins: the registries to log in to.
    """
    lines = [
        _LOGIN.format(service="ecr-public" if each.public else "ecr", region=each.region, host=each.host)
        for each in sorted(set(logins))
    ]
    return _SNIPPET.format(name=name, audience=json.dumps(audience), role_arn=role_arn, logins="".join(lines))


STACK_COMPONENT = "$CI_SERVER_FQDN/my-group/pulumi-gitlab-runner/stack"
"""The CI/CD component of `templates/stack.yml` on a GitLab instance; `my-group` is a placeholder."""

_PIPELINE = """\
include:
  # Where your GitLab has the CI/CD component: templates/stack.yml of pulumi-gitlab-runner.
  - component: {component}@{version}
    inputs:
      stack: {stack}
{backend}      preview_role: {preview_role}
      deploy_role: {deploy_role}
      drift_role: {drift_role}
      audience: {audience}
"""


def pipeline_snippet(
    stack: str, *, backend: str, preview_role: str, deploy_role: str, drift_role: str, audience: str
) -> str:
    """The snippet that includes the CI/CD component of `templates/stack.yml`.

    Args:
        stack: the name of the Pulumi stack.
        backend: the URL of the backend; empty for Pulumi Cloud.
        preview_role: the ARN of the role of previews.
        deploy_role: the ARN of the role of deployments.
        drift_role: the ARN of the role of drift detection.
        audience: the audience of the ID tokens.
    """
    return _PIPELINE.format(
        component=STACK_COMPONENT,
        version=__version__,
        stack=stack,
        backend=f"      backend: {json.dumps(backend)}\n" if backend else "",
        preview_role=preview_role,
        deploy_role=deploy_role,
        drift_role=drift_role,
        audience=json.dumps(audience),
    )
