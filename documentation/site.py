"""The build of the documentation's site."""

import os
import sys
from pathlib import Path

from sandbox.paths import CHECKOUT


def command(directory: Path) -> list[str]:
    """The command that builds the site in a directory; it fails on a broken link or anchor."""
    settings = str(CHECKOUT / "mkdocs.yml")
    return [
        sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict",
        "--config-file", settings, "--site-dir", str(directory),
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """The environment variables of that command: the hooks are modules of this checkout."""
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(paths), "NO_MKDOCS_2_WARNING": "1"}
