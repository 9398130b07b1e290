"""The two containers of a runner manager: the delivery of its files, and the manager itself."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.docker_manager import (
    AWS_DIRECTORY,
    CONFIG_LABEL,
    CURRENT,
    DELIVERED,
    DELIVERY,
    VOLUME,
    manager_environment,
)
from pulumi_gitlab_runner.host.files import LINK, HostFile
from pulumi_gitlab_runner.host.lifecycle import longest_stop
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import given, resolved
from pulumi_gitlab_runner.spec.docker_hosts import DockerHost
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.observation import METRICS

_PATIENCE_S = 120
"""Timeout for a new manager to become healthy, in seconds."""
_LOGS = {"max-size": "10m", "max-file": "3"}


def delivery_container(
    name: str,
    *,
    image: pulumi.Output[str],
    volume: pulumi.Output[str],
    config: pulumi.Output[str],
    files: pulumi.Output[dict[str, HostFile]],
    parent: pulumi.Resource,
) -> pulumi.Output[pulumi.Resource]:
    """A container that writes files into the manager's volume and ends; known once they are delivered.

    Changed files create another container, and do not change the manager.

    Args:
        name: the resource name of the manager.
        image: the manager's image, whose gitlab-runner checks the configuration.
        volume: the name of the manager's volume.
        config: the manager's config.toml without tokens, so that a preview shows its changes.
        files: the files, by their path below `CURRENT`; a secret.
        parent: the parent of the resource.
    """
    delivery = docker.Container(
        f"{name}-files",
        image=image,
        entrypoints=["/bin/sh", f"{DELIVERY}/gitlab-runner-deliver"],
        network_mode="none",
        volumes=[{"volume_name": volume, "container_path": VOLUME}],
        labels=[{"label": CONFIG_LABEL, "value": config}],
        uploads=files.apply(_uploads),
        attach=True,
        logs=True,
        must_run=False,
        # The old container stays until the files are delivered; the official provider would delete it first.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=False),
    )

    def delivered(known: list[str]) -> pulumi.Resource:
        """The container, after the check of its log: a failed container is in the state too."""
        urn, logs = known
        if DELIVERED not in (logs or ""):
            reason = (logs or "").strip() or "the delivery container did not complete"
            raise pulumi.RunError(
                f"the files of the runner manager {name} were not delivered; it keeps its current files:\n"
                f"{reason}\nFix the problem, and deliver them again: pulumi up --replace '{urn}'"
            )
        return delivery

    return pulumi.Output.all(delivery.urn, delivery.container_logs).apply(delivered)


def _uploads(files: Mapping[str, HostFile]) -> list[docker.ContainerUploadArgsDict]:
    uploads: list[docker.ContainerUploadArgsDict] = [
        {"file": f"{DELIVERY}/files/{path}", "content": file.content, "permissions": file.mode}
        for path, file in sorted(files.items())
        if file.mode != LINK
    ]
    links = "".join(f"{path} {file.content}\n" for path, file in sorted(files.items()) if file.mode == LINK)
    deliver = script("gitlab-runner-deliver.sh")
    return [
        {"file": f"{DELIVERY}/links", "content": links, "permissions": "0600"},
        {"file": f"{DELIVERY}/gitlab-runner-deliver", "content": deliver, "permissions": "0755"},
        *uploads,
    ]


def manager_container(
    name: str,
    manager: Manager,
    host: DockerHost,
    *,
    image: pulumi.Output[str],
    volume: pulumi.Output[str],
    network: pulumi.Output[str],
    environment: Environment,
    after: pulumi.Output[pulumi.Resource],
    parent: pulumi.Resource,
) -> docker.Container:
    """The container of a manager. Its replacement starts first; the old container ends after its last job.

    SIGQUIT lets running jobs end (docs.gitlab.com/runner/commands, signals).

    Args:
        name: the resource name.
        manager: the manager that runs in it.
        host: the Docker host that it runs on.
        image: its image.
        volume: the name of the volume of its files.
        network: the name of its network.
        environment: the AWS environment of the stack.
        after: the resource to create first.
        parent: the parent of the resource.
    """
    ended_within = longest_stop(manager.longest_job)
    directory = host.aws_credentials.directory if host.aws_credentials else None
    aws_files: list[docker.ContainerVolumeArgsDict] = []
    if directory is not None:
        aws_files.append({"host_path": given(directory), "container_path": AWS_DIRECTORY, "read_only": True})
    return docker.Container(
        name,
        image=image,
        entrypoints=["/bin/sh", f"{CURRENT}/gitlab-runner-manager"],
        envs=pulumi.Output.all(resolved((host, manager.proxy, manager.authorities)), environment).apply(
            _environment
        ),
        init=True,
        restart="unless-stopped",
        volumes=[
            {"volume_name": volume, "container_path": VOLUME, "read_only": True},
            {"host_path": given(host.socket), "container_path": "/var/run/docker.sock"},
            *aws_files,
        ],
        tmpfs={DIRECTORY: "mode=0700"},
        networks_advanced=[{"name": network}],
        log_driver="json-file",
        log_opts=_LOGS,
        stop_signal="SIGQUIT",
        # Only where Docker itself or its user stops it. It leaves no time for the last report: another value
        # would replace managers that exist.
        stop_timeout=manager.longest_job,
        destroy_grace_seconds=ended_within,
        healthcheck={
            "tests": [
                "CMD",
                "/usr/bin/wget",
                "-q",
                "-O",
                "/dev/null",
                f"http://{METRICS['loopback']}/metrics",
            ],
            "interval": "5s",
            "timeout": "5s",
            "start_period": "30s",
            "retries": 3,
        },
        wait=True,
        wait_timeout=_PATIENCE_S,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[after],
            # The official provider deletes a container before it creates its replacement: no job would start
            # until the last job of the old container has ended.
            delete_before_replace=False,
            custom_timeouts=pulumi.CustomTimeouts(delete=f"{ended_within + _PATIENCE_S}s"),
        ),
    )


def _environment(known: list[Any]) -> list[str]:
    (host, proxy, authorities), environment = known
    return manager_environment(host, environment, proxy, authorities)
