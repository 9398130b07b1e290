"""The connection to the AWS APIs: one session, and one client per service and region, shared by all calls."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.standin.provider import Refused


class Clients:
    """The clients of one process, made when they are first needed.

    The endpoint and, where ``credentials`` has none, the keys come from the environment, ``AWS_ENDPOINT_URL``
    and ``AWS_ACCESS_KEY_ID``. ``credentials`` holds ``accessKey``, ``secretKey`` and ``token`` as the
    provider calls them.
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
        # Imported here: a plugin starts in half the time without it, and not every run makes a call.
        from botocore.config import Config

        if not self.knows(region):
            # The sandbox's endpoint answers for every region; AWS has no host for one that does not exist.
            raise Refused(f"lookup {service}.{region}.amazonaws.com: no such host")
        return self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=self._credentials.get("accessKey"),
            aws_secret_access_key=self._credentials.get("secretKey"),
            aws_session_token=self._credentials.get("token"),
            config=Config(
                # The official provider tries 25 times, over minutes; the sandbox is quick to fail.
                retries={"total_max_attempts": 2},
                s3={"addressing_style": "path"},
                connect_timeout=5,
                max_pool_connections=32,
                # S3 Control puts the account before the host: a name that does not resolve on loopback.
                proxies={"http": os.environ.get("AWS_ENDPOINT_URL", "")} if service == "s3control" else None,
            ),
        )

    def knows(self, region: str) -> bool:
        """Whether AWS has such a region, by the SDK's own list."""
        import botocore.session

        self._session = self._session or botocore.session.get_session()
        partitions = self._session.get_component("data_loader").load_data("partitions")["partitions"]
        return any(region in partition["regions"] for partition in partitions)


@dataclass(frozen=True)
class Connection:
    """What a resource or function works with: clients for its ``region``, the provider's default tags."""

    clients: Clients
    region: str
    default_tags: Mapping[str, str]

    def client(self, service: str) -> Any:
        """The client for ``service`` in this connection's region."""
        return self.clients.client(service, self.region)

    @property
    def account(self) -> str:
        """The number of the account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def partition(self) -> str:
        """The partition of the region, the second part of its ARNs."""
        return str(self.client("sts").meta.partition)
