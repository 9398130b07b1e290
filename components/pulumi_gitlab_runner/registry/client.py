"""Asking a registry for an image as `docker pull` does, as far as its manifest.

Source: the OCI distribution specification 1.1, and distribution/distribution, docs/spec/auth/token.md.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, ImageReference
from pulumi_gitlab_runner.registry.answer import INDEX_TYPES, Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge

_ACCEPT = ", ".join(
    (
        *INDEX_TYPES,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
Question = tuple[ImageReference, Credentials | None]
"""An image, and what to authenticate with; None for a pull without."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_DOCKER_HUB_API = "registry-1.docker.io"
_PATIENCE = 10.0
_AT_ONCE = 16


class _Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """Ends the conversation with an answer."""

    def __init__(self, outcome: Outcome, told: str) -> None:
        super().__init__(told)
        self.answer = RegistryAnswer(outcome, told)


class RegistryClient:
    """Asks registries for images; one client serves any number of threads.

    Credentials go to the registry and to the address that its own challenge names, and after a redirect to
    no other host. Without TLS only this machine is asked.

    Args:
        certificates: the directory with a folder ``HOST[:PORT]`` for each registry with a CA of its own, as
            ``/etc/docker/certs.d``. The system's CAs are trusted besides.
        patience: how many seconds a connection or an answer may take.
    """

    def __init__(self, certificates: Path | None = None, patience: float = _PATIENCE) -> None:
        self._certificates = certificates
        self._patience = patience
        self._lock = Lock()
        self._connections: dict[str, _Registry] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for registry in self._connections.values():
            registry.close()

    def ask(self, image: ImageReference, credentials: Credentials | None = None) -> RegistryAnswer:
        """Ask for an image's manifest.

        Args:
            image: the image; its digest counts before its tag, and no tag is ``latest``.
            credentials: what to authenticate with; None for a pull without.
        """
        try:
            with self._lock:
                registry = self._connections.get(image.registry)
                if registry is None:
                    registry = _Registry(image.registry, self._certificates, self._patience)
                    self._connections[image.registry] = registry
            return registry.manifest(image, credentials)
        except _Refusal as refusal:
            return refusal.answer
        except httpx.TimeoutException:
            return _no_answer(image.registry, self._patience)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return _not_reached(image.registry, error)

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
            answer.result() if answer.done() else _no_answer(image.registry, seconds)
            for (image, _), answer in zip(questions, answers, strict=True)
        ]

    def ask_all(self, questions: Iterable[Question]) -> list[RegistryAnswer]:
        """Ask for many images at once; the answers stand in the order of the questions."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(lambda question: self.ask(*question), questions))


class _Registry:
    """The conversation with one registry: how it authenticates is asked once."""

    def __init__(self, host: str, certificates: Path | None, patience: float) -> None:
        self._host = host
        self._address = _DOCKER_HUB_API if host == DOCKER_HUB else host
        self._local = _is_local(self._address)
        self._client = httpx.Client(
            verify=_trust(host, certificates),
            timeout=patience,
            follow_redirects=True,
            limits=httpx.Limits(max_connections=_AT_ONCE),
            event_hooks={"request": [self._only_with_tls]},
        )
        self._lock = Lock()
        self._base = ""
        self._challenge: Challenge | None = None
        self._failure: Exception | None = None

    def close(self) -> None:
        self._client.close()

    def manifest(self, image: ImageReference, credentials: Credentials | None) -> RegistryAnswer:
        self._ping()
        url = f"{self._base}/v2/{image.repository}/manifests/{image.digest or image.tag or 'latest'}"
        response = self._head(url, image.repository, credentials, self._challenge)
        if response.status_code == 401 and self._challenge is None:
            challenge = read_challenge(response.headers.get_list("www-authenticate"))
            response = self._head(url, image.repository, credentials, challenge)
        if response.status_code != 200:
            raise _refused(self._host, response.status_code, bool(credentials))
        digest = response.headers.get("docker-content-digest") or self._digest_of(response.request)
        if not _DIGEST.fullmatch(digest):
            raise _Refusal(Outcome.FAILED, f"{self._host} has it, and names a digest that is none")
        media_type = response.headers.get("content-type", "").partition(";")[0]
        return RegistryAnswer(Outcome.FOUND, f"{self._host} has it, as {digest}", digest, media_type)

    def _only_with_tls(self, request: httpx.Request) -> None:
        if request.url.scheme != "https" and not _is_local(request.url.netloc.decode()):
            raise _Refusal(Outcome.FAILED, f"{self._host} redirects to {request.url.host} without TLS")

    def _ping(self) -> None:
        """Find out how the registry is reached, and how it authenticates; a failure is one for all images."""
        with self._lock:
            if self._failure:
                raise self._failure
            if not self._base:
                try:
                    self._base = self._reached()
                except Exception as error:
                    self._failure = error
                    raise

    def _reached(self) -> str:
        base = f"https://{self._address}"
        try:
            response = self._client.get(f"{base}/v2/")
        except httpx.TransportError:
            if not self._local:
                raise
            # As Docker Engine does for registries of this machine.
            base = f"http://{self._address}"
            response = self._client.get(f"{base}/v2/")
        if response.status_code == 401:
            self._challenge = read_challenge(response.headers.get_list("www-authenticate"))
        elif response.status_code == 404:
            raise _Refusal(Outcome.NO_REGISTRY, f"{self._host} answers, but is no registry: /v2/ gives 404")
        elif response.status_code != 200:
            raise _refused(self._host, response.status_code, with_credentials=False)
        return base

    def _head(
        self, url: str, repository: str, credentials: Credentials | None, challenge: Challenge | None
    ) -> httpx.Response:
        headers = {"Accept": _ACCEPT}
        if credentials and credentials.registry_token:
            headers["Authorization"] = f"Bearer {credentials.registry_token.get_secret_value()}"
        elif challenge and challenge.scheme == "bearer":
            headers["Authorization"] = f"Bearer {self._token(challenge, repository, credentials)}"
        elif challenge and credentials:
            headers["Authorization"] = _basic(credentials)
        return self._client.head(url, headers=headers)

    def _token(self, challenge: Challenge, repository: str, credentials: Credentials | None) -> str:
        """A token to pull from the repository."""
        realm = urlsplit(challenge.realm)
        if realm.scheme != "https" and not (realm.scheme == "http" and _is_local(realm.netloc)):
            raise _Refusal(
                Outcome.FAILED,
                f"{self._host} wants credentials sent to {realm.hostname or 'no host'} without TLS",
            )
        asked = {"service": challenge.service, "scope": f"repository:{repository}:pull"}
        if credentials and credentials.identity_token:
            refresh = credentials.identity_token.get_secret_value()
            form = asked | {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "docker"}
            # A redirect would take the token along, in the body.
            response = self._client.post(challenge.realm, data=form, follow_redirects=False)
        else:
            headers = {"Authorization": _basic(credentials)} if credentials else {}
            url = httpx.URL(challenge.realm).copy_merge_params(asked)
            response = self._client.get(url, headers=headers)
        if response.status_code != 200:
            raise _refused(
                f"{realm.hostname}, which gives {self._host}'s tokens,",
                response.status_code,
                bool(credentials),
            )
        try:
            found = response.json()
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise _Refusal(Outcome.FAILED, f"{realm.hostname}, which gives {self._host}'s tokens, gave none")
        return token

    def _digest_of(self, request: httpx.Request) -> str:
        """The digest of a manifest that the registry does not name: that of its bytes."""
        response = self._client.get(request.url, headers=request.headers)
        if response.status_code != 200:
            raise _refused(self._host, response.status_code, "authorization" in request.headers)
        return f"sha256:{hashlib.sha256(response.content).hexdigest()}"


def _basic(credentials: Credentials) -> str:
    pair = httpx.BasicAuth(credentials.username, credentials.password.get_secret_value())
    return next(pair.auth_flow(httpx.Request("GET", "https://unused"))).headers["Authorization"]


def _refused(who: str, status: int, with_credentials: bool) -> _Refusal:
    """The answer for a status other than 200."""
    sent = "these credentials" if with_credentials else "a pull without credentials"
    if status == 401:
        return _Refusal(Outcome.UNAUTHORIZED, f"{who} refuses {sent} (401)")
    if status == 403:
        return _Refusal(Outcome.FORBIDDEN, f"{who} does not let {sent} have it (403)")
    if status == 404:
        return _Refusal(Outcome.NO_IMAGE, f"{who} has no such image, or hides it from {sent} (404)")
    if status == 429:
        return _Refusal(Outcome.TOO_MANY_REQUESTS, f"{who} had too many requests (429)")
    return _Refusal(Outcome.FAILED, f"{who} answers with status {status}")


def _no_answer(host: str, seconds: float) -> RegistryAnswer:
    """The answer where a registry gave none in time."""
    return RegistryAnswer(Outcome.UNREACHABLE, f"{host} gave no answer in {seconds:g} seconds")


def _not_reached(host: str, error: Exception) -> RegistryAnswer:
    """The answer where there is none. The reason is the system's own, which holds no secret."""
    if isinstance(error, httpx.ProxyError):
        return RegistryAnswer(Outcome.UNREACHABLE, f"{host} cannot be reached: the proxy says {error}")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RegistryAnswer(
                Outcome.NOT_TRUSTED, f"the certificate of {host} is not trusted: {cause.verify_message}"
            )
        if isinstance(cause, OSError) and cause.strerror:
            return RegistryAnswer(Outcome.UNREACHABLE, f"{host} cannot be reached: {cause.strerror.lower()}")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TooManyRedirects):
        return RegistryAnswer(Outcome.FAILED, f"{host} redirects without end")
    return RegistryAnswer(Outcome.UNREACHABLE, f"{host} does not speak HTTP as a registry does")


def _is_local(address: str) -> bool:
    """Whether a host with or without a port is this machine."""
    name = urlsplit(f"//{address}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _trust(host: str, certificates: Path | None) -> ssl.SSLContext:
    """The CAs of the system, and those that Docker is given for this registry."""
    files = sorted((certificates / host).glob("*.crt")) if certificates else []
    if not files:
        return _system_trust()
    context = ssl.create_default_context()
    for file in files:
        try:
            context.load_verify_locations(file)
        except OSError:
            continue  # Docker Engine would refuse; the certificate then shows as not trusted.
    return context


@cache
def _system_trust() -> ssl.SSLContext:
    """The CAs of the system, which take a while to read."""
    return ssl.create_default_context()
