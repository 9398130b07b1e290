"""The command `gitlab-runner-credentials`: the service, `serve`, and `once`, which runs before it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from .files import DIRECTORY, Files
from .journal import WARNING, say
from .service import Service

REGISTRIES = "/etc/gitlab-runner/registries"


def main() -> int:
    """Run the service, or request all credentials once."""
    parser = argparse.ArgumentParser(prog="gitlab-runner-credentials")
    parser.add_argument(
        "command",
        choices=["serve", "once"],
        help="run the service; or request the credentials that are due, wait for the answers, and exit",
    )
    parser.add_argument("--registries", type=Path, default=REGISTRIES, help="default: %(default)s")
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help="the directory, in memory; default: %(default)s"
    )
    arguments = parser.parse_args()
    os.umask(0o077)
    tempfile.tempdir = str(arguments.directory)
    try:
        service = Service(arguments.registries, Files(arguments.directory), say)
    except OSError as error:
        say(WARNING, f"{arguments.directory}: {error.strerror or error}")
        return 1
    if arguments.command == "once":
        there = service.once()
        os._exit(0 if there else 1)  # without waiting for the threads of pending requests
    service.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
