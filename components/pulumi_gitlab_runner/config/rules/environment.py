"""Rules for lists of variables, `KEY=value`. Messages contain only the name of a variable."""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.config.feature_flags import FEATURE_FLAGS
from pulumi_gitlab_runner.config.finding import Finding, error, warning

SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|ACCESS_KEY|API_KEY|PRIVATE_KEY)$", re.IGNORECASE)
"""Suffixes of the names of variables with secrets."""


_OF_A_NEW_DATABASE = {
    *("POSTGRES_PASSWORD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"),
    *("MARIADB_PASSWORD", "MARIADB_ROOT_PASSWORD", "MONGO_INITDB_ROOT_PASSWORD"),
    *("MSSQL_SA_PASSWORD", "ELASTIC_PASSWORD", "MINIO_ROOT_PASSWORD"),
}
"""Variables of services that set the password of a new, empty database, which its image requires, such as
hub.docker.com/_/postgres: only jobs reach it, and there is nothing in it yet."""


def check_environment(environment: list[str], path: str, *, of_service: bool = False) -> Iterator[Finding]:
    """Find entries that are not variables, and variables that belong elsewhere.

    Args:
        environment: The variables.
        path: The path of the list.
        of_service: Whether they are those of a service.
    """
    for index, entry in enumerate(environment):
        at = f"{path}[{index}]"
        name, separator, _ = entry.partition("=")
        if not name or not separator:
            yield error(at, "the entry is not a variable", "write it as `KEY=value`")
        elif name == "DOCKER_AUTH_CONFIG":
            yield error(
                at,
                "`DOCKER_AUTH_CONFIG` would show its credentials to every job and service",
                "name the registry in the runner's `registries`; on a host without a stack, move it to "
                ".docker/config.json in the home of the runner's process: no job can read it there",
                "any job can print the credentials",
            )
        elif name in FEATURE_FLAGS:
            yield warning(
                at, f"any job can override the variable `{name}`", "set the flag in `feature_flags`"
            )
        elif SECRET_NAME.search(name) and not (of_service and name in _OF_A_NEW_DATABASE):
            yield warning(
                at,
                f"every job and service can read the variable `{name}`, and the host stores it in plain text",
                "define a secret as a masked CI variable of the projects that need it",
            )
