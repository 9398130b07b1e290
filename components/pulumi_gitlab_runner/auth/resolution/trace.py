"""The result of a resolution: the credentials used, and every source that was considered.

No text here, and no ``repr``, contains a password or a token: they are `Secret`.
"""

from collections.abc import Iterator
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
        identity_token: a refresh token for the registry's authentication service, instead of a password.
        registry_token: a bearer token that is sent to the registry unchanged.
    """

    username: str = ""
    password: Secret = NO_SECRET
    identity_token: Secret = NO_SECRET
    registry_token: Secret = NO_SECRET

    def __bool__(self) -> bool:
        """Whether any of them is not empty."""
        return bool(self.username or self.password or self.identity_token or self.registry_token)


class Origin(StrEnum):
    """The part of a source that contains an entry."""

    AUTHS = "auths"
    CREDENTIALS_STORE = "credsStore"
    CREDENTIAL_HELPERS = "credHelpers"
    JOB_PAYLOAD = "job payload"


class Verdict(StrEnum):
    """The verdict on an entry."""

    USED = "used"
    OUTRANKED = "outranked"
    """The entry applies to the image, but another one takes precedence."""
    NO_CREDENTIALS = "no credentials"
    """The credential helper of the entry has no credentials."""
    NO_MATCH = "no match"
    """The entry does not apply to the image."""
    LOST = "lost"
    """The entry applies to the image, but its source is dropped."""


@dataclass(frozen=True)
class Entry:
    """One registry of a source.

    Attributes:
        key: the registry as written in the source.
        origin: the part of the source that contains the entry.
        helper: the credential helper that was or would be called, such as ``docker-credential-ecr-login``.
        path: the path that the image's path is compared with; empty if the entry can never match.
        credentials: the credentials; None if the helper was not called or has none.
        verdict: the verdict on the entry.
        reason: the reason for the verdict, as a sentence.
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
    """The source does not exist, or contains no credentials."""
    DROPPED = "dropped"
    """The source cannot be used, so that all its entries are ignored."""


@dataclass(frozen=True)
class Source:
    """One source of credentials.

    Attributes:
        name: the name in the job log, such as ``$DOCKER_AUTH_CONFIG`` or ``/root/.docker/config.json``.
        status: the verdict on the source.
        reason: the reason for the status, as a sentence; empty for a source that was read.
        entries: the registries of the source, as far as it could be read, also those that are not used.
            Empty if the pull fails because of any source.
        failed_helper: the credential helper whose failure drops the source.
        notes: pitfalls in the source as a whole, such as a second file that is not read.
    """

    name: str
    status: Status
    reason: str = ""
    entries: tuple[Entry, ...] = ()
    failed_helper: str | None = None
    notes: tuple[str, ...] = ()


class Where(StrEnum):
    """The place where a line is logged."""

    JOB_LOG = "job log"
    DEBUG = "debug log"
    """The job log of a runner with ``log_level = "debug"``, or of a job with ``CI_DEBUG_TRACE``."""
    TERMINAL = "terminal"
    NOWHERE = "nowhere"
    """The line is not logged."""


@dataclass(frozen=True)
class LogLine:
    """A line that the runner or Docker logs, or suppresses.

    Attributes:
        where: the place where it is logged.
        text: the line. A helper's output, which may contain a secret, is replaced by ``…``.
    """

    where: Where
    text: str


@dataclass(frozen=True)
class Resolution:
    """The credentials with which an image is pulled, and the reasons.

    Attributes:
        image: the image as given.
        path: the normalized image name, which is compared with the registries' paths.
        sources: all sources, in the order in which they are read.
        log: the log lines, in order.
        failure: why the pull fails before a request to the registry; None if it does not.
    """

    image: str
    path: str
    sources: tuple[Source, ...]
    log: tuple[LogLine, ...]
    failure: str | None = None

    @property
    def entries(self) -> Iterator[tuple[Source, Entry]]:
        """The entries of all sources, each with its source."""
        return ((source, entry) for source in self.sources for entry in source.entries)

    @property
    def source(self) -> Source | None:
        """The source of the credentials; None for an anonymous pull."""
        return next((source for source in self.sources if _used(source)), None)

    @property
    def entry(self) -> Entry | None:
        """The entry whose credentials are used; None for an anonymous pull."""
        return _used(self.source) if self.source else None

    @property
    def credentials(self) -> Credentials | None:
        """The credentials that are used; None for an anonymous pull."""
        return self.entry.credentials if self.entry else None


def _used(source: Source) -> Entry | None:
    return next((entry for entry in source.entries if entry.verdict is Verdict.USED), None)
