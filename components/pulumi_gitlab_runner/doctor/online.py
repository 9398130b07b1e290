"""The status of a stack's runners in GitLab.

In GitLab, a runner is online if it has requested jobs within the last two hours: app/models/ci/runner.rb.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.gitlab import GitLab
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError, TimedOutError

POLL_INTERVAL_S = 5.0
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class StackRunner:
    """A runner of a stack.

    Attributes:
        name: the name in the declaration.
        number: the runner ID in GitLab.
        host: the name of the Auto Scaling group of its host or of its fleet.
    """

    name: str
    number: int
    host: str


@dataclass(frozen=True)
class Contact:
    """A runner's status in GitLab.

    Attributes:
        runner: the runner.
        status: the status in GitLab's API; `unknown` if the runner does not exist.
        online: whether the runner is online, paused or not.
        contacted_at: the time of its last contact; None if it was never in contact.
    """

    runner: StackRunner
    status: str = "unknown"
    online: bool = False
    contacted_at: str | None = None

    @property
    def message(self) -> str:
        """A description for reports."""
        last = f", last contact at {self.contacted_at}" if self.contacted_at else ""
        return f"#{self.runner.number} in GitLab: {self.status.replace('_', ' ')}{last}"


def contacts_of(gitlab: GitLab, runners: Sequence[StackRunner], wait_s: float) -> list[Contact]:
    """Wait until all runners are online, but no longer than `wait_s` seconds, and return their status.

    Raises:
        UsageError: GitLab does not answer, or does not show a runner to the token's owner.
    """
    deadline = time.monotonic() + wait_s
    with gitlab.client:
        while True:
            left_s = deadline - time.monotonic()
            try:
                found = [_contact(gitlab, each) for each in runners]
            except HttpError as error:
                if left_s <= 0:
                    reason = "it took too long" if isinstance(error, TimedOutError) else error
                    raise UsageError(f"GitLab at {gitlab.address} does not answer: {reason}") from None
            else:
                if left_s <= 0 or all(each.online for each in found):
                    return found
            time.sleep(min(POLL_INTERVAL_S, left_s))


def _contact(gitlab: GitLab, runner: StackRunner) -> Contact:
    answer = gitlab.ask(f"runners/{runner.number}", Deadline(TIMEOUT_S))
    if answer.status == 404:
        return Contact(runner)
    if answer.status == 403:
        raise UsageError(
            f"GitLab does not show the runner {runner.name}, #{runner.number}, to the owner of "
            "GITLAB_TOKEN: it needs the scope read_api, and the role Maintainer in its group or project"
        )
    if answer.status != 200:
        raise HttpError(f"HTTP {answer.status}")  # it may be temporary
    try:
        shown = read_json(answer.content)
        status, contacted_at = shown["status"], shown["contacted_at"]
        if not isinstance(status, str) or not isinstance(contacted_at, str | None):
            raise TypeError
        return Contact(runner, status, bool(shown["online"]), contacted_at)
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{gitlab.address} does not answer as GitLab's API does") from None


def read_runners(text: str) -> list[StackRunner]:
    """The runners in the output of `pulumi stack output runners --json`.

    Raises:
        UsageError: the text is not such an output.
    """
    try:
        read: dict[str, Any] = json.loads(text)
        # Pulumi returns numbers as floats.
        return [
            StackRunner(name, int(float(each["id"])), str(each.get("host", "")))
            for name, each in read.items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            "this is not a stack's output 'runners'; give the output of `pulumi stack output runners --json`"
        ) from None


def online_findings(contacts: Sequence[Contact], address: str) -> Iterator[Finding]:
    """The findings: runners that do not exist in GitLab, or that are not online."""
    for contact in contacts:
        if contact.online:
            continue
        runner = contact.runner
        where = f"the runner {runner.name}, #{runner.number} in GitLab"
        if contact.status == "unknown":
            yield Finding(
                FindingName.RUNNER_UNKNOWN,
                where,
                f"GitLab at {address} has no such runner",
                "its host requests jobs with a token that is no longer valid",
                "run `pulumi up --refresh`, which registers it again",
            )
            continue
        last = f"its last contact was at {contact.contacted_at}" if contact.contacted_at else None
        yield Finding(
            FindingName.RUNNER_OFFLINE if last else FindingName.RUNNER_NEVER_CONTACTED,
            where,
            last or "it has never contacted GitLab",
            "jobs that only this runner may run wait for it",
            "a new host needs some minutes: --wait 600; then check its instance in the Auto Scaling group "
            f"{runner.host}: its system log (aws ec2 get-console-output --latest --instance-id ID), "
            "journalctl -u gitlab-runner, and runner-doctor host",
        )
