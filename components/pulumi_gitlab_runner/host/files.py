"""The files of a runner host that its stack declares."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pulumi_gitlab_runner.auth.registry_list import registry_list
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import CONFIG
from pulumi_gitlab_runner.host.docker_daemon import docker_daemon_config
from pulumi_gitlab_runner.host.lifecycle import longest_stop
from pulumi_gitlab_runner.host.manager_config import manager_config, number_placeholder
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.programs import PROGRAMS, text_and_mode
from pulumi_gitlab_runner.host.scripts import credential_service, shell_settings
from pulumi_gitlab_runner.host.surroundings import ENVIRONMENT, surroundings_files
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.observation import METRICS_PORT

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NO_PROGRAMS = "/usr/local/lib/gitlab-runner-host/no-programs"
"""The PATH of the runner manager's process: a directory that does not exist."""
NUMBERS = "runner-ids"
"""The metadata key of the runners' IDs on the object with the files; also in gitlab-runner-apply.sh."""
LINK = "link"
"""The mode of a file that is a symbolic link."""


@dataclass(frozen=True)
class HostFile:
    """A file of a runner host, owned by root.

    Attributes:
        content: the text; for a symbolic link, its target.
        mode: the permissions in octal, such as ``0600``; `LINK` for a symbolic link.
    """

    content: str
    mode: str = "0600"


def host_files(inputs: ManagerInputs, parameters: HostParameters) -> dict[str, HostFile]:
    """The files of the host of a manager, by their path below the root.

    The Docker configuration is in the home of the manager's process, which is root's under the packaged unit,
    with any `--user` (gitlab-runner: helpers/docker/auth/auth.go, helpers/homedir).

    Args:
        inputs: the manager, and the values on which its files depend.
        parameters: the names of the parameters that the host reads.
    """
    manager, environment = inputs.manager, inputs.environment
    config = manager_config(inputs, parameters.fleet_group)
    number = number_placeholder if inputs.runner_ids is None else None
    # By host: this account's ECR registry and its pull-through caches have the same host and credentials.
    sources = {
        registry.host_in(environment): source
        for registry in inputs.registries.values()
        if (source := registry.credential_source(environment, parameters.source(registry, environment)))
    }
    return {
        **{path: HostFile(*text_and_mode(path, name)) for path, name in PROGRAMS.items()},
        "etc/docker/daemon.json": HostFile(
            docker_daemon_config(
                manager.jobs_on_host,
                known(manager.host.job_networks),
                ipv6=manager.ipv6,
                user_namespaces=manager.host.user_namespaces,
            ),
            "0644",
        ),
        "etc/gitlab-runner/config.toml": HostFile(render(config, number)),
        "etc/gitlab-runner/reporting": HostFile(_reporting(manager, parameters, config)),
        "etc/gitlab-runner/registries": HostFile(registry_list(sources.items())),
        "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf": HostFile(
            _unit_settings(manager, environment), "0644"
        ),
        **_fleet_settings(config, number),
        **{path: HostFile(text, "0644") for path, text in surroundings_files(inputs).items()},
        "root/.docker/config.json": HostFile(f"../..{DIRECTORY}/{CONFIG}", LINK),
        **{f"usr/local/{path}": file for path, file in credential_service_files().items()},
    }


def credential_service_files() -> dict[str, HostFile]:
    """The modules of `gitlab-runner-credentials`, by their path beside the directory of its script."""
    library = "lib/gitlab-runner-host/gitlab_runner_credentials"
    return {f"{library}/{name}": HostFile(text, "0644") for name, text in credential_service().items()}


def _fleet_settings(config: ManagerConfig, number: Callable[[str], str] | None) -> dict[str, HostFile]:
    """The settings that the runner reads only when it starts: those of its autoscaler, without the policies.

    They include the runner's ID, by which it identifies its fleet: with a new ID, a running process would
    manage the fleet twice (gitlab-runner, executors/internal/autoscaler/provider.go).

    The host restarts the runner when this file has changed:
    docs.gitlab.com/runner/configuration/advanced-configuration, the `[runners.autoscaler]` section.
    """
    settings = [
        {"id": number(runner["name"]) if number else runner.get("id")}
        | {key: value for key, value in runner["autoscaler"].items() if key != "policy"}
        for runner in config["runners"]
        if "autoscaler" in runner
    ]
    return {"etc/gitlab-runner/fleet.json": HostFile(json.dumps(settings, indent=1))} if settings else {}


def runner_numbers(numbers: Mapping[str, str]) -> dict[str, str]:
    """The metadata of the object with the files: the IDs of the runners, in the order of their names.

    They are not in the files, which are known before a runner is registered. The names are left out, since S3
    limits metadata to 2 KB: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.

    Args:
        numbers: the runners' IDs in GitLab, by name.
    """
    return {NUMBERS: ",".join(str(int(numbers[each])) for each in sorted(numbers))}


def files_as_json(files: Mapping[str, HostFile]) -> str:
    """The files as one object, which a host fetches and applies as a whole."""
    return json.dumps(
        {path: {"mode": file.mode, "content": file.content} for path, file in sorted(files.items())}, indent=1
    )


def _reporting(manager: Manager, parameters: HostParameters, config: ManagerConfig) -> str:
    """The destinations of the reports of the host's scripts, and the port of its metrics for other hosts.

    They are not in the user data, so that a change needs no new host.
    """
    return shell_settings(
        {
            "LOG_GROUP": parameters.prefix if manager.host.logs else "",
            "HEALTH_OF": parameters.prefix if manager.host.alarm_topic else "",
            "METRICS_PORT": metrics_port(config.get("listen_address", "")),
        }
    )


def metrics_port(listen_address: str) -> str:
    """The port of a runner's metrics for other hosts; empty if other hosts cannot read them.

    The default port is that of the runner: gitlab-runner, common/config.go.
    """
    host, colon, port = listen_address.rpartition(":")
    if not listen_address or (host if colon else listen_address) in ("127.0.0.1", "localhost", "[::1]"):
        return ""
    return port if colon and port.isdigit() else str(METRICS_PORT)


def _unit_settings(manager: Manager, environment: AwsEnvironment) -> str:
    """The settings of the packaged unit.

    After SIGQUIT, running jobs end and are reported (docs.gitlab.com/runner/commands, signals). The PATH has
    no programs, so that a job's own DOCKER_AUTH_CONFIG cannot make the manager run a credential helper. At a
    reboot, Docker starts before the runner and stops after it, and so after its jobs: systemd.unit(5),
    `Before=, After=`.
    """
    before_a_fleets_manager = [
        # It installs the plugin in the runner's HOME, where the runner looks for it, unless it is there.
        "ExecStartPre=/usr/bin/gitlab-runner fleeting install",
        f"ExecStartPre=/usr/bin/env PATH={_SYSTEM_PATH} gitlab-runner-turn",
        "TimeoutStartSec=infinity",
    ]
    return "\n".join(
        (
            "[Unit]",
            "Wants=gitlab-runner-credentials.service",
            "After=gitlab-runner-credentials.service docker.service",
            "",
            "[Service]",
            "Environment=HOME=/root",
            f"Environment=PATH={NO_PROGRAMS}",
            f"Environment=AWS_REGION={environment.region}",
            f"EnvironmentFile=-/{ENVIRONMENT}",
            f"ExecStartPre=/usr/bin/env PATH={_SYSTEM_PATH} gitlab-runner-firewall",
            *(before_a_fleets_manager if manager.fleet else ()),
            "KillSignal=SIGQUIT",
            f"TimeoutStopSec={longest_stop(manager.longest_job)}",
            "",
        )
    )
