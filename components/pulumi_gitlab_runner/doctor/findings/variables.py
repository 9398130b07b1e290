"""Findings about the CI variable DOCKER_AUTH_CONFIG: it replaces another one, or a job does not get it."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.auth.resolution.config_file import read_docker_config
from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables
from pulumi_gitlab_runner.images.reference import without_password


def variable_findings(variables: JobVariables, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Problems of the origin of ``DOCKER_AUTH_CONFIG``.

    Args:
        variables: the variables of the job.
        environment: the variables of ``environment`` under ``[[runners]]``.
    """
    if DOCKER_AUTH_CONFIG in variables.withheld:
        yield Finding(
            FindingName.VARIABLE_PROTECTED,
            VARIABLE,
            "the variable is protected, and the job's branch or tag is not",
            "the job does not get it, and pulls without its credentials",
            "protect the branch, or make the variable unprotected and masked (`docker_auth: […]`, without "
            "`protected`)",
        )
    if DOCKER_AUTH_CONFIG not in variables.values or not environment.get(DOCKER_AUTH_CONFIG):
        return
    others = {key: value for key, value in variables.values.items() if key != DOCKER_AUTH_CONFIG}
    runners_own = _registries(RunnerVariables(environment, others))
    lost = sorted(runners_own - _registries(RunnerVariables(environment, variables.values)))
    if lost:
        yield Finding(
            FindingName.VARIABLE_HIDDEN,
            VARIABLE,
            f"the job's variable replaces that of the runner's `environment`, which also has "
            f"{', '.join(lost)}",
            "the two are not merged: the job has no credentials for those registries",
            "remove the variable from `environment` under [[runners]], and add those registries to the "
            "Docker configuration of the runner's host, which is read in addition",
        )


def _registries(variables: RunnerVariables) -> set[str]:
    config = read_docker_config(variables.docker_auth_config()[0])
    return set(map(without_password, (*config.auths, *config.credential_helpers)))
