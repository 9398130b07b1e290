"""Renders `config.toml` from its typed form."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import tomli_w

from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.spelling import as_fields, as_keys
from pulumi_gitlab_runner.typed_dicts import fitted

HEADER = """\
# Written by pulumi-gitlab-runner from the stack's declaration.
# Change the declaration: whatever is changed here is lost with the next `pulumi up`.
"""


def toml_data(config: ManagerConfig) -> dict[str, Any]:
    """Return the declared data under the keys and with the types of `config.toml`.

    Keys are in the order of the schema, not of the declaration. Whole numbers that another language passes as
    floats become integers; points in time become TOML datetimes.

    Raises:
        ValueError: The configuration has a key, a type or a point in time that `check` refuses.
    """
    fields, mismatches = fitted(as_fields(config, ManagerConfig), ManagerConfig)
    if mismatches:
        # No value is shown: any of them may be a secret.
        raise ValueError("this is no valid config.toml; `check` says what is wrong with it")
    data = as_keys(fields, ManagerConfig)
    for runner in data.get("runners", []):
        for key in ("token_obtained_at", "token_expires_at"):
            if key in runner:
                runner[key] = datetime.fromisoformat(runner[key])
    return data


def render(config: ManagerConfig, number: Callable[[str], str] | None = None) -> str:
    """Return the text of `config.toml`, which is always the same for the same data.

    Args:
        config: A configuration in which `check` found no error.
        number: Returns the placeholder for the ID of a runner, by its name. Default: the IDs in `config`.

    Raises:
        ValueError: The configuration has a key, a type or a point in time that `check` refuses.
    """
    data = toml_data(config)
    if number:
        data["runners"] = [_with_number(each, number(each["name"])) for each in data["runners"]]
    return HEADER + "\n" + tomli_w.dumps(data, indent=2)


def _with_number(runner: dict[str, Any], number: str) -> dict[str, Any]:
    """A runner with a placeholder for its ID, at the position of the ID."""
    before = {key: runner[key] for key in ("name", "url")}
    return {**before, "id": number, **{key: value for key, value in runner.items() if key != "id"}}
