"""Serves the GitLab double on loopback until the process is stopped."""

import argparse
import logging
import os
from contextlib import suppress
from pathlib import Path

from sandbox.services.gitlab.application import create_application, create_server

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - only the sandbox accepts it


def main() -> None:
    """Reads the command line and the environment, then serves.

    Environment variables: GITLAB_TOKEN is the administrator's token, SANDBOX_GITLAB_TOKENS are additional
    ones, separated by white space, SANDBOX_RUNNER_TOKEN is the prefix of all runner tokens in place of random
    tokens, and SANDBOX_DIR is the directory of `logs/gitlab-requests.log`.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox.services.gitlab", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1")
    arguments = parser.parse_args()
    log_requests()
    application = create_application(
        os.environ.get("GITLAB_TOKEN", DEFAULT_TOKEN),
        runner_token=os.environ.get("SANDBOX_RUNNER_TOKEN"),
        further=os.environ.get("SANDBOX_GITLAB_TOKENS", "").split(),
    )
    with suppress(KeyboardInterrupt):
        create_server(application, arguments.port).serve_forever()


def log_requests() -> None:
    """Writes the request log to the sandbox's directory; without SANDBOX_DIR there is no request log."""
    directory = os.environ.get("SANDBOX_DIR")
    if not directory:
        return
    logs = Path(directory, "logs")
    logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=logs / "gitlab-requests.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )


if __name__ == "__main__":
    main()
