"""The settings of a machine's programs for its proxy and its certificate authorities.

All users can read these files, which contain no secrets.
"""

from collections.abc import Iterable

from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.proxy import proxy_variables
from pulumi_gitlab_runner.host.scripts import shell_settings
from pulumi_gitlab_runner.host.trust import (
    GITLAB_AUTHORITIES,
    docker_trust_files,
    gitlab_trust,
    system_trust_files,
    trust_variables,
)
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023, OperatingSystem
from pulumi_gitlab_runner.spec.proxy import Proxy
from pulumi_gitlab_runner.spec.registries import Registry

ENVIRONMENT = "etc/gitlab-runner/environment"
"""The environment of the machine's programs, in a format for a shell and for systemd."""
_SESSION_AGENT = ("amazon-ssm-agent", "snap.amazon-ssm-agent.amazon-ssm-agent")
"""The units of the Systems Manager agent; the second is that of Ubuntu:
docs.aws.amazon.com/systems-manager/latest/userguide/configure-proxy-ssm-agent-linux.html."""


def first_boot_files(
    proxy: Proxy | None,
    authorities: Authorities,
    environment: AwsEnvironment,
    operating_system: OperatingSystem,
) -> dict[str, str]:
    """The files that must exist at the first boot to fetch the others, by the path below the root.

    Args:
        proxy: the resolved HTTP proxy; None for none.
        authorities: the resolved certificate authorities.
        environment: the AWS account and region of the stack.
        operating_system: the operating system of the machine image.
    """
    variables = {
        **(proxy_variables(proxy, environment) if proxy else {}),
        **trust_variables(authorities, operating_system),
    }
    files = system_trust_files(authorities, operating_system)
    if variables:
        files[ENVIRONMENT] = shell_settings(variables)
        files |= _reading_environment("docker")
    return files


def surroundings_files(inputs: ManagerInputs) -> dict[str, str]:
    """The files of a manager's host, by the path below the root."""
    manager, environment = inputs.manager, inputs.environment
    files = first_boot_files(manager.proxy, manager.authorities, environment, manager.host.os)
    files |= docker_trust_files(manager.authorities, _hosts(inputs.registries.values(), environment))
    name, certificates = gitlab_trust(manager.authorities, inputs.gitlab_url)
    if name:
        files[f"{GITLAB_AUTHORITIES.lstrip('/')}/{name}"] = certificates
    if manager.proxy and manager.host.session_manager:
        files |= _reading_environment(*_SESSION_AGENT)
    return files


def worker_files(
    manager: Manager, registries: Iterable[Registry], environment: AwsEnvironment
) -> dict[str, str]:
    """The files of an instance of a fleet, by the path below the root; empty if the declaration needs none.

    Args:
        manager: the resolved manager of the fleet.
        registries: the registries that its runner uses.
        environment: the AWS account and region of the stack.
    """
    files = first_boot_files(manager.proxy, manager.authorities, environment, AMAZON_LINUX_2023)
    return files | docker_trust_files(manager.authorities, _hosts(registries, environment))


def _hosts(registries: Iterable[Registry], environment: AwsEnvironment) -> list[str]:
    """The hosts of registries, without the paths of credentials."""
    return [each.host_in(environment).partition("/")[0] for each in registries]


def _reading_environment(*units: str) -> dict[str, str]:
    """Drop-in files with which units of the operating system read the environment of the machine."""
    return {
        f"etc/systemd/system/{unit}.service.d/10-runner-host.conf": (
            f"[Service]\nEnvironmentFile=-/{ENVIRONMENT}\n"
        )
        for unit in units
    }
