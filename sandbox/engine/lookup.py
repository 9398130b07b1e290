"""The lookup of the engine: on PATH, else cached, else downloaded, else built."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from sandbox.engine import installed
from sandbox.engine.build import MODULE, build
from sandbox.engine.download import OFFICIAL, download
from sandbox.engine.release import (
    INSTALL,
    VERSION_TEXT,
    Engine,
    EngineUnavailableError,
    WayFailedError,
    require_version,
)
from sandbox.go_toolchain import go_version_needed
from sandbox.lock import exclusive
from sandbox.progress import Progress, Step

Way = Callable[[Path, Step], Path]

WAYS: tuple[tuple[str, str, Way], ...] = (
    ("the official download", "downloaded", download),
    ("a build from its Go module", "built", build),
)
"""The ways to get an engine, preferred first: title, origin, and function."""


def locate(directory: Path) -> Engine:
    """Return an engine, on PATH or cached below `directory`; `EngineUnavailableError` without one."""
    engine, reason = _available(directory)
    if engine is None:
        raise _unavailable([("on PATH", reason), ("kept from before", f"none in {directory}")])
    return engine


def obtain(directory: Path, progress: Progress) -> Engine:
    """Return an engine; if none is available, try each of `WAYS` in turn, one process at a time.

    Raises:
        EngineUnavailableError: every way failed.
    """
    engine, reason = _available(directory)
    if engine is not None:
        return engine

    failures = [("on PATH", reason)]
    with progress.step(f"Pulumi engine {VERSION_TEXT}", "looking for one") as step:
        waiting = "waiting for another ./dev that is getting it"
        with exclusive(directory / "lock", lambda: step.tell(waiting)):
            kept = _kept(directory)
            if kept is not None:
                return kept
            for left_over in directory.glob("partial-*"):  # left by a set-up that was killed
                shutil.rmtree(left_over, ignore_errors=True)
            for title, origin, way in WAYS:
                try:
                    return _install(directory, origin, way, step)
                except WayFailedError as failure:
                    failures.append((title, str(failure)))
            raise _unavailable(failures)


def _available(directory: Path) -> tuple[Engine | None, str]:
    """The engine on PATH, else the cached one; None for neither, and why there is none on PATH."""
    try:
        return installed.find(directory / "installed.json"), ""
    except WayFailedError as failure:
        return _kept(directory), str(failure)


def _kept(directory: Path) -> Engine | None:
    kept = directory / f"v{VERSION_TEXT}"
    try:
        origin = json.loads((kept / "engine.json").read_text())["origin"]
    except (OSError, ValueError, KeyError):
        return None
    return Engine(kept / "bin" / "pulumi", origin)


def _install(directory: Path, origin: str, way: Way, step: Step) -> Engine:
    """Get an engine in a temporary folder, check its version, and move it into place."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="partial-", ignore_cleanup_errors=True) as partial:
        binaries = way(Path(partial), step)
        require_version(binaries / "pulumi")
        ready = Path(partial) / "ready"
        ready.mkdir()
        binaries.rename(ready / "bin")
        (ready / "engine.json").write_text(json.dumps({"version": VERSION_TEXT, "origin": origin}))
        place = directory / f"v{VERSION_TEXT}"
        shutil.rmtree(place, ignore_errors=True)
        ready.rename(place)
    return Engine(place / "bin" / "pulumi", origin)


def _unavailable(failures: list[tuple[str, str]]) -> EngineUnavailableError:
    reasons = [f"{title}: {reason}" for title, reason in failures]
    go = ".".join(map(str, go_version_needed(MODULE)))
    remedies = [
        f"install Pulumi {VERSION_TEXT} or newer, language host for Python and all: {INSTALL}",
        f"let this machine reach {OFFICIAL}, or set SANDBOX_ENGINE_MIRROR to an address with the same files",
        f"install Go {go} or newer (https://go.dev/dl/), and let it reach the Go module proxy",
    ]
    message = f"There is no Pulumi engine. Tried:{_list(reasons)}\nOne of these fixes it:{_list(remedies)}"
    return EngineUnavailableError(message, "; ".join(reasons))


def _list(entries: list[str]) -> str:
    return "".join(f"\n  - {entry}" for entry in entries)
