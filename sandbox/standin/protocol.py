"""The protocol's message classes without the SDK around them, which takes a process longer than all else."""

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

    For a process that needs no more: it calls this before it imports what speaks the protocol. `import_sdk`
    takes it back.
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
    """Return the whole SDK."""
    with _lock:
        for name in _PACKAGES:
            if name in sys.modules and sys.modules[name].__spec__ is None:
                del sys.modules[name]
        return importlib.import_module("pulumi")
