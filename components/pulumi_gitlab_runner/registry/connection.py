"""A connection to one registry: its URL, its authentication, and the meaning of its errors.

Source: the OCI distribution specification 1.1, and distribution/distribution, docs/spec/auth/token.md.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Lock
from urllib.parse import urlencode, urljoin, urlsplit

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import (
    HttpClient,
    Stream,
    origin_of,
    trusting,
)
from pulumi_gitlab_runner.http.connection import Content
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import (
    HttpError,
    NotTrustedError,
    RedirectError,
    TimedOutError,
    TooLargeError,
)
from pulumi_gitlab_runner.images.reference import DOCKER_HUB
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge

PULL, PUSH = "pull", "pull,push"
"""The actions on a repository, as in the scope of a token."""

_DOCKER_HUB_API = "registry-1.docker.io"


_TokenKey = tuple[str, Credentials | None]


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """Ends a request with an answer."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        self.answer = RegistryAnswer(outcome, printable(message))
        super().__init__(self.answer.message)


Certificates = Callable[[str], Iterable[str]]
"""Returns the CAs, in PEM, that are trusted for the host of a registry."""


class Connection:
    """A connection to one registry, for any number of threads; the authentication is discovered once.

    Credentials are sent only to the registry and to the token service in its challenge, and not to another
    host after a redirect. Connections without TLS are allowed only to this machine, and only for a registry
    on it, so that no other one can redirect to this machine's services.

    Args:
        host: the registry, as in image references.
        certificates: returns the CAs that are trusted for a registry in addition to the system's.
        patience: the timeout of a request without a deadline, in seconds.
    """

    def __init__(self, host: str, certificates: Certificates | None, patience: float) -> None:
        self.host = host
        self.patience = patience
        self._address = _DOCKER_HUB_API if host == DOCKER_HUB else host
        further = list(certificates(host)) if certificates else []
        self._client = HttpClient(trusting(further) if further else None, self._only_with_tls)
        self._reaching = Lock()
        self._base = ""
        self._challenge: Challenge | None = None
        self._failure: Exception | None = None
        self._tokens = _Tokens()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def open(
        self,
        method: str,
        path: str,
        credentials: Credentials | None,
        scopes: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        deadline: Deadline | None = None,
    ) -> Stream:
        """Send a request, authenticated as the registry requires; the caller reads or closes the response.

        Args:
            method: the method, such as ``HEAD``.
            path: the path, ``/v2/…``; or an absolute URL from the registry, which gets credentials only if it
                has the registry's origin.
            credentials: the credentials; None for an anonymous request.
            scopes: the scopes of the token, such as ``repository:team/app:pull``.
            headers: additional headers.
            content: the body; in parts, it is sent only once, also if the registry then requires a token.
            deadline: the deadline, including the connection and the tokens.

        Raises:
            Refusal: the registry or its token service refuses the request.
            HttpError: there is no response.
        """
        deadline = deadline or Deadline(self.patience)
        self._reach(deadline)
        url = urljoin(self._base, path)
        own = origin_of(url) == origin_of(self._base)
        challenge = self._challenge

        def sent() -> Stream:
            authorization = self._authorization(challenge, credentials, scopes, deadline) if own else {}
            return self._client.open(
                method, url, deadline=deadline, headers={**(headers or {}), **authorization}, content=content
            )

        stream = sent()
        repeatable = content is None or isinstance(content, bytes)
        if stream.status == 401 and own and repeatable:
            # Some registries send their challenge only here, and tokens expire after some minutes.
            challenge = challenge or read_challenge(stream.headers.get_all("www-authenticate", []))
            if self._tokens.forget((" ".join(scopes), credentials)) or self._challenge is None:
                stream.whole()
                stream = sent()
        return stream

    def forget_failure(self) -> None:
        """Make the next request try an unreachable registry again."""
        with self._reaching:
            self._failure = None

    def _only_with_tls(self, scheme: str, host: str) -> None:
        if scheme != "https" and not self._on_this_machine(host):
            raise Refusal(Outcome.FAILED, f"{self.host} redirects to {host} without TLS")

    def _on_this_machine(self, host: str) -> bool:
        """Whether a host and the registry are the local machine."""
        return all(map(_is_local, (host, _scheme_and_host(f"https://{self._address}")[1])))

    def _reach(self, deadline: Deadline) -> None:
        """Discover the URL and the authentication of the registry; a failure applies to all images."""
        if self._base:
            return
        with _held(self._reaching, deadline):
            if self._failure:
                raise self._failure
            if not self._base:
                try:
                    self._base = self._reached(deadline)
                except Exception as error:
                    self._failure = error
                    raise

    def _reached(self, deadline: Deadline) -> str:
        base = f"https://{self._address}"
        try:
            answer = self._client.ask("GET", f"{base}/v2/", deadline=deadline)
        except (NotTrustedError, RedirectError, TooLargeError):
            raise
        except HttpError:
            if not _is_local(_scheme_and_host(base)[1]):
                raise
            answer = None
        if answer is None:
            # Docker Engine does the same for registries on this machine.
            base = f"http://{self._address}"
            answer = self._client.ask("GET", f"{base}/v2/", deadline=deadline)
        if answer.status == 401:
            self._challenge = read_challenge(answer.headers.get_all("www-authenticate", []))
        elif answer.status == 404:
            raise Refusal(
                Outcome.NO_REGISTRY, f"{self.host} answers, but is not a registry: /v2/ returns 404"
            )
        elif answer.status != 200:
            raise refused(self.host, answer.status, with_credentials=False)
        return base

    def _authorization(
        self,
        challenge: Challenge | None,
        credentials: Credentials | None,
        scopes: Sequence[str],
        deadline: Deadline,
    ) -> dict[str, str]:
        if credentials and credentials.registry_token:
            return {"Authorization": f"Bearer {credentials.registry_token.get_secret_value()}"}
        if challenge and challenge.scheme == "bearer":
            key = " ".join(scopes), credentials
            with self._tokens.of(key, deadline) as tokens:
                if key not in tokens:
                    tokens[key] = self._token(challenge, scopes, credentials, deadline)
                return {"Authorization": f"Bearer {tokens[key]}"}
        if challenge and credentials:
            return {"Authorization": _basic(credentials)}
        return {}

    def _token(
        self,
        challenge: Challenge,
        scopes: Sequence[str],
        credentials: Credentials | None,
        deadline: Deadline,
    ) -> str:
        """A token for the requested scopes."""
        scheme, host = _scheme_and_host(challenge.realm)
        if scheme != "https" and not (scheme == "http" and self._on_this_machine(host)):
            raise Refusal(
                Outcome.FAILED,
                f"{self.host} requires credentials to be sent to {host or 'no host'} without TLS",
            )
        who = f"{host}, the token service of {self.host},"
        try:
            if credentials and credentials.identity_token:
                refresh = credentials.identity_token.get_secret_value()
                form = {"service": challenge.service, "scope": " ".join(scopes)}
                form |= {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "docker"}
                answer = self._client.ask(
                    "POST",
                    challenge.realm,
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                    content=urlencode(form).encode(),
                    deadline=deadline,
                )
            else:
                headers = {"Authorization": _basic(credentials)} if credentials else {}
                asked = urlencode([("service", challenge.service), *(("scope", each) for each in scopes)])
                url = f"{challenge.realm}{'&' if '?' in challenge.realm else '?'}{asked}"
                answer = self._client.ask("GET", url, headers=headers, deadline=deadline)
        except HttpError as error:
            raise not_reached(who, error) from None
        if answer.status != 200:
            raise refused(who, answer.status, bool(credentials))
        try:
            found = read_json(answer.content)
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Refusal(Outcome.FAILED, f"{who} returned no token")
        return token


