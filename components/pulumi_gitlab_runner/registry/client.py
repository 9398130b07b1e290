"""A client that resolves images as `docker pull` does, up to the manifest."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Lock
from typing import Self

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.http.client import Stream
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.connection import (
    PULL,
    Certificates,
    Connection,
    Refusal,
    not_reached,
    refused,
    scope,
)
from pulumi_gitlab_runner.registry.manifest import DIGEST, LARGEST_MANIFEST, MANIFEST_TYPES

Question = tuple[ImageReference, Credentials | None]
"""An image and its credentials; None for an anonymous pull."""

PATIENCE_S = 10.0
PATIENCE_FOR_ALL_S = 30.0
_AT_ONCE = 16
_LONGEST_TYPE = 200


class RegistryClient:
    """A client for registries; one instance serves any number of threads.

    Args:
        certificates: returns the CAs of a registry; see `Connection`.
        patience: the timeout for an image, in seconds, including the name lookup of the registry.
    """

    def __init__(self, certificates: Certificates | None = None, patience: float = PATIENCE_S) -> None:
        self._certificates = certificates
        self._patience = patience
        self._lock = Lock()
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for registry in self._connections.values():
            registry.close()

    def ask(
        self,
        image: ImageReference,
        credentials: Credentials | None = None,
        deadline: Deadline | None = None,
    ) -> RegistryAnswer:
        """Request an image's manifest.

        Args:
            image: the image; a digest takes precedence over a tag, and the default tag is ``latest``.
            credentials: the credentials; None for an anonymous pull.
            deadline: the deadline, if it is earlier than the client's timeout.
        """
        try:
            own = Deadline(self._patience)
            return _manifest(self.connection(image.registry), image, credentials, own.within(deadline or own))
        except Refusal as refusal:
            return refusal.answer
        except HttpError as error:
            return not_reached(image.registry, error).answer

    def connection(self, host: str) -> Connection:
        """The connection to a registry, shared by all its images."""
        with self._lock:
            if host not in self._connections:
                self._connections[host] = Connection(host, self._certificates, self._patience)
            return self._connections[host]

    def ask_all(
        self, questions: Iterable[Question], seconds: float = PATIENCE_FOR_ALL_S
    ) -> list[RegistryAnswer]:
        """Request the manifests of images in parallel, with one timeout for all.

        Args:
            questions: the images, with their credentials.
            seconds: the timeout, after which a registry counts as unreachable.

        Returns:
            The answers, in the order of the questions.
        """
        deadline = Deadline(seconds)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(lambda question: self.ask(question[0], question[1], deadline), questions))


def _manifest(
    connection: Connection, image: ImageReference, credentials: Credentials | None, deadline: Deadline
) -> RegistryAnswer:
    path = f"/v2/{image.repository}/manifests/{image.digest or image.tag or 'latest'}"
    asked = path, credentials, [scope(image.repository, PULL)]
    headers = {"Accept": ", ".join(MANIFEST_TYPES)}
    answer = connection.open("HEAD", *asked, headers=headers, deadline=deadline).whole()
    status, digest = answer.status, answer.headers.get("docker-content-digest")
    if status not in (401, 429) and (status != 200 or not digest):
        # Some registries refuse HEAD, or return no digest; `docker pull` then reads the manifest too.
        with closing(connection.open("GET", *asked, headers=headers, deadline=deadline)) as stream:
            status = stream.status
            if status == 200:
                digest = stream.headers.get("docker-content-digest") or _digest_of(connection.host, stream)
    if status != 200:
        raise refused(connection.host, status, bool(credentials))
    if not digest or not DIGEST.fullmatch(digest):
        raise Refusal(Outcome.FAILED, f"{connection.host} has it, and returns an invalid digest")
    return RegistryAnswer(Outcome.FOUND, f"{connection.host} has it, as {digest}", digest)


def _digest_of(host: str, manifest: Stream) -> str:
    """The digest of a manifest, computed in parts; refuses other content, such as a proxy's error page."""
    media_type = (manifest.headers.get("content-type") or "").partition(";")[0].strip()[:_LONGEST_TYPE]
    if media_type not in MANIFEST_TYPES:
        found = f"content of the type {media_type!r}" if media_type else "content without a type"
        raise Refusal(Outcome.NO_REGISTRY, f"{host} returns {found} instead of a manifest")
    running, size = hashlib.sha256(), 0
    for part in manifest.decoded():
        running.update(part)
        size += len(part)
        if size > LARGEST_MANIFEST:
            raise Refusal(Outcome.FAILED, f"{host} returns a manifest that is too large")
    return f"sha256:{running.hexdigest()}"
