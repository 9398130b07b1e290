"""Runners in responses of the API, with their status.

Sources: GitLab's `lib/api/entities/ci/runner*.rb` and `app/models/ci/runner.rb`.
"""

from datetime import timedelta
from typing import Any

from flask import request

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.state import Runner, age

ONLINE_FOR = timedelta(hours=2)
STALE_AFTER = timedelta(days=7)


def runner_summary(runner: Runner) -> dict[str, Any]:
    """A runner in the response of a list."""
    return {
        "id": runner.id,
        "description": runner.description,
        "ip_address": None,
        "active": not runner.paused,
        "paused": runner.paused,
        "is_shared": runner.runner_type == "instance_type",
        "runner_type": runner.runner_type,
        "name": None,
        "online": None if runner.contacted_at is None else _is_online(runner),
        "created_by": runner.creator.summary,
        "created_at": runner.created_at,
        "status": status(runner),
        "job_execution_status": "active" if _has_running_jobs(runner) else "idle",
    }


def runner_details(runner: Runner) -> dict[str, Any]:
    """A runner in the response of a single runner."""
    return {
        **runner_summary(runner),
        "tag_list": runner.tag_list,
        "run_untagged": runner.run_untagged,
        "locked": runner.locked,
        "maximum_timeout": runner.maximum_timeout,
        "access_level": runner.access_level,
        "version": None,
        "revision": None,
        "platform": None,
        "architecture": None,
        "contacted_at": runner.contacted_at,
        "maintenance_note": runner.maintenance_note,
        "projects": [
            {
                "id": project.id,
                "name": project.name,
                "path": project.path,
                "path_with_namespace": project.full_path,
            }
            for project in runner.projects
        ],
        "groups": [
            {
                "id": runner.group.id,
                "web_url": f"{request.host_url}groups/{runner.group.path}",
                "name": runner.group.name,
            }
        ]
        if runner.group
        else [],
    }


def status(runner: Runner) -> str:
    """The status of a runner: by its last contact first, then by whether it is paused."""
    if age(runner.contacted_at or runner.created_at) >= STALE_AFTER:
        return "stale"
    if runner.contacted_at is None:
        return "never_contacted"
    if runner.paused:
        return "paused"
    return "online" if _is_online(runner) else "offline"


def _is_online(runner: Runner) -> bool:
    return runner.contacted_at is not None and age(runner.contacted_at) < ONLINE_FOR


def _has_running_jobs(runner: Runner) -> bool:
    return any(job.status == "running" and job.runner_id == runner.id for job in instance().jobs.values())
