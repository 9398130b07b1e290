"""What packages a Python interpreter has installed, and which Pulumi plugins they ask for.

Imports the standard library only, so that it can run on the interpreter in question:
`python installed_packages.py` prints what it found as JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Plugin:
    """A provider plugin that a package states in its `pulumi-plugin.json`."""

    name: str
    version: str
    server: str


def plugins_of(python: str) -> list[Plugin]:
    """Return the plugins that the packages of the interpreter `python` ask for."""
    if python == sys.executable:
        return _plugins()
    return [Plugin(**stated) for stated in _ask(python)["plugins"]]


def packages_of(python: str) -> list[tuple[str, str]]:
    """Return name and version of each package of the interpreter `python`."""
    if python == sys.executable:
        return _packages()
    return [(name, version) for name, version in _ask(python)["packages"]]


def _ask(python: str) -> Any:
    answer = subprocess.run([python, "-P", __file__], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def _packages() -> list[tuple[str, str]]:
    return sorted({(each.metadata["Name"], each.version) for each in metadata.distributions()})


def _plugins() -> list[Plugin]:
    files = {file for directory in sys.path for file in Path(directory).glob("*/pulumi-plugin.json")}
    return [plugin for file in sorted(files) if (plugin := _plugin(file)) is not None]


def _plugin(file: Path) -> Plugin | None:
    """Return the plugin that a package asks for; none when it says that it has none."""
    stated = json.loads(file.read_text())
    if not stated.get("resource"):
        return None
    name = stated.get("name") or file.parent.name.removeprefix("pulumi_").replace("_", "-")
    version = stated.get("version") or metadata.version(file.parent.name)
    return Plugin(name, f"v{version.removeprefix('v')}", stated.get("server", ""))


if __name__ == "__main__":
    print(json.dumps({"packages": _packages(), "plugins": [asdict(plugin) for plugin in _plugins()]}))
