"""The provider plugins that an engine of the sandbox starts: the stand-ins, or official plugins.

An engine looks for a plugin at `plugins/resource-NAME-vVERSION/pulumi-resource-NAME` below its `PULUMI_HOME`.
Each choice of plugins has a separate home in the sandbox's directory, so that concurrent engines do not share
plugins.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pulumi_gitlab_runner import __version__

from sandbox.engine.download import explain_unreachable
from sandbox.engine.installed_packages import Plugin, required_plugins
from sandbox.engine.release import Engine
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from sandbox.progress import Progress

LAUNCHER = CHECKOUT / "sandbox" / "plugin.sh"
STAND_INS, OFFICIAL = "stand-ins", "official"
PROVIDERS_VARIABLE, PLUGINS_VARIABLE = "SANDBOX_PROVIDERS", "SANDBOX_PLUGINS"
SERVED = ("aws", "docker", "docker-build", "gitlab")
"""The providers that have a stand-in."""
RELEASES = "https://get.pulumi.com/releases/plugins"
"""The engine's download source of plugins after github.com/pulumi/pulumi-NAME/releases: pulumi/pulumi,
sdk/go/common/workspace/plugins.go (fallbackSource)."""
_DOWNLOAD_TIMEOUT_S = 900


@dataclass(frozen=True)
class PluginChoice:
    """The choice of the plugins that an engine starts.

    Attributes:
        official: the providers whose official plugin is used; the others use their stand-ins.
        directory: the first directory to search for official plugins; None for only the default ones.
    """

    official: frozenset[str] = frozenset()
    directory: Path | None = None

    @property
    def home(self) -> str:
        """The name of the `PULUMI_HOME` below the sandbox's directory."""
        return "-".join(["home", *sorted(self.official)])

    def environment(self, aws: str) -> dict[str, str]:
        """Return the additional environment of the official plugins, so that they do not call AWS itself.

        Endpoints and credentials are those of the stand-ins. The S3 client uses path-style addressing if the
        endpoint is an IP address (aws/aws-sdk-go-v2, service/s3/endpoints.go). The S3 Control client puts the
        account before the host nevertheless: a name that does not resolve, so it needs a proxy.

        Args:
            aws: the URL of AWS's APIs, which is also the proxy.
        """
        if "aws" not in self.official:
            return {}
        skipped = ("CREDENTIALS_VALIDATION", "METADATA_API_CHECK", "REGION_VALIDATION")
        return {f"AWS_SKIP_{each}": "true" for each in skipped} | {"HTTP_PROXY": aws, "http_proxy": aws}


def parse_choice(providers: str | None = None, directory: Path | None = None) -> PluginChoice:
    """Return the choice of the command line, else that of the environment.

    Args:
        providers: `stand-ins`, `official`, or provider names, comma-separated; None for the environment's.
        directory: the first directory to search for official plugins; None for the environment's.

    Raises:
        SandboxError: one of the providers has no stand-in.
    """
    given = providers or os.environ.get(PROVIDERS_VARIABLE) or STAND_INS
    place = directory or (Path(written) if (written := os.environ.get(PLUGINS_VARIABLE)) else None)
    meanings = {STAND_INS: frozenset[str](), OFFICIAL: frozenset(SERVED)}
    names = meanings.get(given, frozenset(given.split(",")))
    if unknown := sorted(names.difference(SERVED)):
        raise SandboxError(
            f"--providers: {', '.join(unknown)} is none of {STAND_INS}, {OFFICIAL}, {', '.join(SERVED)}"
        )
    return PluginChoice(names, place.absolute() if place else None)


def place(directory: Path, choice: PluginChoice) -> Path:
    """Install the plugins in the `PULUMI_HOME`; return it.

    Every installed provider package gets a plugin, so that the engine does not try a download; a provider
    without a stand-in fails when it is used. The library's own plugin is installed too: the engine does not
    search `PATH` here.

    Raises:
        SandboxError: an official plugin is not found.
    """
    home = directory / choice.home
    found, missing = _official(home, choice)
    if missing:
        raise SandboxError(_not_there(missing, "`./dev up --providers` downloads"))
    own = Plugin("gitlab-runner", f"v{__version__}", "")
    for plugin in (own, *required_plugins()):
        executable = _executable(home, plugin)
        if (official := found.get(plugin)) is None:
            _put(executable, _launch, unless=_is_launcher(executable))
        elif official != executable:
            same = executable.is_symlink() and executable.readlink() == official
            _put(executable, partial(Path.symlink_to, target=official), unless=same)
    return home


