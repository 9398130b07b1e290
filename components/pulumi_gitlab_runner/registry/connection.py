"""The conversation with one registry: how it is reached, how it authenticates, and what its refusals say.

Source: the OCI distribution specification 1.1, and distribution/distribution, docs/spec/auth/token.md.
"""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import httpx

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.images.reference import DOCKER_HUB
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge

CONNECTIONS = 64
LONGEST_CONNECT_S = 10.0
PULL, PUSH = "pull", "pull,push"
"""What a request does in a repository, as tokens are asked for."""

_DOCKER_HUB_API = "registry-1.docker.io"


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """Ends the conversation with an answer."""

    def __init__(self, outcome: Outcome, told: str) -> None:
        super().__init__(told)
        self.answer = RegistryAnswer(outcome, told)


class Connection:
    """The conversation with one registry, by any number of threads: how it authenticates is asked once.

    Credentials go to the registry and to the address that its own challenge names, and after a redirect to
    no other host. Without TLS only this machine is asked.

    Args:
        host: the registry, as images write it.
        certificates: the directory with a folder ``HOST[:PORT]`` for each registry with a CA of its own, as
            ``/etc/docker/certs.d``. The system's CAs are trusted besides.
        patience: how many seconds a connection or an answer may take.
    """

    def __init__(self, host: str, certificates: Path | None, patience: float) -> None:
        self.host = host
        self._address = _DOCKER_HUB_API if host == DOCKER_HUB else host
        self._local = _is_local(self._address)
        self._client = httpx.Client(
            verify=_trust(host, certificates),
            timeout=httpx.Timeout(patience, connect=min(patience, LONGEST_CONNECT_S)),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            event_hooks={"request": [self._only_with_tls]},
        )
        self._lock = Lock()
        self._base = ""
        self._challenge: Challenge | None = None
        self._failure: Exception | None = None
        self._tokens: dict[tuple[str, Credentials | None], str] = {}

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        credentials: Credentials | None,
        scopes: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        stream: bool = False,
    ) -> httpx.Response:
        """Send a request, with what the registry wants for it.

        Args:
            method: such as ``HEAD``.
            path: the path, ``/v2/…``; or a whole address that the registry named, which gets credentials only
                where it is the registry's own.
            credentials: what to authenticate with; None for none.
            scopes: what a token must allow, such as ``repository:team/app:pull``.
            headers: besides those that authenticate.
            content: the body; one that comes in parts is sent once, whatever the answer.
            stream: whether the caller reads the answer's body in parts, and closes it.
        """
        self._ping()
        url = httpx.URL(self._base).join(path)
        own = url.netloc == httpx.URL(self._base).netloc
        challenge = self._challenge

        def sent() -> httpx.Response:
            authorization = self._authorization(challenge, credentials, scopes) if own else {}
            request = self._client.build_request(
                method, url, headers={**(headers or {}), **authorization}, content=content
            )
            return self._client.send(request, stream=stream, follow_redirects=method in ("GET", "HEAD"))

        response = sent()
        repeatable = content is None or isinstance(content, bytes)
        if response.status_code == 401 and own and repeatable:
            # A registry may tell how it authenticates only here; and a token ends after minutes.
            told = read_challenge(response.headers.get_list("www-authenticate"))
            challenge = challenge or told
            if self._tokens.pop((" ".join(scopes), credentials), None) or self._challenge is None:
                response.close()
                response = sent()
        return response

    def forget_failure(self) -> None:
        """Let the next request try again to reach a registry that could not be reached."""
        with self._lock:
            self._failure = None

    def _only_with_tls(self, request: httpx.Request) -> None:
        if request.url.scheme != "https" and not _is_local(request.url.netloc.decode()):
            raise Refusal(Outcome.FAILED, f"{self.host} redirects to {request.url.host} without TLS")

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
            response = self._client.get(f"{base}/v2/", follow_redirects=True)
        except httpx.TransportError:
            if not self._local:
                raise
            # As Docker Engine does for registries of this machine.
            base = f"http://{self._address}"
            response = self._client.get(f"{base}/v2/", follow_redirects=True)
        if response.status_code == 401:
            self._challenge = read_challenge(response.headers.get_list("www-authenticate"))
        elif response.status_code == 404:
            raise Refusal(Outcome.NO_REGISTRY, f"{self.host} answers, but is no registry: /v2/ gives 404")
        elif response.status_code != 200:
            raise refused(self.host, response.status_code, with_credentials=False)
        return base

    def _authorization(
        self, challenge: Challenge | None, credentials: Credentials | None, scopes: Sequence[str]
    ) -> dict[str, str]:
        if credentials and credentials.registry_token:
            return {"Authorization": f"Bearer {credentials.registry_token.get_secret_value()}"}
        if challenge and challenge.scheme == "bearer":
            known = " ".join(scopes), credentials
            token = self._tokens.get(known) or self._token(challenge, scopes, credentials)
            self._tokens[known] = token
            return {"Authorization": f"Bearer {token}"}
        if challenge and credentials:
            return {"Authorization": _basic(credentials)}
        return {}

    def _token(self, challenge: Challenge, scopes: Sequence[str], credentials: Credentials | None) -> str:
        """A token for what is asked."""
        realm = urlsplit(challenge.realm)
        if realm.scheme != "https" and not (realm.scheme == "http" and _is_local(realm.netloc)):
            raise Refusal(
                Outcome.FAILED,
                f"{self.host} wants credentials sent to {realm.hostname or 'no host'} without TLS",
            )
        if credentials and credentials.identity_token:
            refresh = credentials.identity_token.get_secret_value()
            form = {"service": challenge.service, "scope": " ".join(scopes)}
            form |= {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "docker"}
            # A redirect would take the token along, in the body.
            response = self._client.post(challenge.realm, data=form, follow_redirects=False)
        else:
            headers = {"Authorization": _basic(credentials)} if credentials else {}
            url = httpx.URL(challenge.realm).copy_merge_params(
                [("service", challenge.service), *(("scope", each) for each in scopes)]
            )
            response = self._client.get(url, headers=headers, follow_redirects=True)
        who = f"{realm.hostname}, which gives {self.host}'s tokens,"
        if response.status_code != 200:
            raise refused(who, response.status_code, bool(credentials))
        try:
            found = response.json()
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Refusal(Outcome.FAILED, f"{who} gave none")
        return token


