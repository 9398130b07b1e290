"""The CI variables of a job that determine the credentials of a pull."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.expansion import FileText, RawFileText, RawText

DOCKER_AUTH_CONFIG = "DOCKER_AUTH_CONFIG"


@dataclass(frozen=True)
class JobVariables:
    """The CI variables of a job, from its project, groups, instance and file.

    Attributes:
        values: the values of the variables that the job gets, by key.
        withheld: the keys of the protected variables that it does not get.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    withheld: frozenset[str] = frozenset()


def assigned(option: str, form: str, assignments: Sequence[str]) -> dict[str, str]:
    """The values of the assignments of an option, of the form ``NAME=VALUE``.

    Raises:
        UsageError: an assignment has no name or no equals sign.
    """
    found: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} accepts {form}")
        found[name] = value
    return found


def job_variables(
    listed: Path | None, given: Sequence[str], docker_auth_config: str | None, *, protected: bool
) -> JobVariables:
    """Collect the variables of a job.

    Args:
        listed: a file of variables as listed by GitLab's API: ``[{"key": …, "value": …}, …]``. In the value
            of a variable with ``"raw": true``, no variables are expanded.
        given: other variables, ``KEY=value``; they take precedence.
        docker_auth_config: the value of ``DOCKER_AUTH_CONFIG``, or ``@FILE`` for the content of a file; it
            takes precedence, too.
        protected: whether the job's branch or tag is protected.

    Raises:
        UsageError: a file cannot be read or is not such a list, or an assignment has no key.
    """
    values: dict[str, str] = {}
    withheld: set[str] = set()
    for key, value, is_protected in _listed(listed) if listed else ():
        if is_protected and not protected:
            withheld.add(key)
        else:
            values[key] = value
    values |= assigned("--variable", "KEY=value", given)
    if docker_auth_config is not None:
        values[DOCKER_AUTH_CONFIG] = _text_or_file(docker_auth_config)
    return JobVariables(values, frozenset(withheld - values.keys()))


def _text_or_file(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        raise UsageError(f"--docker-auth-config {given}: the file cannot be read") from None


def _value(variable: Mapping[str, object]) -> str:
    text = str(variable.get("value") or "")
    if variable.get("variable_type") == "file":
        return RawFileText(text) if variable.get("raw") is True else FileText(text)
    return RawText(text) if variable.get("raw") is True else text


def _listed(path: Path) -> list[tuple[str, str, bool]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [(str(each["key"]), _value(each), each.get("protected") is True) for each in found]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or 'unreadable').lower()}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(f'{path} is not a list of variables: [{{"key": …, "value": …}}, …]') from None
