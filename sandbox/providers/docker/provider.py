"""The stand-in: its configuration, and its resource types and functions."""

import os
from functools import cached_property

import docker
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from sandbox.providers.docker.container import Container
from sandbox.providers.docker.networks_and_volumes import Network, Volume
from sandbox.standin.properties import Text
from sandbox.standin.provider import Refused, StandIn
from sandbox.standin.values import UNKNOWN, Properties

_TIMEOUT_S = 120
"""The timeout of a response, and of each line of a pull, in seconds."""


class Docker(StandIn[docker.APIClient]):
    """The stand-in for the official provider.

    Its host defaults to DOCKER_HOST. Unlike the official provider, it has no other default: the sandbox must
    not use the user's own Docker Engine by accident.
    """

    package = "docker"
    version = "5.2.0"
    configuration = {"host": Text()}
    resources = (Container, Network, Volume)
    functions = ()

    def configure(self, settings: Properties) -> None:
        """Sets the configuration, and pings the engine, as the official provider does by default."""
        super().configure(settings)
        if UNKNOWN not in settings.values():
            self._api.ping()

    def connect(self, properties: Properties) -> docker.APIClient:
        """The client, which all resources share."""
        return self._api

    def explain(self, error: Exception) -> str | None:
        """The engine's message, or that it does not respond."""
        if isinstance(error, APIError):
            return " ".join(str(error.explanation or error).split())
        if isinstance(error, DockerException | RequestException | OSError):
            return _unreachable(self._host)
        return None

    @property
    def _host(self) -> str:
        host = self.settings.get("host") or os.environ.get("DOCKER_HOST")
        if host is UNKNOWN:
            raise Refused("docker:host is not known yet")
        if not host:
            raise Refused("no host for Docker: set docker:host in the stack, or DOCKER_HOST")
        return str(host)

    @cached_property
    def _api(self) -> docker.APIClient:
        try:
            return docker.APIClient(self._host, version="auto", timeout=_TIMEOUT_S, use_ssh_client=True)
        except (DockerException, RequestException, OSError):
            raise Refused(_unreachable(self._host)) from None


def _unreachable(host: str) -> str:
    return f"no Docker Engine answers at {host}: docker:host, or DOCKER_HOST, says where it is"