def scope(repository: str, actions: str) -> str:
    """What a token must allow in a repository."""
    return f"repository:{repository}:{actions}"


def refused(who: str, status: int, with_credentials: bool) -> Refusal:
    """The answer for a status other than 200."""
    sent = "these credentials" if with_credentials else "a pull without credentials"
    if status == 401:
        return Refusal(Outcome.UNAUTHORIZED, f"{who} refuses {sent} (401)")
    if status == 403:
        return Refusal(Outcome.FORBIDDEN, f"{who} does not let {sent} have it (403)")
    if status == 404:
        return Refusal(Outcome.NO_IMAGE, f"{who} has no such image, or hides it from {sent} (404)")
    if status == 429:
        return Refusal(Outcome.TOO_MANY_REQUESTS, f"{who} had too many requests (429)")
    return Refusal(Outcome.FAILED, f"{who} answers with status {status}")


def no_answer(host: str, seconds: float) -> RegistryAnswer:
    """The answer where a registry gave none in time."""
    return RegistryAnswer(Outcome.UNREACHABLE, f"{host} gave no answer in {seconds:g} seconds")


def not_reached(host: str, error: Exception) -> RegistryAnswer:
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


def _basic(credentials: Credentials) -> str:
    pair = httpx.BasicAuth(credentials.username, credentials.password.get_secret_value())
    return next(pair.auth_flow(httpx.Request("GET", "https://unused"))).headers["Authorization"]


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
