"""Findings about the CI variable DOCKER_AUTH_CONFIG: one that hides another, or that a job does not get."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.config_file import read_docker_config
from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.images.reference import without_password


def variable_findings(variables: JobVariables, runners_own: str) -> Iterator[Finding]:
    """Problems of the origin of ``DOCKER_AUTH_CONFIG``.

    Args:
        variables: the job's.
        runners_own: its value in ``environment`` under ``[[runners]]``.
    """
    if DOCKER_AUTH_CONFIG in variables.withheld:
        yield Finding(
            FindingName.VARIABLE_PROTECTED,
            VARIABLE,
            "the variable is protected, and the job's branch or tag is not",
            "the job does not get it, and pulls without its credentials",
            "protect the branch, or take the protection off the variable and mask it (`docker_auth: […]`, "
            "without `protected`)",
        )
    jobs_own = variables.values.get(DOCKER_AUTH_CONFIG)
    if jobs_own is None or not runners_own:
        return
    lost = sorted(_registries(runners_own) - _registries(jobs_own))
    if lost:
        yield Finding(
            FindingName.VARIABLE_HIDDEN,
            VARIABLE,
            f"the job's variable replaces the runner's own, which also has {', '.join(lost)}",
            "the two are not merged: the job has no credentials for those registries",
            "leave the variable out of `environment` under [[runners]], and put those registries into the "
            "Docker configuration of the runner's host, which is read besides",
        )


def _registries(value: str) -> set[str]:
    config = read_docker_config(value)
    return set(map(without_password, (*config.auths, *config.credential_helpers)))
