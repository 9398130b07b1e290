"""Runs a Pulumi program as Pulumi's own script does, with provider SDKs of which only what is used is loaded.

`python run_program.py EXECUTOR ARGUMENTS…`; standard library only: it runs on the program's interpreter.

A package of an SDK imports all names of each of its modules, hundreds of them in `pulumi_aws.ec2` and
`pulumi_gitlab`. That takes over a second, a fifth of a preview; a program uses a few of them.
"""

import re
import runpy
import sys
from importlib import import_module
from importlib.abc import InspectLoader, Loader
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGES = re.compile(r"pulumi_(aws|docker|docker_build|gitlab)(\.\w+)?")
_WHOLE_MODULE = re.compile(r"^from \.(\w+) import \*$", re.MULTILINE)
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TYPES = ("_inputs", "_enums")
"""The modules with the names that belong to no module of their own."""


class Package(ModuleType):
    """A package that takes the names of each of its modules when the module is loaded."""

    _modules: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """Take a module that was loaded, which Python sets; a name in it may be its own (`get_region`)."""
        super().__setattr__(name, value)
        if name in self._modules:
            vars(self).update({exported: getattr(value, exported) for exported in value.__all__})

    def __getattr__(self, name: str) -> Any:
        """Find a name that no module loaded so far has brought."""
        if name == "__all__":  # `from PACKAGE import *`
            for each in self._modules:
                import_module(f"{self.__name__}.{each}")
        elif not name.startswith("__") and (name in self._modules or not self._has_module(name)):
            likely = _WORD_BEGINS.sub("_", name).lower()
            for each in sorted(self._modules, key=lambda each: (each != likely, each not in _TYPES)):
                import_module(f"{self.__name__}.{each}")
                if name in vars(self):
                    return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def _has_module(self, name: str) -> bool:
        directory = Path(self.__path__[0])
        return (directory / f"{name}.py").exists() or (directory / name).is_dir()


class LazyPackage(Loader):
    """Loads a package of an SDK without its modules: each is loaded when a name of it is first used.

    Args:
        loader: loads the package as it is.
    """

    def __init__(self, loader: InspectLoader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        """Run the package's own file, without what it imports of its modules."""
        source = self._loader.get_source(module.__name__) or ""
        module.__class__ = Package  # here, since the SDK's own lazy loading has just made it a plain module
        vars(module)["_modules"] = tuple(_WHOLE_MODULE.findall(source))
        exec(compile(_WHOLE_MODULE.sub("", source), str(module.__file__), "exec"), vars(module))  # noqa: S102


class LazyPackages:
    """Finds the packages of the SDKs, for `sys.meta_path`."""

    def find_spec(self, name: str, path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """Find a package; nothing else."""
        spec = PathFinder.find_spec(name, path) if _PACKAGES.fullmatch(name) else None
        if spec and spec.submodule_search_locations and isinstance(spec.loader, InspectLoader):
            spec.loader = LazyPackage(spec.loader)
            return spec
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, LazyPackages())
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
