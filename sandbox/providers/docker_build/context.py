"""The hash by which the provider notices that the files of a build have changed."""

import hashlib
from pathlib import Path

from docker.utils.build import exclude_paths


def context_hash(context: str, dockerfile: str) -> str:
    """The hash of the files that a build is given: their names, modes and contents, and the Dockerfile.

    The ignore file of the Dockerfile itself comes before that of the context.

    Raises:
        OSError: one cannot be read, also one that a link leads to.
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
