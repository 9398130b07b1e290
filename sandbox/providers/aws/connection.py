"""The connection to the AWS APIs: one session, and one client per service and region, for all calls."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sandbox.standin.provider import Refused


class Clients:
    """The clients of one process, created on first use.

    The endpoint and, if ``credentials`` has none, the keys come from the environment, ``AWS_ENDPOINT_URL``
    and ``AWS_ACCESS_KEY_ID``. ``credentials`` are the provider's ``accessKey``, ``secretKey`` and ``token``.
    """

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._credentials = credentials
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """The client for ``service`` in ``region``."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._new(service, region)
            return self._clients[service, region]

    def _new(self, service: str, region: str) -> Any:
        # Imported here: it doubles the start time of a plugin, and not every run calls AWS.
        from botocore.config import Config

        if not self.knows(region):
            # The sandbox's endpoint accepts any region; AWS has no endpoint for an unknown one.
            raise Refused(f"lookup {service}.{region}.amazonaws.com: no such host")
        return self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=self._credentials.get("accessKey"),
            aws_secret_access_key=self._credentials.get("secretKey"),
            aws_session_token=self._credentials.get("token"),
            config=Config(
                # The official provider tries 25 times, over minutes; the sandbox fails fast.
                retries={"total_max_attempts": 2},
                s3={"addressing_style": "path"},
                connect_timeout=5,
                max_pool_connections=32,
                # S3 Control puts the account before the host: a name that does not resolve on loopback.
                proxies={"http": os.environ.get("AWS_ENDPOINT_URL", "")} if service == "s3control" else None,
            ),
        )

    def knows(self, region: str) -> bool:
        """Whether a region is in the SDK's list of regions."""
        import botocore.session

        if self._session is None:
            self._session = botocore.session.get_session()
            self._session.register_component("data_loader", _loader())
        partitions = _loader().load_data("partitions")["partitions"]
        return any(region in partition["regions"] for partition in partitions)


@cache
def _loader() -> Any:
    """The loader of the SDK's descriptions of services, which keeps those that it has read."""
    from botocore.loaders import create_loader

    return create_loader()


@dataclass(frozen=True)
class Connection:
    """The connection of a resource or function: clients for its ``region``, the provider's default tags."""

    clients: Clients
    region: str
    default_tags: Mapping[str, str]

    def client(self, service: str) -> Any:
        """The client for ``service`` in this connection's region."""
        return self.clients.client(service, self.region)

    @property
    def account(self) -> str:
        """The account id of the credentials."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def partition(self) -> str:
        """The partition of the region, the second part of its ARNs."""
        return str(self.client("sts").meta.partition)
