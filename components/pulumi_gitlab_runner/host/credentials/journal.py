"""Messages of the service."""

from __future__ import annotations

import os
import sys

WARNING, NOTICE, INFO = 4, 5, 6
"""The priorities of messages in the journal: sd-daemon(3)."""


def say(priority: int, text: str) -> None:
    """Send a message to the journal, or to standard error outside of a unit."""
    prefix = f"<{priority}>" if "JOURNAL_STREAM" in os.environ else "gitlab-runner-credentials: "
    print(f"{prefix}{text}", file=sys.stderr, flush=True)
