"""The result of a resolution: the credentials used, and every source that was considered.

No text here, and no ``repr``, contains a password or a token: they are `Secret`.
"""

from dataclasses import dataclass
from enum import StrEnum

from pulumi_gitlab_runner.auth.secret import Secret

NO_SECRET = Secret("")


@dataclass(frozen=True)
class Credentials:
    """The credentials that are sent to a registry. All empty: the image is pulled without credentials.

    Attributes:
        username: the user, or empty with an identity token.
        password: the user's password.
        identity_token: a token to ask the registry's authentication service with, in place of a password.
        registry_token: a token to send to the registry as it is.
    """

    username: str = ""
    password: Secret = NO_SECRET
    identity_token: Secret = NO_SECRET
    registry_token: Secret = NO_SECRET

    def __bool__(self) -> bool:
        """Whether there is anything in them."""
        return bool(self.username or self.password or self.identity_token or self.registry_token)


class Origin(StrEnum):
    """The part of a source that has an entry."""

    AUTHS = "auths"
    CREDENTIALS_STORE = "credsStore"
    CREDENTIAL_HELPERS = "credHelpers"
    JOB_PAYLOAD = "job payload"


class Verdict(StrEnum):
    """The verdict on an entry."""

    USED = "used"
    OUTRANKED = "outranked"
    """It applies to the image too, but another entry takes precedence."""
    NO_CREDENTIALS = "no credentials"
    """Its credential helper has none."""
    NO_MATCH = "no match"
    """It does not apply to this image."""
    LOST = "lost"
    """It applies to the image, but its source is dropped."""


@dataclass(frozen=True)
class Entry:
    """One registry of a source.

    Attributes:
        key: the registry as written in the source.
        origin: its part of the source.
        helper: the credential helper that was or would be asked, such as ``docker-credential-ecr-login``.
        path: what the image's path is compared with; empty where the entry can never match.
        credentials: its credentials; None if the helper was not asked or has none.
        verdict: whether it is used, or why not.
        reason: why, as a sentence.
        notes: pitfalls in the entry itself, such as a password that ends in a newline.
    """

    key: str
    origin: Origin
    helper: str | None
    path: str
    credentials: Credentials | None
    verdict: Verdict
    reason: str
    notes: tuple[str, ...] = ()


class Status(StrEnum):
    """The verdict on a source as a whole."""

    READ = "read"
    ABSENT = "absent"
    """There is none, or it holds no credentials."""
    DROPPED = "dropped"
    """It cannot be used, so all its entries are ignored."""


@dataclass(frozen=True)
class Source:
    """One source of credentials.

    Attributes:
        name: as the job log names it, such as ``$DOCKER_AUTH_CONFIG`` or ``/root/.docker/config.json``.
        status: the verdict on it.
        reason: why, as a sentence; empty for a source that was read.
        entries: every registry it names, as far as it could be read, also those that were not used.
            Empty where the pull fails anyway.
        failed_helper: the credential helper for which it was dropped.
        notes: pitfalls in the source as a whole, such as a second file that is not read.
    """

    name: str
    status: Status
    reason: str = ""
    entries: tuple[Entry, ...] = ()
    failed_helper: str | None = None
    notes: tuple[str, ...] = ()


class Where(StrEnum):
    """Who sees a line."""

    JOB_LOG = "job log"
    DEBUG = "debug log"
    """The job log of a runner with ``log_level = "debug"``, or of a job with ``CI_DEBUG_TRACE``."""
    TERMINAL = "terminal"
    NOWHERE = "nowhere"
    """It is not logged."""


@dataclass(frozen=True)
class LogLine:
    """A line that the runner or Docker logs, or suppresses.

    Attributes:
        where: who sees it.
        text: the line. A helper's output, which may hold a secret, is replaced by ``…``.
    """

    where: Where
    text: str


@dataclass(frozen=True)
class Resolution:
    """Which credentials an image is pulled with, and why.

    Attributes:
        image: the image as given.
        path: the normalized image name, which is compared with the registries' paths.
        sources: every source, in the order in which they were asked.
        log: the log lines, in order.
        failure: why the pull fails before the registry is asked; None if it does not.
    """

    image: str
    path: str
    sources: tuple[Source, ...]
    log: tuple[LogLine, ...]
    failure: str | None = None

    @property
    def source(self) -> Source | None:
        """The source of the credentials used."""
        return next((source for source in self.sources if _used(source)), None)

    @property
    def entry(self) -> Entry | None:
        """The entry whose credentials are used."""
        return _used(self.source) if self.source else None

    @property
    def credentials(self) -> Credentials | None:
        """The credentials used; None for an anonymous pull."""
        return self.entry.credentials if self.entry else None


def _used(source: Source) -> Entry | None:
    return next((entry for entry in source.entries if entry.verdict is Verdict.USED), None)
