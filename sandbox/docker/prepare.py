"""The prerequisites of the Docker part of the sandbox."""

from pathlib import Path

from sandbox.docker import ecr_login, unavailable
from sandbox.progress import Progress


def prepare(directory: Path, progress: Progress) -> Path:
    """Return the credential helper of ECR; build it below the sandbox's directory if not found.

    Raises:
        DockerUnavailableError: the sandbox's Docker Engine cannot run here.
        GoBuildError: the helper cannot be built.
    """
    unavailable.check()
    return ecr_login.obtain(directory / "ecr-login", progress)
