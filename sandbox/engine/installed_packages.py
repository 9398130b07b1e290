"""What packages a Python interpreter has installed, and which Pulumi plugins they ask for.

Imports the standard library only, so that it can run on the interpreter in question:
`python installed_packages.py` prints what it found as JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Plugin:
    """A provider plugin that a package needs."""

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


NO_PLUGINS = ("pulumi-policy", "pulumi-esc-sdk")
"""Packages of Pulumi's that have no plugin and do not say so."""


def _plugins() -> list[Plugin]:
    """Return the plugins that packages ask for, as Pulumi's own language host finds them.

    That takes every package for a provider whose name begins with `pulumi-`, unless its `pulumi-plugin.json`
    says otherwise: pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go.
    """
    found = (_plugin(name.lower().replace("_", "-"), version) for name, version in _packages())
    return [plugin for plugin in found if plugin is not None]


def _plugin(package: str, package_version: str) -> Plugin | None:
    """Return the plugin that a package asks for; none when it has none."""
    stated = _stated(package)
    if stated is None and (not package.startswith("pulumi-") or package in NO_PLUGINS):
        return None
    if stated is not None and not stated.get("resource"):
        return None
    told = stated or {}
    name = told.get("name") or package.removeprefix("pulumi-")
    version = told.get("version") or package_version
    return Plugin(name, f"v{version.removeprefix('v')}", told.get("server", ""))


def _stated(package: str) -> dict[str, Any] | None:
    """Return what a package's `pulumi-plugin.json` says; None where there is none."""
    module = package.replace("-", "_")
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    for directory in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(directory) / "pulumi-plugin.json"
        if file.is_file():
            stated: dict[str, Any] = json.loads(file.read_text())
            return stated
    return None


if __name__ == "__main__":
    print(json.dumps({"packages": _packages(), "plugins": [asdict(plugin) for plugin in _plugins()]}))
