"""One repository of a registry, to copy images from it and to it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.registry.connection import PULL, PUSH, Connection, scope
from pulumi_gitlab_runner.registry.manifest import (
    MANIFEST_TYPES,
    Descriptor,
    InvalidManifestError,
    Manifest,
    digest_of,
    parse_manifest,
)
from pulumi_gitlab_runner.registry.transfer import TransferError, expect, told

_LARGEST_MANIFEST = 4 * 1024 * 1024
"""What the OCI distribution specification asks registries to take at least, and hardly any takes more."""
_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}
_AS_IT_IS = {"Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Repository:
    """A repository, and what to authenticate with.

    Every method raises `TransferError` where the registry does not do what it is asked.
    """

    connection: Connection
    name: str
    credentials: Credentials | None = field(default=None, repr=False)

    def digest(self, reference: str) -> str | None:
        """The digest of the manifest under a tag or digest; None where there is none."""
        doing = f"asking for {self.name}:{reference}"
        with told(self.connection, doing):
            answer = self._send("HEAD", f"manifests/{reference}", headers=_ACCEPT)
            if answer.status_code == 404:
                return None
            expect(answer, (200,), self.connection, doing)
            named: str | None = answer.headers.get("docker-content-digest")
        return named or self._content(reference, doing)[1]

    def manifest(self, digest: str) -> Manifest:
        """The manifest with a digest; its content has been compared with it."""
        doing = f"reading {self.name}@{digest}"
        with told(self.connection, doing):
            response, found = self._content(digest, doing)
        if found != digest:
            raise TransferError(
                f"{doing}: {self.connection.host} sends another content, {found}", passing=True
            )
        media_type = response.headers.get("content-type", "").partition(";")[0]
        try:
            return parse_manifest(digest, response.content, media_type)
        except InvalidManifestError as error:
            raise TransferError(f"{doing}: {error}") from None

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there."""
        doing = f"asking for {digest} in {self.name}"
        with told(self.connection, doing):
            answer = self._send("HEAD", f"blobs/{digest}", actions=PUSH)
            if answer.status_code != 404:
                expect(answer, (200,), self.connection, doing)
        return answer.status_code == 200

    @contextmanager
    def blob(self, blob: Descriptor) -> Iterator[Iterator[bytes]]:
        """The content of a blob, in parts as they come; the last one only if the whole has the digest."""
        doing = f"reading {blob.digest} of {self.name}"
        with told(self.connection, doing):
            response = self._send("GET", f"blobs/{blob.digest}", headers=_AS_IT_IS, stream=True)
        try:
            with told(self.connection, doing):
                if response.status_code != 200:
                    response.read()
                expect(response, (200,), self.connection, doing)
            yield self._verified(response, blob, doing)
        finally:
            response.close()

    def _verified(self, response: httpx.Response, blob: Descriptor, doing: str) -> Iterator[bytes]:
        algorithm, _, expected = blob.digest.partition(":")
        running, size = hashlib.new(algorithm), 0
        with told(self.connection, doing):
            for part in response.iter_raw():
                running.update(part)
                size += len(part)
                whole = size == blob.size and running.hexdigest() == expected
                if size > blob.size or (size == blob.size and not whole):
                    break
                yield part
        if size != blob.size or running.hexdigest() != expected:
            raise TransferError(f"{doing}: {self.connection.host} sends another content", passing=True)

    def push_blob(self, blob: Descriptor, content: Iterator[bytes], upload: str) -> None:
        """Put a blob where `begin_upload` said; the registry takes it only as a whole."""
        doing = f"writing {blob.digest} to {self.name}"
        with told(self.connection, doing):
            length = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
            place = str(httpx.URL(upload).copy_merge_params({"digest": blob.digest}))
            sent = self._send("PUT", place, headers=length, content=content, actions=PUSH)
            expect(sent, (201, 204), self.connection, doing)

    def begin_upload(self, blob: Descriptor, mounted_from: str | None = None) -> str | None:
        """Begin to put a blob: where its content goes, or None where the registry has it now.

        Args:
            blob: the blob.
            mounted_from: a repository of the same registry that has it; the registry may take it from there.
        """
        doing = f"writing {blob.digest} to {self.name}"
        with told(self.connection, doing):
            if mounted_from:
                path = f"blobs/uploads/?mount={blob.digest}&from={mounted_from}"
                begun = self._send("POST", path, content=b"", also=scope(mounted_from, PULL))
                if begun.status_code == 201:
                    return None
            if not mounted_from or begun.status_code != 202:
                begun = self._send("POST", "blobs/uploads/", content=b"", actions=PUSH)
            expect(begun, (202,), self.connection, doing)
            return self._location(begun, doing)

    def push_manifest(self, manifest: Manifest, reference: str) -> None:
        """Put a manifest under a tag, or under its own digest."""
        doing = f"writing {self.name}:{reference}"
        with told(self.connection, doing):
            headers = {"Content-Type": manifest.media_type}
            answer = self._send(
                "PUT", f"manifests/{reference}", headers=headers, content=manifest.content, actions=PUSH
            )
            expect(answer, (201,), self.connection, doing)
        named = answer.headers.get("docker-content-digest", manifest.digest)
        if named != manifest.digest:
            raise TransferError(f"{doing}: {self.connection.host} took it as {named}")

    def delete(self, digest: str) -> None:
        """Delete a manifest with all its tags; nothing where it is gone already."""
        doing = f"deleting {self.name}@{digest}"
        with told(self.connection, doing):
            answer = self._send("DELETE", f"manifests/{digest}", actions="delete")
            expect(answer, (202, 200, 204, 404), self.connection, doing)

    def _location(self, answer: httpx.Response, doing: str) -> str:
        location = answer.headers.get("location", "")
        if not location:
            raise TransferError(f"{doing}: {self.connection.host} does not say where")
        return str(location)

    def _content(self, reference: str, doing: str) -> tuple[httpx.Response, str]:
        """A manifest as it is sent, and the digest of it."""
        with told(self.connection, doing):
            response = self._send("GET", f"manifests/{reference}", headers=_ACCEPT)
            expect(response, (200,), self.connection, doing)
        if len(response.content) > _LARGEST_MANIFEST:
            raise TransferError(f"{doing}: it is larger than any manifest")
        like = reference if ":" in reference else "sha256:"
        return response, digest_of(response.content, like)

    def _send(
        self, method: str, path: str, *, actions: str = PULL, also: str = "", **request: Any
    ) -> httpx.Response:
        """Send a request about this repository; a whole address is left as the registry gave it."""
        if not path.startswith(("http://", "https://", "/")):
            path = f"/v2/{self.name}/{path}"
        scopes = [scope(self.name, PUSH if also else actions), *([also] if also else [])]
        return self.connection.send(method, path, self.credentials, scopes, **request)
