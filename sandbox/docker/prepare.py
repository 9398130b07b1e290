"""What there must be before the Docker part of the sandbox is started."""

from pathlib import Path

from sandbox.docker import ecr_login, unavailable
from sandbox.progress import Progress


def prepare(directory: Path, progress: Progress) -> Path:
    """Return the credential helper of ECR, built where it is not there.

    Args:
        directory: the sandbox's.
        progress: shows that it is built.

    Raises:
        DockerUnavailableError: there can be no Docker Engine of the sandbox here.
        GoBuildError: the helper cannot be built.
    """
    unavailable.check()
    return ecr_login.obtain(directory / "ecr-login", progress)
