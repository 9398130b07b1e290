"""Image references: the names under which images are pulled.

The grammar is that of the Docker command line (github.com/distribution/reference), as implemented by
docker-image-py. This module adds a typed value, and messages with the fix for an invalid reference. The
grammar is imported when the first reference is parsed, because its regular expressions take long to compile.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

DOCKER_HUB = "docker.io"
OTHER_HUB_HOSTS = (
    f"index.{DOCKER_HUB}",
    f"registry-1.{DOCKER_HUB}",
    f"registry.{DOCKER_HUB}",
    "registry.hub.docker.com",
    "hub.docker.com",
)
"""Other hosts of Docker Hub: gitlab-runner does not use their credentials for its images."""

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""A tag: github.com/distribution/reference, regexp.go."""
ALLOWED = "[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST], such as registry.example.com:5000/team/app:1.2"


class InvalidImageReference(ValueError):  # noqa: N818 - the name says that it is an error
    """Text that is not an image reference.

    Attributes:
        found: the text, and its problem.
        allowed: what is allowed.
    """

    def __init__(self, path: str, found: str) -> None:
        super().__init__(f"{path}: {found}; allowed is {ALLOWED}")
        self.found = found
        self.allowed = ALLOWED


@dataclass(frozen=True)
class ImageReference:
    """An image reference, with the short names of Docker Hub expanded.

    `parse` creates it. ``str()`` returns the full form, which parses to an equal value.

    Attributes:
        registry: the host of the registry, with its port if it has one. Docker Hub is ``docker.io``.
        repository: the path in the registry, such as ``team/app``; ``library/nginx`` for Docker Hub's
            ``nginx``.
        tag: the tag; None if the reference has none. Docker then pulls ``latest``, unless there is a digest.
        digest: the digest of the manifest, ``sha256:`` and 64 hexadecimal digits; None if it has none.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The shortest form of the reference, such as ``nginx:1.27``.

        Only images on Docker Hub have a shorter form than ``str()``, and not all of them:
        ``docker.io/example.com/app`` would name the registry ``example.com``.
        """
        full = str(self)
        for prefix in (f"{DOCKER_HUB}/library/", f"{DOCKER_HUB}/"):
            short = full.removeprefix(prefix)
            if short != full and _means(short, self):
                return short
        return full

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse(text: str, path: str = "image") -> ImageReference:
    """Parse an image reference as the Docker command line does.

    Args:
        text: the reference, such as ``nginx``, ``team/app:1.2`` or ``registry.example.com/app@sha256:…``.
        path: the path of the text in the declaration, such as ``stack.runners.build.image``, for messages.

    Returns:
        The reference, with ``docker.io`` and ``library/`` for the short names of Docker Hub.

    Raises:
        InvalidImageReference: the text is not an image reference.
    """
    read = _read(text)
    if isinstance(read, ImageReference):
        return read
    raise InvalidImageReference(path, f"{without_password(text)!r}: {read}")


@lru_cache(maxsize=4096)
def _read(text: str) -> ImageReference | str:
    """The reference, or its problem; cached, since many runners of a stack use the same image."""
    if problem := _common_mistake(text):
        return problem
    from docker_image import digest as grammar_digest
    from docker_image import reference as grammar

    try:
        parsed = grammar.Reference.parse_normalized_named(text)
    except grammar.ReferenceInvalidFormat:
        return _misplaced_part(text)
    except grammar_digest.InvalidDigest:
        return "its digest is not sha256: and 64 lower-case hexadecimal digits"
    except grammar.InvalidReference as error:
        return str(error).removeprefix("invalid reference format: ")
    return ImageReference(parsed.domain(), parsed.path(), parsed["tag"], parsed["digest"])


def names_docker_hub(image: str) -> bool:
    """Whether the name of an image has the host of Docker Hub, the default of names without a host."""
    return image.partition("/")[0] in (DOCKER_HUB, f"index.{DOCKER_HUB}")


def without_password(address: str) -> str:
    """A URL or image reference without the user and password before its host, so that it can be shown."""
    return re.sub(r"(://)[^/]*@|^[^/@]+:[^/@]*@(?!sha\d+:)", r"\1…@", address)


def _common_mistake(text: str) -> str | None:
    """The problem of a reference that the grammar cannot explain."""
    if not text:
        return "it is empty"
    if " " in text or not text.isprintable():
        return "it contains white space or a control character"
    if "://" in text:
        return "it starts with a scheme; write the host without one"
    if re.search(r"\$(?!\w|\{\w+\})", text):
        return "it contains a variable in a form that GitLab does not expand; write $NAME or ${NAME}"
    if "$" in text:
        return "it contains a variable that was not expanded"
    if re.fullmatch(r"(sha256:)?[0-9a-f]{64}", text):
        return "it is the identifier of a local image, which no registry knows"
    return None


def _misplaced_part(text: str) -> str:
    """The part of a reference that violates the grammar."""
    from docker_image.reference import ImageRegexps

    tagged, at, digest = text.partition("@")
    if at and not ImageRegexps.ANCHORED_DIGEST_REGEXP.match(digest):
        return f"{digest!r} is not a digest: sha256: and 64 lower-case hexadecimal digits"
    name, colon, tag = tagged.rpartition(":")
    if not colon or "/" in tag:  # no colon, or that of a port
        name = tagged
    elif not TAG.fullmatch(tag):
        return f"{tag!r} is not a tag: up to 128 letters, digits and _.-, not starting with . or -"
    if "" in name.split("/"):
        return "a part between slashes is empty"
    return "a part is not made of lower-case letters and digits, separated by one of . _ __ or dashes"


def _means(text: str, reference: ImageReference) -> bool:
    """Whether a text parses to this reference."""
    try:
        return parse(text) == reference
    except InvalidImageReference:
        return False
