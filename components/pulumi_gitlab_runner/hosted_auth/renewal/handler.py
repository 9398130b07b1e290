"""The handler of the Lambda function.

Without an event of Pulumi it renews every variable; with one it renews, or removes, the variable that the
event names. Registries and variables are processed independently of each other. For a registry that fails, a
variable keeps its password. An error at the end names all failures. Nothing that is printed, returned or
raised contains a secret.
"""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .attempts import Clock, RefusedError, attempt_each
from .gitlab import GitLab, Variable
from .registries import Source, auth_of, stored

_LEFT_TO_ANSWER_S = 5.0
_FOR_REGISTRIES = 0.4
"""The share of the time for the registries; the rest is for GitLab."""


class RenewalError(Exception):
    """The failures of a run, with the reasons."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, list[str]]:
    """Read `configuration.json` in the directory of this module, and run."""
    configuration = json.loads(Path(__file__).with_name("configuration.json").read_text(encoding="utf-8"))
    remaining = context.get_remaining_time_in_millis() / 1000 - _LEFT_TO_ANSWER_S
    return run(configuration, event, Clock(time.monotonic() + remaining))


def run(configuration: Mapping[str, Any], event: Mapping[str, Any], clock: Clock) -> dict[str, list[str]]:
    """Renew every variable, or apply an event of Pulumi to one; return their scopes.

    Args:
        configuration: the content of `configuration.json`.
        event: `variable`, `mark`, and `tf` with an `action` and the previous event, as Pulumi's
            `aws.lambda.Invocation` sends them; any other event is treated as empty.
        clock: the time limit.

    Raises:
        RenewalError: a registry or a variable failed; all other ones were processed.
    """
    mark = configuration["mark"]
    earlier = event.get("tf", {}).get("prev_input") or {}
    # A renamed stack has another mark; its variables have the previous one until they are renewed.
    marks = [mark, *(each["mark"] for each in (event, earlier) if "mark" in each)]
    gitlab = GitLab(
        configuration["gitlab_url"],
        _gitlab_token(configuration["gitlab_token"], clock),
        clock,
        configuration.get("gitlab_authorities", ""),
    )
    if event.get("tf", {}).get("action") == "delete":
        variable = event["variable"]
        remove = partial(_remove, gitlab, marks, variable)
        removed, failures = attempt_each({variable["scope"]: remove}, clock)
        return _outcome("removed", list(removed), failures)
    variables = [event["variable"]] if "variable" in event else configuration["variables"]
    auths, missing = _auths(configuration["registries"], clock)
    puts = {each["scope"]: partial(_put, gitlab, marks, auths, missing.keys(), each) for each in variables}
    renewed, failures = attempt_each(puts, clock)
    answer = _outcome("renewed", list(renewed), missing | failures)
    print(_success_metric(mark))
    return answer


def _gitlab_token(source: Source, clock: Clock) -> str:
    """The token that writes the variables."""
    found, failures = attempt_each({"token": partial(stored, source)}, clock.share(_FOR_REGISTRIES))
    if failures:
        raise RenewalError(f"the GitLab token: {failures['token']}")
    token = found["token"].strip()
    # The HTTP client would refuse any other text, with a message that contains it.
    if not token or not all("!" <= character <= "~" for character in token):
        raise RenewalError("the GitLab token: the stored text is not a token: it is empty, or not one word")
    return token


def _auths(
    registries: Mapping[str, Source], clock: Clock
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The credentials of the registries in Docker's format, and the reasons of failures; both by host."""
    attempts = {host: partial(auth_of, source) for host, source in registries.items()}
    found, missing = attempt_each(attempts, clock.share(_FOR_REGISTRIES))
    return {host: {"auth": auth} for host, auth in found.items()}, missing


def _put(
    gitlab: GitLab,
    marks: Sequence[str],
    auths: Mapping[str, Any],
    missing: Collection[str],
    variable: Variable,
) -> None:
    """Create a variable, or change it in place.

    Args:
        gitlab: the client.
        marks: the descriptions that identify variables of this function; the first is written.
        auths: the credentials of registries, by host.
        missing: the hosts of registries that failed, for which the variable keeps its entries.
        variable: the variable, with its settings.
    """
    existing = gitlab.find(variable)
    if existing and existing.get("description") not in marks:
        raise RefusedError(
            f"{variable['key']} exists already, and was not created by this function: remove it, or declare "
            "another key or environment_scope"
        )
    old = _auths_in(existing["value"]) if existing else {}
    auths = {**{host: old[host] for host in missing if host in old}, **auths}
    if not auths:
        raise RefusedError("the password of every registry is missing")
    settings = {
        # GitLab masks only values without white space, and those of JSON only in raw variables.
        "value": json.dumps({"auths": auths}, separators=(",", ":"), sort_keys=True),
        "masked": True,
        "raw": True,
        "protected": variable["protected"],
        "description": marks[0],
    }
    write = gitlab.change if existing else gitlab.create
    write(variable, settings)


def _remove(gitlab: GitLab, marks: Sequence[str], variable: Variable) -> None:
    """Delete a variable, if it exists and this function created it."""
    existing = gitlab.find(variable)
    if existing and existing.get("description") in marks:
        gitlab.delete(variable)


def _auths_in(value: str | None) -> dict[str, Any]:
    """The credentials in a variable's value; empty if the value is not in the format of this function."""
    try:
        return dict(json.loads(value or "{}")["auths"])
    except (ValueError, TypeError, KeyError):
        return {}


def _outcome(what: str, scopes: list[str], failures: Mapping[str, str]) -> dict[str, list[str]]:
    """The result of the function; raises an error if something failed."""
    print(f"{what}: {', '.join(scopes) or 'none'}")
    if failures:
        raise RenewalError("; ".join(f"{name}: {why}" for name, why in failures.items()))
    return {what: scopes}


def _success_metric(mark: str) -> str:
    """A log line from which CloudWatch creates a metric, in its embedded metric format.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring
    /CloudWatch_Embedded_Metric_Format_Specification.html.
    """
    described = {"Namespace": "GitLabRunner", "Dimensions": [["Renewal"]], "Metrics": [{"Name": "Renewed"}]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    return json.dumps({"_aws": metadata, "Renewal": mark, "Renewed": 1})
