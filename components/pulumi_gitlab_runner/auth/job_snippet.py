"""The part of `.gitlab-ci.yml` by which a job takes a role on and logs in to its registries."""

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class EcrLogin:
    """A registry of ECR that a job logs in to."""

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
    # AWS's command line takes the role on by itself, with the token in this file.
    - (umask 077; printf %s "$AWS_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE")
    # Docker would take this variable's credentials, which may not push, in the place of those below.
    - unset DOCKER_AUTH_CONFIG
{logins}"""

_LOGIN = (
    "    - aws {service} get-login-password --region {region}"
    " | docker login --username AWS --password-stdin {host}\n"
)


def job_snippet(name: str, *, role_arn: str, audience: str, logins: Iterable[EcrLogin]) -> str:
    """The text, a hidden job that others extend.

    Args:
        name: of the hidden job, without its dot.
        role_arn: the role.
        audience: for whom GitLab makes the token.
        logins: the registries.
    """
    lines = [
        _LOGIN.format(service="ecr-public" if each.public else "ecr", region=each.region, host=each.host)
        for each in sorted(set(logins))
    ]
    return _SNIPPET.format(name=name, audience=json.dumps(audience), role_arn=role_arn, logins="".join(lines))
