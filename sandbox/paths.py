"""Where the sandbox keeps its state."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def sandbox_directory() -> Path:
    """Return the directory of all state: `SANDBOX_DIR`, by default `.sandbox` at the top of the checkout."""
    return Path(os.environ.get("SANDBOX_DIR") or CHECKOUT / ".sandbox").absolute()


def engine_directory() -> Path:
    """Return where engines are kept: `SANDBOX_ENGINE_DIR`, by default `engine` below the sandbox's directory.

    Sandboxes that run side by side share one engine this way.
    """
    return Path(os.environ.get("SANDBOX_ENGINE_DIR") or sandbox_directory() / "engine").absolute()
