"""Findings about jobs that no runner of the stack runs, because of their tags."""

from collections.abc import Iterable, Iterator, Sequence

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName, shown_jobs
from pulumi_gitlab_runner.doctor.pipelines.job_tags import JobTags
from pulumi_gitlab_runner.doctor.runner_tags import StackRunners
from pulumi_gitlab_runner.spec.problems import did_you_mean

_Problem = tuple[str, str]
"""What was found, and how to fix it."""


def stuck_job_findings(
    jobs: Iterable[JobTags], runners: StackRunners, *, protected: bool
) -> Iterator[tuple[Finding, Sequence[JobTags]]]:
    """Jobs that no runner of a stack runs, once for the same tags, with these jobs.

    Jobs that GitLab.com's hosted runners run are not among them, and neither are jobs with rules that only
    protected runners run: their rules may be those of the protected branches.

    Args:
        jobs: the jobs; one of several configurations of the pipeline, once for each of them.
        runners: the runners of the stack.
        protected: whether the branch or tag of the jobs is protected.
    """
    stuck: dict[_Problem, list[JobTags]] = {}
    running: set[str] = set()
    for job in jobs if runners.each else ():
        problems = [
            problem
            for tags in job.tags or ()
            if (problem := _problem(tags, runners, protected=protected or not job.everywhere))
        ]
        runs = len(problems) < len(job.tags or ()) if job.one_of else not problems
        running |= {job.job} if runs else set()
        for problem in problems:
            stuck.setdefault(problem, []).append(job)
    for (what, fix), found in stuck.items():
        same = [job for job in found if job.job not in running]
        why = "the jobs stay pending, unless their project has another runner for them"
        if same:
            yield Finding(FindingName.JOB_STUCK, shown_jobs([job.job for job in same]), what, why, fix), same


def _problem(tags: tuple[str, ...], runners: StackRunners, *, protected: bool) -> _Problem | None:
    """Why no runner runs a job with some tags; None if one does."""
    if runners.leave_to_hosted(tags):
        return None
    accepting = runners.accepting(tags)
    working = [each for each in accepting if not each.paused]
    names = ", ".join(each.name for each in working or accepting)
    if not accepting:
        return _without_tags(runners) if not tags else _with_tags(tags, runners)
    if not working:
        return (
            f"the runners of the stack for these tags are paused: {names}",
            "remove `paused` from one of them",
        )
    if not protected and all(each.protected for each in working):
        fix = (
            "add rules for protected branches and tags, or remove `protected` from a runner; give "
            "--protected if the branch is protected"
        )
        return f"the runners of the stack for these tags are protected, and there are no rules: {names}", fix
    return None


def _without_tags(runners: StackRunners) -> _Problem:
    example = min(tag for each in runners.each for tag in each.tags or ())
    fix = (
        f"add a tag of a runner, for all jobs with `default: {{tags: [{example}]}}`; or set "
        "`run_untagged: true` for a runner"
    )
    return "no tags, and no runner of the stack runs jobs without tags", fix


def _with_tags(tags: tuple[str, ...], runners: StackRunners) -> _Problem:
    known = sorted({tag for each in runners.each for tag in each.tags or ()})
    missing = [tag for tag in tags if tag not in known]
    if not missing:
        return (
            f"no runner of the stack has all of these tags: {', '.join(tags)}",
            "remove the tags that one of the runners does not have, or add them to `tags` of that runner",
        )
    suggestions = [found for tag in missing if (found := did_you_mean(tag, known))]
    several = len(missing) > 1
    them = "them" if several else "it"
    add = f"add {', '.join(missing)} to `tags` of a runner, or remove {them}"
    theirs = f"they have {', '.join(known)}" if known else "they have no tags"
    return (
        f"no runner of the stack has the {'tags' if several else 'tag'} {', '.join(missing)}; {theirs}",
        " ".join((*dict.fromkeys(suggestions), f"Otherwise {add}")) if suggestions else add,
    )
