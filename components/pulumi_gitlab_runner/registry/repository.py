"""A repository of a registry, as the source or target of copies."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.http.client import LARGEST_ANSWER, Answer, Stream
from pulumi_gitlab_runner.http.deadline import TransferDeadline
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.registry.connection import PULL, PUSH, Connection, scope
from pulumi_gitlab_runner.registry.manifest import (
    LARGEST_MANIFEST,
    MANIFEST_TYPES,
    Descriptor,
    InvalidManifestError,
    Manifest,
    digest_of,
    parse_manifest,
)
from pulumi_gitlab_runner.registry.transfer import TransferError, expect, transfer_errors

_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}


@dataclass(frozen=True)
class Repository:
    """A repository with its credentials.

    Every method raises `TransferError` if a request to the registry fails.
    """

    connection: Connection
    name: str
    credentials: Credentials | None = field(default=None, repr=False)

    def digest(self, reference: str) -> str | None:
        """The digest of the manifest under a tag or digest; None if there is none."""
        doing, path = f"looking up {self.name}:{reference}", f"manifests/{reference}"
        answer = self._ask(doing, "HEAD", path, headers=_ACCEPT)
        named: str | None = answer.headers.get("docker-content-digest")
        if answer.status == 200 and named:
            return named
        if answer.status in (401, 429) or (answer.status == 404 and ":" in reference):
            expect(answer, (200, 404), self.connection, doing)
            return None
        # Some registries refuse HEAD, or return no digest.
        answer = self._ask(doing, "GET", path, headers=_ACCEPT, limit=LARGEST_MANIFEST, expected=(200, 404))
        if answer.status == 404:
            return None
        return answer.headers.get("docker-content-digest") or digest_of(answer.content, "sha256:")

    def manifest(self, digest: str, limit: int = LARGEST_MANIFEST) -> Manifest:
        """The manifest with a digest, which is verified; the limit of its size is in bytes."""
        doing = f"reading {self.name}@{digest}"
        path = f"manifests/{digest}"
        answer = self._ask(doing, "GET", path, headers=_ACCEPT, limit=limit, expected=(200,))
        found = digest_of(answer.content, digest)
        if found != digest:
            raise TransferError(
                f"{doing}: {self.connection.host} returns content with another digest, {found}", passing=True
            )
        media_type = (answer.headers.get("content-type") or "").partition(";")[0]
        try:
            return parse_manifest(digest, answer.content, media_type)
        except InvalidManifestError as error:
            raise TransferError(printable(f"{doing}: {error}")) from None

    def has_blob(self, digest: str) -> bool:
        """Whether a blob exists."""
        doing = f"looking up {digest} in {self.name}"
        answer = self._ask(doing, "HEAD", f"blobs/{digest}", actions=PUSH, expected=(200, 404))
        return answer.status == 200

    @contextmanager
    def blob(self, blob: Descriptor) -> Iterator[Iterator[bytes]]:
        """The content of a blob, in parts as they arrive; the last part only if the digest matches."""
        doing = f"reading {blob.digest} of {self.name}"
        with transfer_errors(self.connection, doing):
            stream = self._open("GET", f"blobs/{blob.digest}")
        with closing(stream):
            if stream.status != 200:
                with transfer_errors(self.connection, doing):
                    expect(stream.whole(), (200,), self.connection, doing)
            yield self._verified(stream, blob, doing)

    def _verified(self, stream: Stream, blob: Descriptor, doing: str) -> Iterator[bytes]:
        algorithm, _, expected = blob.digest.partition(":")
        running, size = hashlib.new(algorithm), 0
        with transfer_errors(self.connection, doing):
            for part in stream.parts():
                running.update(part)
                size += len(part)
                whole = size == blob.size and running.hexdigest() == expected
                if size > blob.size or (size == blob.size and not whole):
                    break
                yield part
        if size != blob.size or running.hexdigest() != expected:
            raise TransferError(
                f"{doing}: {self.connection.host} returns content with another digest", passing=True
            )

    def push_blob(self, blob: Descriptor, content: Iterator[bytes], upload: str) -> None:
        """Upload a blob to the URL from `begin_upload`; the registry accepts it only as a whole."""
        doing = f"writing {blob.digest} to {self.name}"
        with transfer_errors(self.connection, doing):
            length = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
            place = f"{upload}{'&' if urlsplit(upload).query else '?'}{urlencode({'digest': blob.digest})}"
            sent = self._open("PUT", place, headers=length, content=content, actions=PUSH)
            expect(sent.whole(), (201, 204), self.connection, doing)

    def begin_upload(self, blob: Descriptor, mounted_from: str | None = None) -> str | None:
        """Begin the upload of a blob, and return the URL for its content; None if the registry mounted it.

        Args:
            blob: the blob.
            mounted_from: a repository of the same registry that has the blob, to mount it from.
        """
        doing = f"writing {blob.digest} to {self.name}"
        if mounted_from:
            path = f"blobs/uploads/?mount={blob.digest}&from={mounted_from}"
            begun = self._ask(doing, "POST", path, content=b"", also=scope(mounted_from, PULL))
            if begun.status == 201:
                return None
        if not mounted_from or begun.status != 202:
            begun = self._ask(doing, "POST", "blobs/uploads/", content=b"", actions=PUSH, expected=(202,))
        location: str | None = begun.headers.get("location")
        if not location:
            raise TransferError(f"{doing}: {self.connection.host} returns no URL for the upload")
        return location

    def push_manifest(self, manifest: Manifest, reference: str) -> None:
        """Push a manifest under a tag, or under its own digest."""
        doing = f"writing {self.name}:{reference}"
        answer = self._ask(
            doing,
            "PUT",
            f"manifests/{reference}",
            headers={"Content-Type": manifest.media_type},
            content=manifest.content,
            actions=PUSH,
            expected=(201,),
        )
        named = answer.headers.get("docker-content-digest", manifest.digest)
        if named != manifest.digest:
            raise TransferError(
                printable(f"{doing}: {self.connection.host} stored it with the digest {named}")
            )

    def delete(self, digest: str) -> None:
        """Delete a manifest with all its tags, if it still exists."""
        doing, expected = f"deleting {self.name}@{digest}", (202, 200, 204, 404)
        self._ask(doing, "DELETE", f"manifests/{digest}", actions="delete", expected=expected)

    def _ask(
        self,
        doing: str,
        method: str,
        path: str,
        *,
        actions: str = PULL,
        also: str = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = LARGEST_ANSWER,
        expected: tuple[int, ...] = (),
    ) -> Answer:
        """Send a request for this repository, and check the status if statuses are expected.

        An absolute URL from the registry is used unchanged.
        """
        asked = method, self._path(path), self.credentials, self._scopes(actions, also)
        with transfer_errors(self.connection, doing):
            answer = self.connection.open(*asked, headers=headers, content=content).whole(limit)
        if expected:
            expect(answer, expected, self.connection, doing)
        return answer

    def _open(
        self,
        method: str,
        path: str,
        *,
        actions: str = PULL,
        headers: Mapping[str, str] | None = None,
        content: Iterator[bytes] | None = None,
    ) -> Stream:
        """Send a request for a blob, with a timeout that depends on its size."""
        asked = method, self._path(path), self.credentials, self._scopes(actions, "")
        deadline = TransferDeadline(self.connection.patience)
        return self.connection.open(*asked, headers=headers, content=content, deadline=deadline)

    def _path(self, path: str) -> str:
        return path if path.startswith(("http://", "https://", "/")) else f"/v2/{self.name}/{path}"

    def _scopes(self, actions: str, also: str) -> list[str]:
        return [scope(self.name, PUSH if also else actions), *([also] if also else [])]