def obtain(directory: Path, choice: PluginChoice, engine: Engine, progress: Progress) -> None:
    """Download missing official plugins with the engine.

    Raises:
        SandboxError: they cannot be downloaded; nothing was changed.
    """
    home = directory / choice.home
    _, missing = _official(home, choice)
    if not missing:
        return
    if unreachable := explain_unreachable(f"{RELEASES}/"):
        raise SandboxError(_not_there(missing, unreachable))
    for plugin in missing:
        with progress.step(f"Plugin {plugin.name} {plugin.version}", "downloading"):
            done = subprocess.run(
                [engine.command, "plugin", "install", "resource", plugin.name, plugin.version],
                env=dict(os.environ) | {"PULUMI_HOME": str(home)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_DOWNLOAD_TIMEOUT_S,
                check=False,
            )
        if done.returncode != 0:
            raise SandboxError(_not_there([plugin], " ".join(done.stderr.split())))


def _official(home: Path, choice: PluginChoice) -> tuple[dict[Plugin, Path], list[Plugin]]:
    """Return the paths of the official plugins of a choice, and the missing plugins."""
    if not choice.official:
        return {}, []
    wanted = [plugin for plugin in required_plugins() if plugin.name in choice.official]
    directories = [*_directories(choice), home / "plugins"]
    found = {plugin: executable for plugin in wanted if (executable := find(plugin, directories))}
    return found, [plugin for plugin in wanted if plugin not in found]


def official_plugin(name: str, choice: PluginChoice) -> Path | None:
    """Return the executable of a provider's official plugin, in the directory of a choice or the user's."""
    plugin = next(each for each in required_plugins() if each.name == name)
    return find(plugin, _directories(choice))


def find(plugin: Plugin, directories: Iterable[Path]) -> Path | None:
    """Return the executable of an official plugin in directories, or the engine's folders there; or None."""
    for directory in directories:
        for folder in (directory / f"resource-{plugin.name}-{plugin.version}", directory):
            executable = folder / f"pulumi-resource-{plugin.name}"
            if executable.is_file() and os.access(executable, os.X_OK) and not _is_launcher(executable):
                return executable
    return None


def _directories(choice: PluginChoice) -> list[Path]:
    """Return the directories to search for official plugins: the choice's, then the user's."""
    users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    return [each for each in (choice.directory, users) if each]


def _executable(home: Path, plugin: Plugin) -> Path:
    folder = home / "plugins" / f"resource-{plugin.name}-{plugin.version}"
    return folder / f"pulumi-resource-{plugin.name}"


def _is_launcher(executable: Path) -> bool:
    """Whether a file is the launcher of a stand-in."""
    content = LAUNCHER.read_bytes()
    is_small = executable.is_file() and executable.stat().st_size == len(content)
    return is_small and executable.read_bytes() == content


def _launch(executable: Path) -> None:
    shutil.copy(LAUNCHER, executable)
    executable.chmod(0o755)


def _put(executable: Path, write: Callable[[Path], None], *, unless: bool) -> None:
    """Write an executable atomically: another engine may be starting it."""
    if unless:
        return
    executable.parent.mkdir(parents=True, exist_ok=True)
    written = executable.with_name(f"{executable.name}.{os.getpid()}")
    write(written)
    written.replace(executable)


def where_to_put(*names: str) -> str:
    """Return the instruction to provide official plugins, for a message."""
    executables = ", ".join(f"pulumi-resource-{name}" for name in names)
    return f"put {executables} into a directory and name it with --plugins DIR"


def _not_there(missing: Sequence[Plugin], reason: str) -> str:
    plugins = ", ".join(f"{plugin.name} {plugin.version.removeprefix('v')}" for plugin in missing)
    return (
        f"no official plugin of {plugins} is there, and none can be downloaded ({reason}): "
        f"{where_to_put(*(plugin.name for plugin in missing))}. Nothing was changed"
    )
