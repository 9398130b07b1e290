"""A pipeline's configuration as merged by GitLab's CI Lint API.

Source: https://docs.gitlab.com/api/lint/#validate-sample-cicd-configuration; GitLab 18, lib/api/lint.rb.
"""

import json
import os
import re
import ssl
import subprocess
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Source, read_yaml
from pulumi_gitlab_runner.doctor.text_file import read_text
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import HttpClient, trusting
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError
from pulumi_gitlab_runner.spec.stack_file import instance_url

PATIENCE_S = 60.0
"""Timeout of a request to GitLab, in seconds."""
_LARGEST_ANSWER = 8 * 1024 * 1024


def configuration_of_gitlab(
    file: Path, gitlab: str, project: str | None, certificates: Iterable[str] = ()
) -> CiConfiguration:
    """Let GitLab merge a pipeline's file with all its includes.

    Local includes are read from the project's default branch. The places of strings are those in GitLab's
    response, not in a file.

    Args:
        file: the ``.gitlab-ci.yml``.
        gitlab: the URL of GitLab.
        project: the ID or the path of the project. Default: that of the CI job, else that of the remote
            `origin`.
        certificates: CAs in PEM that are trusted in addition to the system's.

    Raises:
        UsageError: the token or the project is unknown, GitLab does not answer, or it refuses the
            configuration.
    """
    token = os.environ.get("GITLAB_TOKEN")
    if not token:
        raise UsageError("GITLAB_TOKEN is not set: --gitlab needs an access token with the scope api")
    project = project or os.environ.get("CI_PROJECT_ID") or _project_of_remote(file)
    url = f"{instance_url(gitlab)}/api/v4/projects/{quote(project, safe='')}/ci/lint"
    answer = _ask(url, token, read_text(file).removeprefix("\ufeff"), gitlab, project, trusting(certificates))
    merged = answer.get("merged_yaml")
    if answer.get("valid") is not True or not isinstance(merged, str):
        errors = answer.get("errors")
        said = "; ".join(map(str, errors)) if isinstance(errors, list) and errors else "it gives no reason"
        raise UsageError(f"GitLab does not accept {file}: {said[:2000]}")
    content = read_yaml(Source(Path("the merged configuration of GitLab"), merged, merged, ((0, 0, True),)))
    return CiConfiguration(content if isinstance(content, dict) else {}, ())


def _ask(
    url: str, token: str, content: str, gitlab: str, project: str, context: ssl.SSLContext
) -> Mapping[str, Any]:
    headers = {"Private-Token": token, "Content-Type": "application/json"}
    body = json.dumps({"content": content}).encode()
    try:
        with HttpClient(context) as client:
            answer = client.ask(
                "POST",
                url,
                deadline=Deadline(PATIENCE_S),
                headers=headers,
                content=body,
                limit=_LARGEST_ANSWER,
            )
    except HttpError as error:
        raise UsageError(f"GitLab at {gitlab} {error}") from None
    reasons = {
        401: "it does not accept the token in GITLAB_TOKEN",
        403: "it refuses the token in GITLAB_TOKEN, which needs the scope api, and the role Developer",
        404: f"it does not show a project {project} to the owner of GITLAB_TOKEN; set it with --project",
        429: "its rate limit is exceeded: try again in a minute",
    }
    if answer.status != HTTPStatus.OK:
        raise UsageError(f"GitLab at {gitlab}: {reasons.get(answer.status, f'HTTP {answer.status}')}")
    try:
        found = read_json(answer.content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{gitlab} does not answer as GitLab's API does")
    return found


def _project_of_remote(file: Path) -> str:
    """The project path in the URL of the remote `origin`."""
    command = ["git", "-C", str(file.absolute().parent), "remote", "get-url", "origin"]
    try:
        address = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        address = ""
    found = re.search(r"^(?:\w+://[^/]+/|[^/]+?:)(.+?)(?:\.git)?/?$", address)
    if not found:
        raise UsageError(
            "the project in GitLab is not known: set it with --project, to its path group/project or its ID"
        )
    return found[1]
