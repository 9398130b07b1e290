"""The state of the GitLab double.

Users, tokens, groups, projects, runners, jobs, CI variables, merge requests, notes, and issues.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import count
from typing import Any


class Role(IntEnum):
    """GitLab's access levels of members."""

    NONE = 0
    GUEST = 10
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


@dataclass(frozen=True)
class User:
    """A user, and the role in each group by its id; administrators have all permissions."""

    id: int
    username: str
    name: str
    administrator: bool = False
    roles: dict[int, Role] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, Any]:
        """The user in the API's response for another object."""
        return {"id": self.id, "username": self.username, "name": self.name, "state": "active"}


@dataclass(frozen=True)
class AccessToken:
    """A personal access token."""

    user: User
    scopes: frozenset[str]


@dataclass
class Variable:
    """A CI/CD variable; instance variables have no scope and cannot be hidden."""

    key: str
    value: str
    variable_type: str = "env_var"
    protected: bool = False
    masked: bool = False
    hidden: bool = False
    raw: bool = False
    environment_scope: str = "*"
    description: str | None = None


@dataclass
class Group:
    """A top-level group."""

    id: int
    path: str
    name: str
    description: str = ""
    variables: list[Variable] = field(default_factory=list)

    @property
    def full_path(self) -> str:
        """The path: there are no subgroups."""
        return self.path


@dataclass
class Note:
    """A note on a merge request; GitLab itself creates system notes."""

    id: int
    author: User
    body: str
    created_at: str
    updated_at: str
    system: bool = False


@dataclass
class FinishedJob:
    """A finished job of a pipeline; `artifacts` are files by path."""

    id: int
    name: str
    status: str = "success"
    artifacts: dict[str, bytes] = field(default_factory=dict)
    artifacts_for: Role = Role.GUEST


@dataclass
class Pipeline:
    """A pipeline of a merge request, with its finished jobs."""

    id: int
    project_id: int
    sha: str
    jobs: list[FinishedJob] = field(default_factory=list)


@dataclass
class MergeRequest:
    """A merge request; `iid` is its number in its project."""

    iid: int
    notes: list[Note] = field(default_factory=list)
    state: str = "opened"
    source_branch: str = "change"
    target_branch: str = "main"
    sha: str = "1" * 40
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    diverged_commits: int = 0
    pipelines: list[Pipeline] = field(default_factory=list)


@dataclass
class Issue:
    """An issue; `iid` is its number in its project."""

    id: int
    iid: int
    author: User
    title: str
    description: str | None
    labels: list[str]
    created_at: str
    updated_at: str
    confidential: bool = False
    closed_at: str | None = None


@dataclass
class Project:
    """A project of a group; `files` are the files of its default branch, by path."""

    id: int
    path: str
    name: str
    group: Group
    description: str | None = None
    variables: list[Variable] = field(default_factory=list)
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    issues_enabled: bool = True
    issues: dict[int, Issue] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def full_path(self) -> str:
        """The path with the namespace."""
        return f"{self.group.path}/{self.path}"


@dataclass
class Runner:
    """A registered runner; `contacted_at` is None until a runner manager uses its token."""

    id: int
    token: str
    runner_type: str
    creator: User
    created_at: str
    group: Group | None = None
    projects: list[Project] = field(default_factory=list)
    description: str | None = None
    paused: bool = False
    locked: bool = False
    run_untagged: bool = True
    tag_list: list[str] = field(default_factory=list)
    access_level: str = "not_protected"
    maximum_timeout: int | None = None
    maintenance_note: str | None = None
    contacted_at: str | None = None


@dataclass
class Job:
    """A job; pending until a runner requests it; `protected` if its branch or tag is protected."""

    id: int
    token: str
    project: Project
    created_at: str
    script: list[str]
    name: str = "test"
    ref: str = "main"
    protected: bool = False
    tag_list: list[str] = field(default_factory=list)
    image: str | None = None
    services: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    status: str = "pending"
    failure_reason: str | None = None
    runner_id: int | None = None
    trace: bytes = b""


@dataclass
class Instance:
    """A GitLab instance.

    `runner_token`, if set, is the prefix of all runner tokens in place of random tokens, so that a test can
    search for them. `templates` are the files for `include: template`, by name.
    """

    tokens: dict[str, AccessToken]
    groups: dict[int, Group]
    projects: dict[int, Project]
    runner_token: str | None = None
    variables: list[Variable] = field(default_factory=list)
    runners: dict[int, Runner] = field(default_factory=dict)
    group_ids: Iterator[int] = field(default_factory=lambda: count(100))
    project_ids: Iterator[int] = field(default_factory=lambda: count(100))
    runner_ids: Iterator[int] = field(default_factory=lambda: count(1))
    note_ids: Iterator[int] = field(default_factory=lambda: count(1))
    issue_ids: Iterator[int] = field(default_factory=lambda: count(1001))
    jobs: dict[int, Job] = field(default_factory=dict)
    job_ids: Iterator[int] = field(default_factory=lambda: count(1))
    templates: dict[str, str] = field(default_factory=dict)


def seeded_instance(token: str, runner_token: str | None = None, further: Sequence[str] = ()) -> Instance:
    """A GitLab with two groups, a project in each, a merge request in the first, and three users.

    They are an administrator, a developer of group 42, and a maintainer of both groups.

    Args:
        token: the administrator's token with the scope `api`. Other tokens are derived from it:
            TOKEN-read-api and TOKEN-create-runner are the administrator's with only that scope,
            TOKEN-developer and TOKEN-maintainer are those of the other users.
        runner_token: the prefix of all runner tokens, in place of random tokens.
        further: additional tokens of the administrator with the scope `api`.
    """
    team = Group(42, "team", "Team")
    platform = Group(43, "platform", "Platform")
    administrator = User(1, "root", "Administrator", administrator=True)
    developer = User(2, "developer", "Developer", roles={team.id: Role.DEVELOPER})
    maintainer = User(
        3, "maintainer", "Maintainer", roles={group.id: Role.MAINTAINER for group in (team, platform)}
    )
    return Instance(
        tokens={
            **dict.fromkeys((token, *further), AccessToken(administrator, frozenset({"api"}))),
            f"{token}-read-api": AccessToken(administrator, frozenset({"read_api"})),
            f"{token}-create-runner": AccessToken(administrator, frozenset({"create_runner"})),
            f"{token}-developer": AccessToken(developer, frozenset({"api"})),
            f"{token}-maintainer": AccessToken(maintainer, frozenset({"api"})),
        },
        groups={group.id: group for group in (team, platform)},
        projects={
            project.id: project
            for project in (
                Project(7, "app", "App", team, merge_requests={1: MergeRequest(1)}),
                Project(8, "toolchain", "Toolchain", platform),
            )
        },
        runner_token=runner_token,
    )


def now() -> str:
    """The current time: ISO 8601 with milliseconds, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(moment: str) -> timedelta:
    """The age of a time in that format."""
    return datetime.now(UTC) - datetime.fromisoformat(moment)