class _Tokens:
    """Tokens by scopes and credentials; several threads that need the same token request it once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asking: dict[_TokenKey, Lock] = {}
        self._tokens: dict[_TokenKey, str] = {}

    @contextmanager
    def of(self, key: _TokenKey, deadline: Deadline) -> Iterator[dict[_TokenKey, str]]:
        """The cached tokens, locked for one key."""
        with self._lock:
            asking = self._asking.setdefault(key, Lock())
        with _held(asking, deadline):
            yield self._tokens

    def forget(self, key: _TokenKey) -> bool:
        """Remove an expired token, and return whether there was one."""
        return self._tokens.pop(key, None) is not None


def scope(repository: str, actions: str) -> str:
    """The scope of a token for actions on a repository."""
    return f"repository:{repository}:{actions}"


def refused(who: str, status: int, with_credentials: bool) -> Refusal:
    """The answer for a status other than 200."""
    sent = "these credentials" if with_credentials else "a pull without credentials"
    if status == 401:
        return Refusal(Outcome.UNAUTHORIZED, f"{who} refuses {sent} (401)")
    if status == 403:
        return Refusal(Outcome.FORBIDDEN, f"{who} denies access to {sent} (403)")
    if status == 404:
        return Refusal(Outcome.NO_IMAGE, f"{who} has no such image, or hides it from {sent} (404)")
    if status == 429:
        return Refusal(Outcome.TOO_MANY_REQUESTS, f"{who} received too many requests (429)")
    return Refusal(Outcome.FAILED, f"{who} answers with status {status}")


def not_reached(who: str, error: HttpError) -> Refusal:
    """The answer for a request without a response."""
    outcome = Outcome.UNREACHABLE
    if isinstance(error, NotTrustedError):
        outcome = Outcome.NOT_TRUSTED
    elif isinstance(error, RedirectError | TooLargeError):
        outcome = Outcome.FAILED
    return Refusal(outcome, f"{who} {error}")


@contextmanager
def _held(lock: Lock, deadline: Deadline) -> Iterator[None]:
    """Hold a lock; the deadline limits the wait for it."""
    if not lock.acquire(timeout=deadline.left()):
        raise TimedOutError(deadline.seconds)
    try:
        yield
    finally:
        lock.release()


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password.get_secret_value()}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _scheme_and_host(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""


def _is_local(host: str) -> bool:
    """Whether a host is the local machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
