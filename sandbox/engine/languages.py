"""The language hosts beside a built engine: for YAML programs, and for SDKs of Go and Node.js.

A downloaded or installed engine includes its own. A built one has only the host for Python: the others are
built when they are first needed, and are kept beside it.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.release import Engine, WayFailedError
from sandbox.go_toolchain import GoBuildError, GoToolchain, go_version_needed
from sandbox.lock import exclusive
from sandbox.progress import Progress, Step

MODULES = Path(__file__).parent / "modules"


@dataclass(frozen=True)
class Host:
    """A language host that can be built."""

    languages: tuple[str, ...]
    """The runtime names that it serves: the engine looks for `pulumi-language-NAME`."""
    module: Path
    package: str
    packages_to_compile: int
    """The approximate number of packages that the engine does not have, for the progress display."""


HOSTS = (
    # The official host (pulumi/pulumi-yaml). Its module pins older packages of the engine.
    Host(("yaml",), MODULES / "yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", 150),
    # The sandbox's, with the engine's generators: the module proxy does not serve the official hosts.
    Host(("go", "nodejs"), MODULES / "engine", "./sdk-generator", 10),
)
FLAGS = ("-ldflags", "-s -w")


def obtain(engine: Engine, progress: Progress) -> None:
    """Build the hosts that a built engine lacks, one process at a time.

    Raises:
        WayFailedError: no Go toolchain is available, or a build fails.
    """
    if engine.origin != "built" or not _missing(engine):
        return
    directory = engine.command.parent.parent.parent
    with progress.step("Language hosts", "building those for YAML, Go and Node.js") as step:
        waiting = "waiting for another ./dev that builds them"
        with exclusive(directory / "lock", lambda: step.tell(waiting)):
            missing = _missing(engine)
            if not missing:
                return
            with tempfile.TemporaryDirectory(
                dir=directory, prefix="partial-", ignore_cleanup_errors=True
            ) as partial:
                _build(missing, Path(partial), engine.command.parent, step)


def _missing(engine: Engine) -> list[Host]:
    return [host for host in HOSTS if not all(engine.runs(language) for language in host.languages)]


def _build(hosts: list[Host], directory: Path, binaries: Path, step: Step) -> None:
    """Build hosts below `directory`, and move each into place, under the names of its languages."""
    try:
        toolchain = GoToolchain(max(go_version_needed(host.module) for host in hosts), step)
        for host in hosts:
            module, built = directory / "modules" / host.module.name, directory / host.module.name
            shutil.copytree(host.module, module)
            toolchain.build(module, host.package, built, *FLAGS, compiles=host.packages_to_compile)
            for language in host.languages:
                link = directory / f"pulumi-language-{language}"
                link.hardlink_to(built)
                link.replace(binaries / link.name)
    except GoBuildError as error:
        raise WayFailedError(str(error)) from None
