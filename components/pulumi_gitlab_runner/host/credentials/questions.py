"""The sources of credentials, the requests to them, and the parsing of their answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

BATCH = {"parameter": 10, "secret": 20}
"""The maximum number of names in a request: API_GetParameters of Systems Manager, API_BatchGetSecretValue of
Secrets Manager."""
ECR_HELPER = "docker-credential-ecr-login"
NO_BATCHES = "the command line of AWS is too old to read many secrets at once"
IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the user by which a helper marks an identity token
"""Source: github.com/docker/docker-credential-helpers and github.com/docker/cli, native_store.go."""


@dataclass(frozen=True)
class Source:
    """The source of a registry's credential.

    Attributes:
        kind: `helper`, `parameter`, `secret` or `file`.
        where: the region of a parameter or secret, or the path of a helper; empty for a file.
        name: the name of a parameter, the ARN of a secret, or the path of a file; empty for a helper.
    """

    kind: str
    where: str
    name: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.where, self.name)))

    def name_for(self, registry: str) -> str:
        """The name in a request; for a helper, the host, whose answer is for all paths below it."""
        return registry.partition("/")[0] if self.kind == "helper" else self.name


def sources(text: str) -> Iterator[tuple[str, Source]]:
    """The registries of a list, each with the source of its credential. Other lines are ignored."""
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3 or words[0].startswith("#"):
            continue
        registry, kind, *place = words
        if kind == "helper":
            yield registry, Source(kind, place[0], "")
        elif kind == "file":
            yield registry, Source(kind, "", place[0])
        elif len(place) > 1:
            yield registry, Source(kind, place[0], place[1])


@dataclass(frozen=True)
class Credential:
    """A user and password."""

    username: str
    secret: str = field(repr=False)

    @classmethod
    def from_entry(cls, entry: Mapping[str, str]) -> Credential:
        """The credential of an entry of `as_entry`."""
        if "identitytoken" in entry:
            return cls(IDENTITY_TOKEN_USER, entry["identitytoken"])
        username, _, secret = base64.b64decode(entry["auth"]).decode().partition(":")
        return cls(username, secret)

    def as_entry(self) -> dict[str, str]:
        """The entry of Docker's configuration: github.com/docker/cli, cli/config/types/authconfig.go."""
        if self.username == IDENTITY_TOKEN_USER:
            return {"identitytoken": self.secret}
        return {"auth": base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()}


@dataclass(frozen=True)
class Failure:
    """Why there is no credential.

    Attributes:
        reason: the reason, without secrets.
        alone: whether to request each name separately, since one name may fail the request for all.
    """

    reason: str
    alone: bool = False


Answer = Union[Credential, Failure]
NOTHING = Failure("answered without a user and password")


@dataclass(frozen=True)
class Question:
    """A request to a helper, to AWS or for a file.

    Attributes:
        kind: the kind of the source.
        where: the region, or the path of the helper; empty for a file.
        names: the requested names, each with the registries that need it.
    """

    kind: str
    where: str
    names: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        name = next(iter(self.names)) if len(self.names) == 1 and self.kind != "helper" else ""
        return str(Source(self.kind, self.where, name))

    @property
    def program(self) -> str:
        """The name of the program that answers."""
        return Path(self.where).name if self.kind == "helper" else "aws"

    def command(self) -> list[str]:
        """The command of the request; a helper reads the registry's host from its standard input."""
        names = list(self.names)
        if self.kind == "helper":
            return [self.where, "get"]
        aws = ["aws", "--region", self.where, "--output", "json"]
        if self.kind == "parameter":
            return [*aws, "ssm", "get-parameters", "--with-decryption", "--names", *names]
        if len(names) == 1:
            return [*aws, "secretsmanager", "get-secret-value", "--secret-id", *names]
        return [*aws, "secretsmanager", "batch-get-secret-value", "--secret-id-list", *names]

    def answers(self, output: str) -> dict[str, Answer]:
        """The answer for each name."""
        try:
            found = dict(self._found(json.loads(output)))
        except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
            return dict.fromkeys(self.names, NOTHING)
        return {name: found.get(name, NOTHING) for name in self.names}

    def _found(self, answer: Any) -> Iterator[tuple[str, Answer]]:
        if self.kind in ("helper", "file"):
            yield from ((name, _credential(answer)) for name in self.names)
        elif self.kind == "parameter":
            for each in answer["Parameters"]:
                for name in (each["Name"], each.get("ARN", "")):
                    yield name, _stored(each.get("Value", ""))
            for name in answer.get("InvalidParameters", ()):
                yield name, Failure("there is no such parameter")
        elif len(self.names) == 1:
            yield next(iter(self.names)), _stored(answer.get("SecretString", ""))
        else:
            for each in answer["SecretValues"]:
                for name in (each["Name"], each["ARN"]):
                    yield name, _stored(each.get("SecretString", ""))
            for each in answer.get("Errors", ()):
                code = each["ErrorCode"]
                alone = code != "ResourceNotFoundException"
                yield each["SecretId"], Failure(f"{code}: {each['Message']}", alone)


def _stored(value: str) -> Answer:
    try:
        return _credential(json.loads(value))
    except (ValueError, RecursionError, TypeError):
        return _credential(None)


def _credential(answer: Any) -> Answer:
    """The credential in a helper's output, or in a stored secret."""
    held = answer if isinstance(answer, dict) else {}
    username = held.get("Username", held.get("username"))
    secret = held.get("Secret", held.get("password"))
    if not (isinstance(username, str) and isinstance(secret, str) and username and secret):
        return NOTHING
    try:
        f"{username}:{secret}".encode()
    except UnicodeEncodeError:
        return Failure("answered with a user or password that is not text")
    if ":" in username:
        return Failure("answered with a user that has a colon, which ends it in Docker's configuration")
    return Credential(username, secret)
