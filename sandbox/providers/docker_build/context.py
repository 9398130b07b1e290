"""The hash of a build's files, by which the provider detects changes."""

import hashlib
from pathlib import Path

from docker.utils.build import exclude_paths


def context_hash(context: str, dockerfile: str) -> str:
    """The hash of a build context: names, modes and contents of its files, and the Dockerfile.

    The ignore file of the Dockerfile takes precedence over that of the context.

    Raises:
        OSError: a file, or the target of a link, cannot be read.
    """
    root = Path(context)
    found = hashlib.sha256(Path(dockerfile).read_bytes())
    ignored = next(
        (each for each in (Path(f"{dockerfile}.dockerignore"), root / ".dockerignore") if each.is_file()),
        None,
    )
    patterns = ignored.read_text().splitlines() if ignored else []
    for name in sorted(exclude_paths(str(root), [each for each in patterns if not each.startswith("#")])):
        file = root / name
        if not file.is_dir():
            found.update(f"{name}\0{file.lstat().st_mode}\0".encode())
            found.update(file.read_bytes())
    return found.hexdigest()
