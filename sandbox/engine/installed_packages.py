"""The packages installed for a Python interpreter, and the Pulumi plugins that they require.

As Pulumi's language host finds them: pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go and
sdk/python/toolchain/pip.go. Imports only the standard library, so that it can run on that interpreter:
`python installed_packages.py` prints the packages as JSON.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NO_PLUGINS = ("pulumi-policy", "pulumi-esc-sdk")
"""Pulumi's packages without a plugin whose metadata does not say so."""

_PACKAGE_VERSION = re.compile(
    r"(?P<release>\d+(\.\d+)*)((?P<stage>a|b|rc)(?P<number>\d*))?(?P<post>\.post\d*)?(?P<dev>\.dev\d*)?"
)
_STATED = re.compile(r"^(Name|Version): *(.+?) *$", re.MULTILINE)
_STAGES = {"a": "alpha", "b": "beta", "rc": "rc"}


@dataclass(frozen=True)
class Plugin:
    """A provider plugin that a package requires."""

    name: str
    version: str
    server: str


@dataclass(frozen=True)
class Package:
    """An installed package.

    Attributes:
        name: the name in its canonical form (PEP 503).
        version: the version in its metadata.
        stated: the text of its `pulumi-plugin.json`; None if it has none.
    """

    name: str
    version: str
    stated: str | None


def plugins_of(python: str) -> list[Plugin]:
    """Return the plugins that the packages of the interpreter `python` require.

    Raises:
        ValueError: a `pulumi-plugin.json` cannot be read.
    """
    if python == sys.executable:
        packages = _packages()
    else:
        answer = subprocess.run([python, "-P", __file__], capture_output=True, text=True, check=True)
        packages = [Package(*stated) for stated in json.loads(answer.stdout)]
    return [plugin for plugin in map(_plugin, packages) if plugin is not None]


def packages_of(python: str, *, transitive: bool) -> list[tuple[str, str]]:
    """Return name and version of the packages of the interpreter `python`, as its pip lists them.

    Args:
        python: the interpreter.
        transitive: whether dependencies of other packages are listed too.
    """
    listed = [python, "-m", "pip", "list", "--format", "json", *([] if transitive else ["--not-required"])]
    answer = subprocess.run(listed, capture_output=True, text=True, check=True)
    return [(_canonical(each["name"]), each["version"]) for each in json.loads(answer.stdout)]


def _packages() -> list[Package]:
    found = dict(stated for each in metadata.distributions() if (stated := _name_and_version(each)))
    return [Package(_canonical(name), version, _stated(name)) for name, version in sorted(found.items())]


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str] | None:
    """Return the name and version in a package's metadata; None if an interrupted installation left none.

    The parser of the standard library reads all of the metadata, which takes twenty times as long.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    stated = dict(_STATED.findall(text.partition("\n\n")[0]))
    return (stated["Name"], stated["Version"]) if stated.keys() == {"Name", "Version"} else None


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def _plugin(package: Package) -> Plugin | None:
    """Return the plugin that a package requires.

    Every package whose name starts with `pulumi-` counts as a provider, unless its `pulumi-plugin.json`
    says otherwise.
    """
    if package.name in NO_PLUGINS:
        return None
    try:
        stated: dict[str, Any] | None = json.loads(package.stated) if package.stated is not None else None
    except ValueError as error:
        raise ValueError(f"failed to parse pulumi-plugin.json for {package.name}: {error}") from None
    if stated is None:
        if not package.name.startswith("pulumi-"):
            return None
    elif not stated.get("resource"):
        return None
    given = stated or {}
    version = given.get("version") or plugin_version(package.version)
    if version is None:
        return None
    name = given.get("name") or package.name.removeprefix("pulumi-")
    return Plugin(name, f"v{version.removeprefix('v')}", given.get("server", ""))


def plugin_version(version: str) -> str | None:
    """Return the plugin version for a package version (PEP 440).

    Returns:
        A semantic version; None if there is no equivalent, as for a version with an epoch.
    """
    match = _PACKAGE_VERSION.fullmatch(version)
    if match is None:
        return None
    release = match["release"].split(".")
    text = ".".join(release + ["0"] * (3 - len(release)))
    if match["stage"]:
        text += f"-{_STAGES[match['stage']]}.{match['number']}"
    build = "".join(part[1:] for part in (match["post"], match["dev"]) if part)
    return f"{text}+{build}" if build else text


def _stated(package: str) -> str | None:
    """Return the text of a package's `pulumi-plugin.json`."""
    try:
        spec = find_spec(package.replace("-", "_"))
    except Exception:  # whatever a parent package raises while it is imported
        return None
    directories: Iterable[str] = (spec.submodule_search_locations or ()) if spec else ()
    files = (Path(directory) / "pulumi-plugin.json" for directory in directories)
    found = next((file for file in files if file.is_file()), None)
    return found.read_text() if found else None


if __name__ == "__main__":
    print(json.dumps([(each.name, each.version, each.stated) for each in _packages()]))
