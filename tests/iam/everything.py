"""The policy of a manager that uses every feature: each kind of registry, a fleet, a cache, reports."""

import json

from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.fleet import fleet_statements
from pulumi_gitlab_runner.iam.host import lifecycle_statement, report_statements, session_statements
from pulumi_gitlab_runner.iam.manager import HOST, manager_policy
from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement
from pulumi_gitlab_runner.spec import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    PullThroughRegistry,
    Repository,
    StaticRegistry,
)

ECR = "arn:aws:ecr:eu-west-1:123456789012:repository"
SSM = "arn:aws:ssm:eu-west-1:123456789012:parameter"
SECRETS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
CACHE = "arn:aws:s3:::ci-cache-0a1b2c3"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group"
KMS = "arn:aws:kms:eu-west-1:123456789012:key"
TOKEN = f"{SSM}/gitlab-runner/dev/build/token"
PASSWORD = f"{SSM}/gitlab-runner/dev/build/registries/legacy"
PARTNER = f"{SECRETS}:ci/partner-AbCdEf"
OWN = f"{SSM}/ci/own"

HERE = AwsEnvironment("123456789012", "eu-west-1")
PARAMETERS = [f"{SSM}/gitlab-runner/dev/build/*"]
_POLICY = manager_policy(
    [
        EcrRegistry("team", repositories={"ci/base": Repository("ci/base")}),
        EcrRegistry(
            "shared",
            account="210987654321",
            region="us-east-1",
            repositories={"platform/toolchain": Repository("platform/toolchain")},
        ),
        PullThroughRegistry("hub", "docker-hub"),
        EcrPublicRegistry("gallery"),
        StaticRegistry("legacy", "registry.example.com"),
        StaticRegistry("partner", "partner.example", secret=PARTNER, key=f"{KMS}/partner"),
        StaticRegistry("own", "own.example", parameter=OWN, key=f"{KMS}/own"),
    ],
    HERE,
    parameter_arns=PARAMETERS,
    files_arn="arn:aws:s3:::ci-0a1b2c3/build/files.json",
    further=[
        lifecycle_statement("/ci/dev/build", HERE),
        *session_statements(HERE),
        *report_statements(f"{LOGS}:/ci/dev/build", health=True),
        *fleet_statements("ci-dev-build", "ec2-user", HERE),
        *cache_statements("ci-cache-0a1b2c3", ["runners/build"], f"{KMS}/cache", HERE),
    ],
)
POLICY = policy_document(
    [*json.loads(_POLICY)["Statement"], parameter_key_statement(HOST, PARAMETERS, f"{KMS}/hosts")]
)
"""Both inline policies of the role as one."""
