"""Amazon's credential helper for ECR, built from its Go module.

Debian's package is too old: it ignores AWS_ENDPOINT_URL, so it cannot use the sandbox's AWS.
"""

import re
import shutil
import tempfile
from pathlib import Path

from sandbox.go_toolchain import GoToolchain, go_version_needed
from sandbox.lock import exclusive
from sandbox.progress import Progress

MODULE = Path(__file__).parent / "module"
COMMAND = "docker-credential-ecr-login"
HELPER_MODULE = "github.com/awslabs/amazon-ecr-credential-helper/ecr-login"
PACKAGES_TO_COMPILE = 290


def version() -> str:
    """Return the version that `go.mod` pins, such as ``v0.12.0``."""
    match = re.search(rf"^require {re.escape(HELPER_MODULE)} (\S+)$", (MODULE / "go.mod").read_text(), re.M)
    if match is None:
        raise ValueError(f"{MODULE / 'go.mod'} does not require {HELPER_MODULE}")
    return match[1]


def obtain(directory: Path, progress: Progress) -> Path:
    """Return the helper cached below a directory; if not found, build it, which takes one to two minutes.

    Raises:
        GoBuildError: it cannot be built.
    """
    kept = directory / version() / COMMAND
    if kept.exists():
        return kept
    with progress.step(f"{COMMAND} {version()}", "building it from its Go module") as step:
        waiting = "waiting for another process that is building it"
        with exclusive(directory / "lock", lambda: step.tell(waiting)):
            if kept.exists():
                return kept
            with tempfile.TemporaryDirectory(
                dir=directory, prefix="partial-", ignore_cleanup_errors=True
            ) as partial:
                toolchain = GoToolchain(go_version_needed(MODULE), step)
                module, built = Path(partial) / "module", Path(partial) / COMMAND
                shutil.copytree(MODULE, module)
                package = f"{HELPER_MODULE}/cli/{COMMAND}"
                toolchain.build(module, package, built, "-ldflags", "-s -w", compiles=PACKAGES_TO_COMPILE)
                kept.parent.mkdir(exist_ok=True)
                built.rename(kept)
    return kept
