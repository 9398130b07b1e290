"""The plugins that the installed packages require.

As Pulumi's language host finds them: pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NO_PLUGINS = ("pulumi-policy", "pulumi-esc-sdk")
"""Pulumi's packages without a plugin whose metadata does not say so."""
_STATED = re.compile(r"^(Name|Version): *(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Plugin:
    """A provider plugin that a package requires."""

    name: str
    version: str
    server: str


def required_plugins() -> list[Plugin]:
    """Return the plugins that the packages of this interpreter require."""
    found = dict(stated for each in metadata.distributions() if (stated := _name_and_version(each)))
    return [plugin for package in sorted(found) if (plugin := plugin_of(package, found[package]))]


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str] | None:
    """Return the name and version in a package's metadata; None if an interrupted installation left none.

    The name has its canonical form (PEP 503). The parser of the standard library reads all of the metadata,
    which takes twenty times as long.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    stated = dict(_STATED.findall(text.partition("\n\n")[0]))
    if stated.keys() != {"Name", "Version"}:
        return None
    return re.sub(r"[-_.]+", "-", stated["Name"].lower()), stated["Version"]


def plugin_of(package: str, version: str) -> Plugin | None:
    """Return the plugin that a package requires.

    Every package whose name starts with `pulumi-` counts as a provider, unless its `pulumi-plugin.json`
    says otherwise. The version of a release is also that of its plugin.
    """
    stated = _stated(package)
    is_provider = package.startswith("pulumi-") if stated is None else stated.get("resource")
    if package in NO_PLUGINS or not is_provider:
        return None
    given = stated or {}
    named = str(given.get("version") or version).removeprefix("v")
    return Plugin(given.get("name") or package.removeprefix("pulumi-"), f"v{named}", given.get("server", ""))


def _stated(package: str) -> dict[str, Any] | None:
    """Return the content of a package's `pulumi-plugin.json`."""
    try:
        spec = find_spec(package.replace("-", "_"))
    except Exception:  # whatever a parent package raises while it is imported
        return None
    directories: Iterable[str] = (spec.submodule_search_locations or ()) if spec else ()
    files = (Path(directory) / "pulumi-plugin.json" for directory in directories)
    found = next((file for file in files if file.is_file()), None)
    stated: dict[str, Any] | None = json.loads(found.read_text()) if found else None
    return stated
