"""File systems of images, as reproducible tar archives."""

import io
import tarfile
from collections.abc import Iterable, Mapping

PROGRAM, TEXT = 0o755, 0o644
"""The modes of files."""


def archive(
    files: Mapping[str, tuple[bytes, int]],
    directories: Iterable[str] = (),
    directory_mode: int = 0o755,
    links: Mapping[str, str] | None = None,
) -> bytes:
    """Return directories, files with their content and mode, and symbolic links with their target."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as made:
        for path in directories:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, directory_mode
            made.addfile(entry)
        for path, (data, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            made.addfile(entry, io.BytesIO(data))
        for path, target in (links or {}).items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            made.addfile(entry)
    return content.getvalue()
