"""Calls Docker credential helpers, and parses their output.

The caller runs the programs: see `RunHelper`.
Source: docker/docker-credential-helpers, client/client.go, and docker/cli,
cli/config/credentials/native_store.go.
"""

from dataclasses import dataclass, field
from typing import Protocol

from pulumi_gitlab_runner.auth.resolution import go_json
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret

NOT_FOUND = "credentials not found in native keychain"
"""The output, with an exit status other than 0, of a helper without credentials for a registry."""

NO_ANSWER = "it did not answer in time"
"""The reason for a timeout. The runner has no such message: it waits for a helper without a time limit."""

_TOKEN_USER = "<token>"  # noqa: S105 - the user name by which a helper marks an identity token
_KNOWN_REFUSALS = ("no credentials server URL", "no credentials username")


@dataclass(frozen=True)
class HelperAnswer:
    """The result of a call of a credential helper.

    Attributes:
        exit_status: the exit status, 0 for success.
        output: the standard output; it may contain a secret.
        errors: the standard error; it may contain a secret too, except for this library's helper.
    """

    exit_status: int
    output: str = field(repr=False)
    errors: str = field(default="", repr=False)


class RunHelper(Protocol):
    """Runs a credential helper.

    Called with the program (``docker-credential-ecr-login``), its argument (``get`` or ``list``) and its
    standard input (the registry).

    Raises OSError if the program cannot be run: FileNotFoundError if it is not on the ``PATH``, TimeoutError
    if it does not exit in time.
    """

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run the helper and wait for its result."""
        ...


class HelperFailure(Exception):  # noqa: N818 - what happened, not a mistake of the caller
    """A helper was not found, failed, or printed an invalid result.

    Attributes:
        program: the program of the helper.
        text: the runner's message, without the helper's output, which may contain a secret.
    """

    def __init__(self, program: str, text: str) -> None:
        super().__init__(f"{program}: {text}")
        self.program = program
        self.text = text


def program_name(helper: str) -> str:
    """The program of a helper, by its name in ``credHelpers`` or ``credsStore``."""
    return f"docker-credential-{helper}"


def get(run: RunHelper, helper: str, registry: str) -> Credentials | None:
    """The credentials that a helper has for a registry; None if it has none.

    Raises:
        HelperFailure: the helper printed no valid result.
    """
    program = program_name(helper)
    answer = _run(run, program, "get", registry)
    if answer.exit_status != 0:
        if answer.output.strip() == NOT_FOUND:
            return None
        raise HelperFailure(program, _failure("getting", answer))
    try:
        found = go_json.fields(_decoded(answer), "the answer")
        username = go_json.text(found.get("username"), "Username in the answer")
        secret = Secret(go_json.text(found.get("secret"), "Secret in the answer"))
        go_json.text(found.get("serverurl"), "ServerURL in the answer")
    except ValueError as error:
        raise HelperFailure(program, str(error)) from None
    if username == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(username, secret)


def list_registries(run: RunHelper, helper: str) -> list[str]:
    """The registries for which a helper has credentials, sorted.

    Raises:
        HelperFailure: the helper printed no valid result.
    """
    program = program_name(helper)
    answer = _run(run, program, "list", "unused")
    if answer.exit_status != 0:
        raise HelperFailure(program, _failure("listing", answer))
    try:
        found = go_json.mapping(_decoded(answer), "the answer")
        for username in found.values():
            go_json.text(username, "a user in the answer")
    except ValueError as error:
        raise HelperFailure(program, str(error)) from None
    return sorted(found)


def _run(run: RunHelper, program: str, action: str, server: str) -> HelperAnswer:
    doing = "getting" if action == "get" else "listing"
    try:
        return run(program, action, server)
    except FileNotFoundError:
        reason = f'exec: "{program}": executable file not found in $PATH'
    except TimeoutError:
        reason = NO_ANSWER
    except OSError as error:
        reason = (error.strerror or "it cannot be run").lower()
    raise HelperFailure(program, f"error {doing} credentials - err: {reason}, out: ``") from None


def _failure(doing: str, answer: HelperAnswer) -> str:
    """The runner's message for a helper that failed."""
    output = answer.output.strip()
    reason = output if output in _KNOWN_REFUSALS else f"exit status {answer.exit_status}"
    shown = "…" if output else ""
    return f"error {doing} credentials - err: {reason}, out: `{shown}`"


def _decoded(answer: HelperAnswer) -> object:
    if not answer.output.strip():
        raise ValueError("the answer is empty")
    try:
        return go_json.decode(answer.output)
    except ValueError:
        raise ValueError("the answer is not JSON") from None
