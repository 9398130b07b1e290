"""The assignment of jobs to runners, and the job's payload.

Sources: GitLab's `app/services/ci/register_job_service.rb`, `app/services/ci/queue/build_queue_service.rb`
and `lib/api/entities/ci/job_request`. Simpler than GitLab: every runner, also an instance runner, gets the
oldest job first.
"""

from typing import Any

from flask import request

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.state import Job, Runner, Variable

TIMEOUT = 3600
"""The default timeout of a job, in seconds: that of GitLab's projects."""


def assign_job(runner: Runner) -> Job | None:
    """Assign the oldest matching pending job to a runner; None if there is none, or if it is paused."""
    if runner.paused:
        return None
    for job in instance().jobs.values():
        if job.status == "pending" and _takes(runner, job):
            job.status = "running"
            job.runner_id = runner.id
            return job
    return None


def _takes(runner: Runner, job: Job) -> bool:
    """Whether a job matches a runner: its project, its tags, and whether its branch is protected."""
    if runner.runner_type == "group_type" and runner.group is not job.project.group:
        return False
    if runner.runner_type == "project_type" and job.project not in runner.projects:
        return False
    if runner.access_level == "ref_protected" and not job.protected:
        return False
    return set(job.tag_list) <= set(runner.tag_list) if job.tag_list else runner.run_untagged


def job_for_its_runner(job: Job, runner: Runner) -> dict[str, Any]:
    """The job payload for a runner."""
    project = job.project
    timeout = min(TIMEOUT, runner.maximum_timeout or TIMEOUT)
    return {
        "id": job.id,
        "token": job.token,
        "allow_git_fetch": False,
        "job_info": {
            "id": job.id,
            "name": job.name,
            "stage": "test",
            "project_id": project.id,
            "project_name": project.name,
        },
        "git_info": {
            "repo_url": f"{request.host_url}{project.full_path}.git",
            "ref": job.ref,
            "sha": "0" * 40,
            "before_sha": "0" * 40,
            "ref_type": "branch",
            "refspecs": [],
            "depth": 0,
        },
        "runner_info": {"timeout": timeout, "runner_session_url": None},
        "variables": _variables(job),
        "steps": [
            {
                "name": "script",
                "script": job.script,
                "timeout": timeout,
                "when": "on_success",
                "allow_failure": False,
            }
        ],
        "image": {"name": job.image} if job.image else None,
        "services": job.services,
        "artifacts": [],
        "cache": [],
        "credentials": [],
        "dependencies": [],
        "features": {
            "trace_sections": True,
            "token_mask_prefixes": ["glrt-", "glcbt-"],
            "failure_reasons": [
                "script_failure",
                "runner_system_failure",
                "image_pull_failure",
                "runner_configuration_error",
            ],
        },
    }


def _variables(job: Job) -> list[dict[str, Any]]:
    """The job's variables; of two with the same key, the later one takes precedence.

    GIT_STRATEGY is none: the double has no repositories.
    """
    project = job.project
    predefined = {
        "CI_JOB_ID": str(job.id),
        "CI_JOB_NAME": job.name,
        "CI_COMMIT_REF_NAME": job.ref,
        "CI_PROJECT_ID": str(project.id),
        "CI_PROJECT_PATH": project.full_path,
        "CI_SERVER_URL": request.host_url.rstrip("/"),
        "GIT_STRATEGY": "none",
    }
    declared = [
        _variable(each.key, each.value, masked=each.masked, raw=each.raw, file=each.variable_type == "file")
        for place in (instance().variables, project.group.variables, project.variables)
        for each in place
        if _reaches(each, job)
    ]
    return [
        *(_variable(key, value, public=True) for key, value in predefined.items()),
        _variable("CI_JOB_TOKEN", job.token, masked=True),
        *declared,
        *(_variable(key, value, public=True) for key, value in job.variables.items()),
    ]


def _reaches(variable: Variable, job: Job) -> bool:
    """Whether a job, which has no environment, gets a CI variable."""
    return variable.environment_scope == "*" and (job.protected or not variable.protected)


def _variable(
    key: str, value: str, *, public: bool = False, masked: bool = False, raw: bool = False, file: bool = False
) -> dict[str, Any]:
    return {"key": key, "value": value, "public": public, "masked": masked, "raw": raw, "file": file}
