"""Docker configurations and credential helpers for the tests of the resolution."""

import base64
import json

from pulumi_gitlab_runner.auth.resolution.helpers import NOT_FOUND, HelperAnswer


def encoded(username: str, password: str) -> str:
    """The `auth` of a Docker configuration."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def docker_config(
    auths: dict[str, str] | None = None, helpers: dict[str, str] | None = None, store: str | None = None
) -> str:
    """A Docker configuration. `auths` gives each registry's user; the password is `NAME-password`."""
    config: dict[str, object] = {}
    if auths:
        config["auths"] = {key: {"auth": encoded(user, f"{user}-password")} for key, user in auths.items()}
    if helpers:
        config["credHelpers"] = helpers
    if store:
        config["credsStore"] = store
    return json.dumps(config)


class Helpers:
    """Credential helpers that answer from a table and record the requests.

    The table has, for each program, its answers by registry, and the one to `list`.
    A program that is not in the table is not on the PATH.
    """

    def __init__(self, **programs: dict[str, HelperAnswer]) -> None:
        self.programs = {f"docker-credential-{name}": answers for name, answers in programs.items()}
        self.asked: list[tuple[str, str, str]] = []

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        self.asked.append((program, action, server))
        answers = self.programs.get(program)
        if answers is None:
            raise FileNotFoundError(program)
        return answers.get(action if action == "list" else server, HelperAnswer(1, NOT_FOUND + "\n"))


def credentials(username: str, secret: str) -> HelperAnswer:
    """The answer of a helper that has credentials."""
    return HelperAnswer(0, json.dumps({"ServerURL": "ignored", "Username": username, "Secret": secret}))
