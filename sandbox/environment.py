"""A sandbox: services on loopback, provider plugins, a state backend, and the engine."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from pulumi_gitlab_runner.images.pinned import OFFLINE

from sandbox import provider_plugins
from sandbox.engine.lookup import locate
from sandbox.engine.release import Engine
from sandbox.lock import exclusive
from sandbox.paths import CHECKOUT, engine_directory
from sandbox.provider_plugins import PluginChoice, parse_choice
from sandbox.services.process import HOST, Service, ServiceProcess
from sandbox.state import StackState

GITLAB_TOKEN = "sandbox-token"  # noqa: S105 (the GitLab double's token, on loopback)
PASSPHRASE = "sandbox"  # noqa: S105 (for secrets that the repository contains)

SERVICES = (
    Service("aws", "sandbox.services.aws", "/moto-api/"),
    Service("gitlab", "sandbox.services.gitlab", "/api/v4/version", {"PRIVATE-TOKEN": GITLAB_TOKEN}),
)
DOCKER = Service("docker", "sandbox.docker", "/_ping")

USERS_OWN = ("AWS_", "GITLAB_", "CI_", "PULUMI_")
"""The prefixes of the environment variables that could give the sandbox access to a user's accounts."""


def engine_environment(engine: Engine) -> dict[str, str]:
    """Return the environment of any stack of this project: with the engine and the project's Python."""
    paths = [str(Path(sys.executable).parent), str(engine.command.parent), os.environ.get("PATH", os.defpath)]
    modules = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ) | {
        "PATH": os.pathsep.join(paths),
        "PYTHONPATH": os.pathsep.join(
            dict.fromkeys(filter(None, os.pathsep.join(modules).split(os.pathsep)))
        ),
        "SANDBOX_PYTHON": os.environ.get("SANDBOX_PYTHON", sys.executable),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


class Sandbox:
    """A sandbox with all of its state below one directory.

    Args:
        directory: the directory; created if it does not exist.
        engine: the engine; by default an available one.
        services: the services; by default AWS and GitLab. `DOCKER` is optional.
        plugins: the provider plugins; by default the choice in the environment, else the stand-ins.

    Raises:
        EngineUnavailableError: from `env` and `pulumi`, if no engine is given or available.
    """

    def __init__(
        self,
        directory: Path,
        engine: Engine | None = None,
        services: Sequence[Service] = SERVICES,
        plugins: PluginChoice | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.services = {service.name: ServiceProcess(service, self.directory) for service in services}
        self.plugins = plugins or parse_choice()
        self._engine = engine

    @cached_property
    def engine(self) -> Engine:
        """The engine that runs its stacks."""
        return self._engine or locate(engine_directory())

    def runs(self) -> bool:
        """Return whether all services are running."""
        return all(process.runs() for process in self.services.values())

    def start(self) -> bool:
        """Start the services that are not running, and wait for them; return whether any was started.

        Raises:
            SandboxError: a service does not start; the message ends with its log.
        """
        with self._alone():
            environment = self._isolated(dict(os.environ)) | {"PYTHONPATH": str(CHECKOUT)}
            started = [process.start(environment) for process in self.services.values()]
            if any(started):
                for stack in self._stacks():
                    self._memory_lost(stack).touch()
            for process in self.services.values():
                process.wait()
        return any(started)

    def memory_lost(self, stack: str) -> bool:
        """Return whether a stack's resources may be lost: a service was started since `memory_restored`.

        The services keep resources in memory. Until a refresh, the state of an existing stack contains
        resources that no longer exist.
        """
        return self._memory_lost(stack).exists()

    def memory_restored(self, stack: str) -> None:
        """Record that the state of a stack matches the services again."""
        self._memory_lost(stack).unlink(missing_ok=True)

    def stop(self) -> bool:
        """Stop the services; return whether any was running."""
        with self._alone():
            stopped = [process.stop() for process in self.services.values()]
        return any(stopped)

    def env(self) -> dict[str, str]:
        """Return the environment of the engine, its plugins and programs in this sandbox."""
        self._prepare()
        return self._isolated(engine_environment(self.engine))

    def pulumi(
        self,
        *arguments: str,
        directory: Path = CHECKOUT,
        environment: Mapping[str, str] | None = None,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `pulumi ARGUMENTS…` without a terminal, and return its output.

        Args:
            arguments: the arguments; `--non-interactive --color never` are added.
            directory: the working directory; by default the checkout.
            environment: environment variables in addition to `env`.
            check: raise `CalledProcessError` if it does not exit with 0.
        """
        return subprocess.run(
            [self.engine.command, *arguments, "--non-interactive", "--color", "never"],
            cwd=directory,
            env=self.env() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=check,
        )

    def has_stack(self, stack: str) -> bool:
        """Return whether a stack with that name exists in the sandbox's backend."""
        return stack in self._stacks()

    def state(self, stack: str) -> StackState:
        """Return the state files of a stack."""
        return StackState(self.directory / "state", stack)

    def _alone(self) -> AbstractContextManager[None]:
        """Lock the services against other processes: all of them are stored in one file."""
        return exclusive(self.directory / "services.lock", lambda: None)

    def _memory_lost(self, stack: str) -> Path:
        return self.directory / f"memory-lost-{stack}"

    def _stacks(self) -> set[str]:
        states = (self.directory / "state" / ".pulumi" / "stacks").glob("*/*.json")
        return {state.stem for state in states}

    def _isolated(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which only this sandbox's services are reachable by default."""
        kept = {name: value for name, value in environment.items() if not name.startswith(USERS_OWN)}
        addresses = {name: process.url for name, process in self.services.items()}
        if "aws" in addresses:
            kept["AWS_ENDPOINT_URL"] = addresses["aws"]
        if "gitlab" in addresses:
            kept["GITLAB_BASE_URL"] = f"{addresses['gitlab']}/api/v4/"
        if "docker" not in addresses:
            kept[OFFLINE] = "true"  # no registry is part of this sandbox
        else:
            kept |= {
                "DOCKER_HOST": f"unix://{self.directory / 'docker' / 'engine.sock'}",
                # The proxy to its registries, and their CA certificate.
                "HTTPS_PROXY": addresses["docker"],
                "https_proxy": addresses["docker"],
                "SSL_CERT_FILE": str(self.directory / "docker" / "authority.pem"),
            }
        kept |= self.plugins.environment(addresses.get("aws", ""))
        return kept | {
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "GITLAB_TOKEN": GITLAB_TOKEN,
            "PULUMI_HOME": str(self.directory / self.plugins.home),
            "PULUMI_BACKEND_URL": f"file://{self.directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "SANDBOX_DIR": str(self.directory),
            # Programs differ in the name that they read.
            **{
                name: ",".join(filter(None, [HOST, environment.get(name)]))
                for name in ("NO_PROXY", "no_proxy")
            },
        }

    def _prepare(self) -> None:
        """Create the directories, and install the plugins."""
        for name in ("state", "logs"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        provider_plugins.place(self.directory, self.plugins)
