"""The engine built from its Go module, for machines that can reach only package registries.

Pulumi's Go module contains the `pulumi` command, but not its language host for Python; so the built command
comes with the sandbox's language host (`language_host.py`), and Pulumi's own script that runs a program.
The flags are those of Pulumi's releases (pulumi/pulumi, `.goreleaser.yml`).
"""

import shutil
from pathlib import Path

from sandbox.engine.release import VERSION_TEXT, WayFailedError
from sandbox.go_toolchain import GoBuildError, GoToolchain, go_version_needed
from sandbox.progress import Step

HERE = Path(__file__).parent
MODULE = HERE / "modules" / "engine"
LANGUAGE_HOST = HERE / "pulumi-language-python"

COMMAND_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
EXECUTOR = "python/cmd/pulumi-language-python-exec"
PACKAGES_TO_COMPILE = 1670
"""The approximate number of packages that a build compiles, for the progress display."""
FLAGS = ("-ldflags", f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{VERSION_TEXT}")


def build(directory: Path, step: Step) -> Path:
    """Build the engine below `directory`; return the folder with the executables.

    Raises:
        WayFailedError: no Go toolchain is available, or the build fails.
    """
    module = directory / "module"
    shutil.copytree(MODULE, module)
    binaries = directory / "bin"
    binaries.mkdir()
    try:
        toolchain = GoToolchain(go_version_needed(MODULE), step)
        toolchain.build(module, COMMAND_PACKAGE, binaries / "pulumi", *FLAGS, compiles=PACKAGES_TO_COMPILE)
        sdk = toolchain.module_directory(module, SDK_MODULE)
    except GoBuildError as error:
        raise WayFailedError(str(error)) from None
    shutil.copy(sdk / EXECUTOR, binaries)
    shutil.copy(LANGUAGE_HOST, binaries)
    return binaries
