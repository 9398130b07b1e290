"""Each provider with its stand-in, its cases, and the services of the sandbox that they run on."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from sandbox.docker.__main__ import LEGACY
from sandbox.docker.prepare import prepare
from sandbox.docker.runner_image import runner_image
from sandbox.engine.release import Engine
from sandbox.environment import DOCKER, SERVICES, Sandbox
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.provider_plugins import PluginChoice
from sandbox.providers.aws.provider import Aws
from sandbox.providers.docker.provider import Docker
from sandbox.providers.docker_build.provider import DockerBuild
from sandbox.providers.gitlab.provider import GitLab
from sandbox.services.process import Service
from sandbox.standin.provider import StandIn
from tests.conformance import aws_cases, docker_build_cases, docker_cases, gitlab_cases
from tests.conformance.plugin import Plugin
from tests.conformance.script import Case

AWS, GITLAB = SERVICES


@dataclass(frozen=True)
class Provider:
    """A provider under comparison.

    Attributes:
        stand_in: its stand-in.
        service: what it runs on.
        cases: its cases, given the plugin, and a directory for files.
        configuration: that of the provider.
        furnish: puts what the cases need into the service; returns environment variables for the plugin.
        accepted: intended differences: a part of the line, and the reason.
    """

    stand_in: type[StandIn[Any]]
    service: Service
    cases: Callable[[Plugin, Path], Iterable[Case]]
    configuration: Mapping[str, str] = field(default_factory=dict)
    furnish: Callable[[Sandbox], Mapping[str, str]] = lambda _: {}
    accepted: Mapping[str, str] = field(default_factory=dict)

    def served(self, token: str) -> set[str]:
        """The properties of a type that the stand-in serves."""
        resource = next(each for each in self.stand_in.resources if each.token == token)
        return {*resource.inputs, *resource.outputs}

    @contextlib.contextmanager
    def environment(self, directory: Path) -> Iterator[Mapping[str, str]]:
        """Start the service, with an empty state; yield the variables with which a plugin finds it.

        Raises:
            SandboxError: it does not start.
        """
        if self.service == DOCKER:
            helper = prepare(sandbox_directory(), Progress())
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "ecr-login").symlink_to(helper.parents[1])
        engine, choice = Engine(Path("pulumi"), "none"), PluginChoice(frozenset())
        sandbox = Sandbox(directory, engine, (self.service,), choice)
        try:
            sandbox.start()
            served = sandbox.env()
            official = PluginChoice(frozenset({self.stand_in.package}))
            more = official.environment(served.get("AWS_ENDPOINT_URL", ""))
            yield {**served, **more, **self.furnish(sandbox)}
        finally:
            sandbox.stop()


def _furnish_docker(sandbox: Sandbox) -> Mapping[str, str]:
    """Give the Docker Engine an image, a network and a volume."""
    client = docker.APIClient(f"unix://{sandbox.directory}/docker/engine.sock")
    try:
        files = runner_image(prepare(sandbox_directory(), Progress()))
        for tag in ("1", "2"):
            client.import_image_from_data(files, "shell", tag)  # type: ignore[no-untyped-call]
        client.create_network(docker_cases.NETWORK)
        client.create_volume(docker_cases.VOLUME)
    finally:
        client.close()
    return {}


def _furnish_builds(sandbox: Sandbox) -> Mapping[str, str]:
    """Log in to a registry, in a Docker configuration of its own."""
    assert LEGACY.credentials is not None
    login = f"{LEGACY.credentials.username}:{LEGACY.credentials.password}".encode()
    home = sandbox.directory / "docker-home"
    home.mkdir()
    auths = {LEGACY.host: {"auth": base64.b64encode(login).decode()}}
    (home / "config.json").write_text(json.dumps({"auths": auths}))
    return {"DOCKER_CONFIG": str(home), "HOME": str(home)}


_EARLIER = "refused at the check here, at the creation there"
_OF_DOCKER = {
    "changes.memorySwap: stand-in None": "what Docker sets beside a limit shows as a change; not served here",
    "import: outputs.mounts: stand-in None": "an import here does not show mounts",
    "preview: outputs.user: stand-in <Unknown": "the image decides where the program does not",
    "preview: outputs.workingDir: stand-in <Unknown": "the image decides where the program does not",
    "check wait=True: refused: stand-in True": _EARLIER,
    "check uploads=[{'file': '/it'}]: refused: stand-in True": _EARLIER,
}
_MADE_UP = "AWS makes it up"
_PACKED = "the archive is packed otherwise"
_UNPATCHED = "known at a preview with the patches of Pulumi's plugin"
_COMPLETED = "what AWS completes is known after the creation here"
_BESIDES = "what an update changes besides, and replaces nothing"
_OF_AWS = {
    "outputs.createDate: ": _MADE_UP,
    "outputs.uniqueId: ": _MADE_UP,
    "outputs.policyId: ": _MADE_UP,
    "outputs.publicIp: stand-in '127.": _MADE_UP,
    "outputs.versionId: stand-in '*', official 'terraform-": "the provider makes it up",
    "outputs.codeSha256: ": _PACKED,
    "outputs.sourceCodeSize: ": _PACKED,
    "region: stand-in '": "of what a region has one of, each plugin makes it in another region",
    "preview: outputs.tagsAll: stand-in None, official <Unknown": _UNPATCHED,
    "preview: outputs.blockDeviceMappings: stand-in [": _COMPLETED,
    "preview: outputs.initialLifecycleHooks: stand-in [": _COMPLETED,
    "preview: outputs.launchTemplate: stand-in {": _COMPLETED,
    "preview: outputs.metadataOptions: stand-in {": _COMPLETED,
    "preview: outputs.rules: stand-in [": _COMPLETED,
    "preview: outputs.versioningConfiguration: stand-in {": _COMPLETED,
    "changes.capacityReservationSpecification: stand-in None, official False": _BESIDES,
    "changes.lastModified: stand-in None, official False": _BESIDES,
    "changes.latestVersion: stand-in None, official False": _BESIDES,
    "changes.result: stand-in None, official False": _BESIDES,
    "changes.version: stand-in None, official False": _BESIDES,
    "changes.versionId: stand-in None, official False": _BESIDES,
    "changes after.heartbeatTimeout: stand-in None, official False": "AWS's default is a change there",
    "check colour='red': refused: stand-in True": "types of the plugin framework ignore others",
}
_OF_DOCKER_BUILD = {
    "check network='bridge': refused: stand-in True": "served here: the network `default` alone",
    "wrong/Dockerfile'}: refused: stand-in False": "refused at the creation here, at the check there",
}

PROVIDERS: Mapping[str, Provider] = {
    "aws": Provider(
        Aws,
        AWS,
        lambda plugin, _: aws_cases.cases(plugin),
        configuration={"region": "eu-west-1"},
        accepted=_OF_AWS,
    ),
    "docker": Provider(
        Docker, DOCKER, lambda *_: docker_cases.CASES, furnish=_furnish_docker, accepted=_OF_DOCKER
    ),
    "docker-build": Provider(
        DockerBuild,
        DOCKER,
        lambda _, directory: docker_build_cases.cases(directory),
        furnish=_furnish_builds,
        accepted=_OF_DOCKER_BUILD,
    ),
    "gitlab": Provider(GitLab, GITLAB, lambda *_: gitlab_cases.CASES),
}
