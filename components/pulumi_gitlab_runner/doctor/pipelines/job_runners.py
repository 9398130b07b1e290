"""Which runners of a stack run the jobs of a pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.job_tags import JobTags, shown_jobs
from pulumi_gitlab_runner.doctor.runner_tags import RunnerTags

Runners = Sequence[RunnerTags]


def runner_of_jobs(jobs: Iterable[JobTags], runners: Runners) -> str | None:
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


def jobs_of_other_runners(
    jobs: Iterable[JobTags], runners: Runners, name: object
) -> dict[str, tuple[str, ...]]:
    """The jobs that a runner of a stack does not run, and others do: by job, the others.

    Jobs for GitLab.com's hosted runners have none. Jobs that no runner of the stack runs are not among them.

    Args:
        jobs: the jobs.
        runners: the runners of the stack; none if they are not known.
        name: the name of the runner.
    """
    found: dict[str, tuple[str, ...]] = {}
    for job in jobs if runners else ():
        accepting = _accepting(job, runners)
        if job.tags and name not in accepting and (accepting or job.is_hosted):
            found[job.job] = accepting
    return found


def _accepting(job: JobTags, runners: Runners) -> tuple[str, ...]:
    return tuple(each.name for each in runners if any(map(each.accepts, job.tags or ())))


def described_jobs(others: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Descriptions of jobs of other runners, once for the same runners."""
    jobs: dict[tuple[str, ...], list[str]] = {}
    for job, runners in others.items():
        jobs.setdefault(runners, []).append(job)
    for runners, names in jobs.items():
        way = f"--runner {' or '.join(runners)}" if runners else "--hosted"
        yield f"{shown_jobs(names)}, whose tags this runner does not have: examine with {way}"
