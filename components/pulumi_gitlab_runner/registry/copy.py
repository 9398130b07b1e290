"""Copies of images from one repository to another, without a Docker Engine and without files.

All platforms are copied: the manifest with the digest, and everything that it references. The tag is pushed
last, so an interrupted copy sets no tag, and the next one uploads only what is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from threading import Event, Lock
from typing import TypeVar

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.registry.manifest import LARGEST_MANIFEST, Descriptor, Manifest, platform_of
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError, repeated

TRANSFERS = 8
"""The number of parallel transfers of blobs and manifests, over all images."""

LARGEST_INDEX = 2 * LARGEST_MANIFEST
MOST_MANIFESTS = 1000
"""The limits for all manifests of one image: their size in bytes, and their number."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

Report = Callable[[int, int], None]
"""Called often, by several threads, with the number of copied bytes and the number of bytes to copy."""


@dataclass(frozen=True)
class Copy:
    """An image to copy, and its target.

    Attributes:
        source: the repository that has the image.
        digest: the digest of the image's manifest or index.
        target: the repository to copy it to.
        tag: its tag in the target.
        platforms: the platforms that the image must have, such as ``linux/arm64``.
    """

    source: Repository
    digest: str
    target: Repository
    tag: str
    platforms: Sequence[str] = ()


class ImageCopier:
    """Copies images in parallel; one instance serves any number of threads.

    Args:
        pause: waits the given number of seconds before a retry. Default: until then, or until `interrupt`.
    """

    def __init__(self, pause: Callable[[float], object] | None = None) -> None:
        self._interrupted = Event()
        self._pause = pause or self._interrupted.wait
        self._threads = ThreadPoolExecutor(TRANSFERS, thread_name_prefix="copy")
        self._holders: dict[tuple[str, str], str] = {}

    def interrupt(self) -> None:
        """Cancel all copies with an error; uploaded blobs and manifests are kept."""
        self._interrupted.set()

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown()

    def copy(self, copy: Copy, report: Report = lambda _done, _total: None) -> None:
        """Copy an image, unless the target's tag has its digest already.

        Raises:
            TransferError: the image could not be copied. The tag is unchanged.
        """
        if self._try(copy.target, lambda: copy.target.digest(copy.tag)) == copy.digest:
            return
        top, *below = manifests = list(self._manifests(copy.source, copy.digest))
        self._check_platforms(copy, top)
        blobs = dict.fromkeys(blob for manifest in manifests for blob in manifest.blobs)
        there = self._each(blobs, lambda blob: self._has(copy.target, blob))
        missing = [blob for blob, is_there in zip(blobs, there, strict=True) if not is_there]
        progress = _Progress(sum(blob.size for blob in missing), report)
        self._each(missing, lambda blob: self._copy_blob(copy, blob, progress))
        # An index is pushed after everything that it references: first the images, then the indexes.
        self._each([each for each in below if not each.is_index], lambda each: self._put(copy.target, each))
        indexes = {each.digest: each for each in below if each.is_index}
        within = {digest: [child.digest for child in each.children] for digest, each in indexes.items()}
        for digest in TopologicalSorter(within).static_order():
            if digest in indexes:
                self._put(copy.target, indexes[digest])
        self._try(copy.target, lambda: copy.target.push_manifest(top, copy.tag))

    def _manifests(self, source: Repository, digest: str) -> Iterator[Manifest]:
        """The manifest with a digest, and all manifests that it references."""
        level, seen, size = {digest: LARGEST_MANIFEST}, {digest}, 0
        while level:
            found = self._each(level.items(), lambda each: self._try(source, lambda: source.manifest(*each)))
            yield from found
            children = {child.digest: child.size for manifest in found for child in manifest.children}
            level = {child: size for child, size in children.items() if child not in seen}
            seen.update(level)
            size += sum(level.values())
            if size > LARGEST_INDEX or len(seen) > MOST_MANIFESTS:
                raise TransferError(
                    f"reading {source.name}@{digest}: its index references too many manifests"
                )

    def _check_platforms(self, copy: Copy, top: Manifest) -> None:
        if not copy.platforms:
            return
        found = top.platforms if top.is_index else (self._only_platform(copy.source, top),)
        missing = [each for each in copy.platforms if each not in found]
        if missing:
            raise TransferError(
                f"the image has no {' and no '.join(missing)}; it has {', '.join(found) or 'no platform'}"
            )

    def _only_platform(self, source: Repository, image: Manifest) -> str:
        """The platform of an image without an index, as in its configuration."""

        def read() -> bytes:
            with source.blob(image.configuration) as parts:
                return b"".join(parts)

        if image.configuration.size > LARGEST_MANIFEST:
            return ""
        try:
            return platform_of(read_json(self._try(source, read)))
        except (ValueError, AttributeError):
            return ""

    def _has(self, target: Repository, blob: Descriptor) -> bool:
        is_there = self._try(target, lambda: target.has_blob(blob.digest))
        if is_there:
            self._note(target, blob)
        return is_there

    def _copy_blob(self, copy: Copy, blob: Descriptor, progress: "_Progress") -> None:
        source, target = copy.source, copy.target
        holder = self._holders.get((target.connection.host, blob.digest))
        if holder is None and source.connection is target.connection:
            holder = source.name

        def once() -> None:
            upload = target.begin_upload(blob, holder if holder != target.name else None)
            if upload is None:
                progress.add(blob.size)
                return
            sent = 0

            def counted(parts: Iterable[bytes]) -> Iterator[bytes]:
                nonlocal sent
                for part in parts:
                    self._go_on()
                    yield part
                    sent += len(part)
                    progress.add(len(part))

            try:
                with source.blob(blob) as parts:
                    target.push_blob(blob, counted(parts), upload)
            except BaseException:
                progress.add(-sent)
                raise

        self._try(target, once)
        self._note(target, blob)

    def _put(self, target: Repository, manifest: Manifest) -> None:
        """Push a manifest of an index unless it exists, because ECR refuses an existing one."""
        if self._try(target, lambda: target.digest(manifest.digest)) is None:
            self._try(target, lambda: target.push_manifest(manifest, manifest.digest))

    def _note(self, repository: Repository, blob: Descriptor) -> None:
        """Record the repository that has a blob, from which the registry can mount it into another one."""
        self._holders.setdefault((repository.connection.host, blob.digest), repository.name)

    def _try(self, repository: Repository, attempt: Callable[[], _Result]) -> _Result:
        def again() -> _Result:
            self._go_on()
            repository.connection.forget_failure()
            return attempt()

        return repeated(again, self._pause)

    def _go_on(self) -> None:
        if self._interrupted.is_set():
            raise TransferError("the copy was interrupted")

    def _each(self, items: Iterable[_Item], work: Callable[[_Item], _Result]) -> list[_Result]:
        """Process all items in parallel, and wait for all of them, even if some fail."""
        futures = [self._threads.submit(work, item) for item in items]
        done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
        wait(futures)
        for future in done:
            future.result()
        return [future.result() for future in futures]


class _Progress:
    def __init__(self, total: int, report: Report) -> None:
        self._total = total
        self._done = 0
        self._report = report
        self._lock = Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._done += size
            done = self._done
        self._report(done, self._total)
