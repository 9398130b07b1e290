"""The files from which an image is built, read on the machine that runs Pulumi."""

import hashlib
import json
import stat
from dataclasses import dataclass
from pathlib import Path

from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path


@dataclass(frozen=True)
class BuildContext:
    """The build context: the files that a build reads.

    Attributes:
        digest: a digest of the files that Docker sends to the builder: names, types, modes and contents,
            without times.
        dockerfile: the text of the Dockerfile.
    """

    digest: str
    dockerfile: str


def read_build_context(context: str, dockerfile: str, path: str) -> BuildContext:
    """Read the files of a build, except those that `.dockerignore` excludes.

    Args:
        context: the path of the context, relative to the working directory.
        dockerfile: the path of the Dockerfile, relative to the context.
        path: the path of the build in the declaration.

    Raises:
        DeclarationError: a file does not exist, or cannot be read.
    """
    root = Path(context)
    if not root.is_dir():
        raise _refusal(
            join_path(path, "context"),
            f"{context!r}, which is not a directory in {Path.cwd()}",
            "a directory, relative to that of Pulumi.yaml",
        )
    if not (root / dockerfile).is_file():
        raise _refusal(
            join_path(path, "dockerfile"),
            f"no file {str(root / dockerfile)!r}",
            "a Dockerfile, relative to the context",
        )
    try:
        text = (root / dockerfile).read_bytes()
        digest = hashlib.sha256(text)
        for name in _sent(root, dockerfile):
            digest.update(_entry(root, name, path).encode())
    except OSError as error:
        raise _refusal(
            join_path(path, "context"),
            f"{error.filename!r} cannot be read: {error.strerror}",
            "files that the user who runs Pulumi may read",
            "exclude files that the image does not need in .dockerignore",
        ) from None
    return BuildContext(digest.hexdigest(), text.decode(errors="replace"))


def _sent(root: Path, dockerfile: str) -> list[str]:
    """The paths in the context that Docker sends to the builder, sorted."""
    from docker.utils.build import exclude_paths

    return sorted(exclude_paths(str(root), _ignored(root, dockerfile), dockerfile))


def _ignored(root: Path, dockerfile: str) -> list[str]:
    """The patterns of the ignore file of the Dockerfile, else of the context.

    Source: docs.docker.com/build/concepts/context, "Filename and location".
    """
    for file in (root / f"{dockerfile}.dockerignore", root / ".dockerignore"):
        if file.is_file():
            lines = map(str.strip, file.read_text(encoding="utf-8-sig").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _entry(root: Path, name: str, path: str) -> str:
    """The line of a file in the text whose digest identifies the context."""
    file = root / name
    mode = file.lstat().st_mode
    content = ""
    if stat.S_ISLNK(mode):
        content = str(file.readlink())
        # Pulumi's provider follows links when it detects changes: provider/internal/context.go.
        if not file.exists():
            raise _refusal(
                join_path(path, "context"),
                f"the link {str(file)!r} to {content!r}, whose target does not exist or is the link itself",
                "links to existing files",
                "fix the link, or exclude it in .dockerignore",
            )
    elif stat.S_ISREG(mode):
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
    return json.dumps([Path(name).as_posix(), stat.filemode(mode), content]) + "\n"


def _refusal(path: str, found: str, allowed: str, fix: str = "") -> DeclarationError:
    return DeclarationError([Problem(path, found, allowed, fix)])
