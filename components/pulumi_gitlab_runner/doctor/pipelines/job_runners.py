"""Which runners of a stack run the jobs of a pipeline."""

from collections.abc import Iterable, Iterator, Mapping

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import shown_jobs
from pulumi_gitlab_runner.doctor.pipelines.job_tags import JobTags, Tags
from pulumi_gitlab_runner.doctor.runner_tags import StackRunners


def runner_of_jobs(jobs: Iterable[JobTags], runners: StackRunners) -> str | None:
    """The name of the only runner of a stack that runs some of the jobs; None if none does.

    Raises:
        UsageError: several runners run them.
    """
    found: dict[str, list[str]] = {}
    for job in jobs:
        for name in _accepting(job, runners):
            found.setdefault(name, []).append(job.job)
    if len(found) > 1:
        listed = ", ".join(f"{name} ({shown_jobs(names)})" for name, names in found.items())
        raise UsageError(f"several runners of the stack run these jobs; select one with --runner: {listed}")
    return next(iter(found), None)


def runs_elsewhere(tags: Tags, runners: StackRunners, name: object) -> str:
    """Why a runner of a stack does not run a job with some tags, but others do; empty if it may run it.

    A job whose tags no runner of the stack has may run on any other runner of its project. One without tags
    is meant for this runner, unless GitLab.com's hosted runners run it.

    Args:
        tags: the tags.
        runners: the runners of the stack; none if they are not known.
        name: the name of the runner.
    """
    accepting = [each.name for each in runners.accepting(tags)]
    if not runners.each or name in accepting:
        return ""
    if accepting:
        return f"which this runner does not run: examine with --runner {' or '.join(accepting)}"
    if runners.leave_to_hosted(tags):
        return "which only hosted runners of GitLab.com run: examine with --hosted"
    return "which no runner of the stack runs" if tags else ""


def jobs_of_other_runners(jobs: Iterable[JobTags], runners: StackRunners, name: object) -> dict[str, str]:
    """The jobs, or those with some tags of a matrix, that run elsewhere, and why; as `runs_elsewhere`."""
    found: dict[str, str] = {}
    own: set[str] = set()
    for job in jobs:
        reasons = {tags: runs_elsewhere(tags, runners, name) for tags in job.tags or ()}
        if reasons and all(reasons.values()):
            found[job.job] = "; ".join(dict.fromkeys(reasons.values()))
            continue
        own.add(job.job)
        found |= {f"{job.job} with the tags {', '.join(tags)}": why for tags, why in reasons.items() if why}
    return {job: why for job, why in found.items() if job not in own}


def _accepting(job: JobTags, runners: StackRunners) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.name for tags in job.tags or () for each in runners.accepting(tags)))


def described_jobs(others: Mapping[str, str]) -> Iterator[str]:
    """Descriptions of the jobs of other runners, once for the same reason."""
    for why in dict.fromkeys(others.values()):
        yield f"{shown_jobs([job for job, reason in others.items() if reason == why])}, {why}"
