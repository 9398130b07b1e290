"""The protocol's message classes without the rest of the SDK, whose import dominates a plugin's start."""

import importlib
import sys
import threading
import types
from importlib.machinery import PathFinder
from pathlib import Path

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")
_lock = threading.Lock()


def import_protocol_only() -> None:
    """Make `pulumi.runtime.proto` importable without running the SDK's own modules.

    A process that needs only the protocol calls this before it imports anything that uses it. `import_sdk`
    reverts it.
    """
    found = PathFinder.find_spec("pulumi")
    if found is None or found.submodule_search_locations is None:
        raise SystemExit("The Pulumi SDK for Python is not installed.")
    directory = Path(next(iter(found.submodule_search_locations))).parent
    for name in _PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(directory.joinpath(*name.split(".")))]
        sys.modules[name] = package


def import_sdk() -> types.ModuleType:
    """Import the whole SDK, and return it."""
    with _lock:
        for name in _PACKAGES:
            if name in sys.modules and sys.modules[name].__spec__ is None:
                del sys.modules[name]
        return importlib.import_module("pulumi")
