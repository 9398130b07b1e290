"""Asking a registry for an image as `docker pull` does, as far as its manifest."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self

import httpx

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.connection import (
    PULL,
    Connection,
    Refusal,
    no_answer,
    not_reached,
    refused,
    scope,
)
from pulumi_gitlab_runner.registry.manifest import DIGEST, MANIFEST_TYPES

Question = tuple[ImageReference, Credentials | None]
"""An image, and what to authenticate with; None for a pull without."""

_PATIENCE = 10.0
_AT_ONCE = 16


class RegistryClient:
    """Asks registries for images; one client serves any number of threads.

    Args:
        certificates: the CAs of registries, as `Connection` has them.
        patience: how many seconds a connection or an answer may take.
    """

    def __init__(self, certificates: Path | None = None, patience: float = _PATIENCE) -> None:
        self._certificates = certificates
        self._patience = patience
        self._lock = Lock()
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for registry in self._connections.values():
            registry.close()

    def ask(self, image: ImageReference, credentials: Credentials | None = None) -> RegistryAnswer:
        """Ask for an image's manifest.

        Args:
            image: the image; its digest counts before its tag, and no tag is ``latest``.
            credentials: what to authenticate with; None for a pull without.
        """
        try:
            return _manifest(self.connection(image.registry), image, credentials)
        except Refusal as refusal:
            return refusal.answer
        except httpx.TimeoutException:
            return no_answer(image.registry, self._patience)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return not_reached(image.registry, error)

    def connection(self, host: str) -> Connection:
        """The conversation with a registry, one for all its images."""
        with self._lock:
            if host not in self._connections:
                self._connections[host] = Connection(host, self._certificates, self._patience)
            return self._connections[host]

    def ask_within(self, questions: Sequence[Question], seconds: float) -> list[RegistryAnswer]:
        """Ask for images all at once, and wait for the answers no longer than this altogether.

        The client's patience is for each step of a conversation, and not for looking up a name. So each
        image has a thread of its own, which keeps no program from ending when it is given up.

        Args:
            questions: images, each with what to authenticate with.
            seconds: after which a registry has given no answer.

        Returns:
            the answers, in the order of the questions.
        """
        answers: list[Future[RegistryAnswer]] = [Future() for _ in questions]

        def ask(question: Question, answer: Future[RegistryAnswer]) -> None:
            try:
                answer.set_result(self.ask(*question))
            except Exception as error:
                answer.set_exception(error)

        for asked in zip(questions, answers, strict=True):
            Thread(target=ask, args=asked, daemon=True).start()
        wait(answers, seconds)
        return [
            answer.result() if answer.done() else no_answer(image.registry, seconds)
            for (image, _), answer in zip(questions, answers, strict=True)
        ]

    def ask_all(self, questions: Iterable[Question]) -> list[RegistryAnswer]:
        """Ask for many images at once; the answers stand in the order of the questions."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(lambda question: self.ask(*question), questions))


def _manifest(
    connection: Connection, image: ImageReference, credentials: Credentials | None
) -> RegistryAnswer:
    path = f"/v2/{image.repository}/manifests/{image.digest or image.tag or 'latest'}"
    asked = path, credentials, [scope(image.repository, PULL)]
    accept = {"Accept": ", ".join(MANIFEST_TYPES)}
    response = connection.send("HEAD", *asked, headers=accept)
    if response.status_code != 200:
        raise refused(connection.host, response.status_code, bool(credentials))
    digest = response.headers.get("docker-content-digest")
    if not digest:
        whole = connection.send("GET", *asked, headers=accept)
        if whole.status_code != 200:
            raise refused(connection.host, whole.status_code, bool(credentials))
        digest = f"sha256:{hashlib.sha256(whole.content).hexdigest()}"
    if not DIGEST.fullmatch(digest):
        raise Refusal(Outcome.FAILED, f"{connection.host} has it, and names a digest that is none")
    media_type = response.headers.get("content-type", "").partition(";")[0]
    return RegistryAnswer(Outcome.FOUND, f"{connection.host} has it, as {digest}", digest, media_type)
