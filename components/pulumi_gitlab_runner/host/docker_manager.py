"""The files, environment and volumes of a runner manager on a Docker host."""

import hashlib
from collections.abc import Mapping

from pulumi_gitlab_runner.auth.docker_config import credentials_as_answer, docker_auth_config
from pulumi_gitlab_runner.auth.registry_list import registry_list
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import CONFIG
from pulumi_gitlab_runner.host.files import LINK, NO_PROGRAMS, HostFile, credential_service_files
from pulumi_gitlab_runner.host.manager_config import manager_config
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.proxy import proxy_variables
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.trust import MANAGER_AUTHORITIES, gitlab_trust
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities
from pulumi_gitlab_runner.spec.docker_hosts import DockerHost
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.proxy import Proxy
from pulumi_gitlab_runner.spec.registries import CredentialSource

VOLUME = "/srv/gitlab-runner"
"""The mount point of the manager's volume; also in gitlab-runner-deliver.sh and gitlab-runner-manager.sh."""
CURRENT = f"{VOLUME}/current"
"""The link to the current files."""
DELIVERY = "/delivery"
"""The directory of the files to deliver; also in gitlab-runner-deliver.sh."""
DELIVERED = "gitlab-runner-deliver: delivered"
"""The last line of a successful gitlab-runner-deliver.sh."""
CONFIG_LABEL = "gitlab-runner.config"
"""The label with the config.toml on the container that delivered the files."""
AWS_DIRECTORY = "/srv/aws"
"""The mount point of the directory with the manager's AWS credentials."""
SYSTEM_AUTHORITIES = "certificate-authorities"
"""The directory below `CURRENT` of the authorities that are trusted for all hosts; also in
gitlab-runner-manager.sh."""
_ACCESS_KEY = "aws/credentials"
_DOCKER_CONFIG = "home/.docker/config.json"


def docker_manager_files(
    inputs: ManagerInputs,
    passwords: Mapping[str, tuple[str, str]] = {},
    access_key: tuple[str, str] | None = None,
) -> dict[str, HostFile]:
    """The files of a manager on a Docker host, by their path below `CURRENT`.

    Args:
        inputs: the manager, and the values on which its files depend.
        passwords: the user and password of each registry that declares them, by its name.
        access_key: the ID and the secret of the manager's access key; None for none.
    """
    registries, environment = inputs.registries, inputs.environment
    authorities = inputs.manager.authorities
    sources = {
        registry.host_in(environment): source
        for name, registry in registries.items()
        if (source := registry.credential_source(environment, _password_source(name)))
    }
    files = {
        "config.toml": HostFile(render(manager_config(inputs))),
        "registries": HostFile(registry_list(sources.items())),
        "gitlab-runner-manager": HostFile(script("gitlab-runner-manager.sh"), "0755"),
    }
    by_host = {registries[name].host_in(environment): each for name, each in passwords.items()}
    if all(source.kind == "file" for source in sources.values()):
        # No credential is renewed, so the manager's image needs no Python for the credential service.
        known = [(registry, *credentials) for registry, credentials in by_host.items()]
        files[_DOCKER_CONFIG] = HostFile(docker_auth_config(known) + "\n")
    else:
        files[_DOCKER_CONFIG] = HostFile(f"{DIRECTORY}/{CONFIG}", LINK)
        files["sbin/gitlab-runner-credentials"] = HostFile(script("gitlab-runner-credentials.sh"), "0755")
        files |= credential_service_files()
    for name, credentials in passwords.items():
        answer = credentials_as_answer(registries[name].host_in(environment), credentials)
        files[_password_file(name)] = HostFile(answer)
    name, certificates = gitlab_trust(authorities, inputs.gitlab_url)
    if name:
        files[f"{MANAGER_AUTHORITIES.removeprefix(f'{CURRENT}/')}/{name}"] = HostFile(certificates, "0644")
    for name, certificates in _system_authorities(authorities).items():
        files[f"{SYSTEM_AUTHORITIES}/{name}.crt"] = HostFile(certificates, "0644")
    if access_key:
        files[_ACCESS_KEY] = HostFile(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(*access_key)
        )
    return files


def manager_environment(
    host: DockerHost,
    environment: AwsEnvironment,
    proxy: Proxy | None = None,
    authorities: Authorities = (),
) -> list[str]:
    """The environment of the manager's process, as `NAME=value`, without secrets.

    Args:
        host: the Docker host.
        environment: the AWS account and region of the stack; an empty region for a stack without AWS.
        proxy: the HTTP proxy of the host; None for none.
        authorities: the certificate authorities that the manager trusts.
    """
    settings = {"HOME": f"{CURRENT}/home", "PATH": NO_PROGRAMS}
    if credentials := host.aws_credentials:
        directory = AWS_DIRECTORY if credentials.directory else f"{CURRENT}/aws"
        settings |= {
            "AWS_CONFIG_FILE": f"{directory}/config",
            "AWS_SHARED_CREDENTIALS_FILE": f"{directory}/credentials",
            "AWS_PROFILE": known(credentials.profile),
            "AWS_REGION": environment.region,
        }
    if proxy:
        settings |= proxy_variables(proxy, environment)
    if trusted := _system_authorities(authorities):
        # The manager reads them only when it starts, so a change must replace its container.
        digest = hashlib.sha256("".join(trusted.values()).encode()).hexdigest()
        settings["CERTIFICATE_AUTHORITIES"] = digest[:12]
    return [f"{name}={value}" for name, value in settings.items()]


def _system_authorities(authorities: Authorities) -> dict[str, str]:
    """The certificates of the authorities that are trusted for all hosts, by their names."""
    return {each.name: "".join(each.certificates) for each in authorities if not each.hosts}


def _password_source(registry: str) -> CredentialSource:
    """The source of the user and password that a registry declares, for the manager."""
    return CredentialSource("file", (f"{CURRENT}/{_password_file(registry)}",))


def _password_file(registry: str) -> str:
    return f"passwords/{registry}"
