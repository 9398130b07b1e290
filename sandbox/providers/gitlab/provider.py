"""The stand-in: its configuration, and its resource types and functions."""

import os
from functools import cached_property

from sandbox.providers.gitlab.api import Api
from sandbox.providers.gitlab.functions import GetGroupVariable, GetInstanceVariable, GetProjectVariable
from sandbox.providers.gitlab.groups_and_projects import Group, Project
from sandbox.providers.gitlab.user_runner import ProjectRunnerEnablement, UserRunner
from sandbox.providers.gitlab.variables import GroupVariable, InstanceVariable, ProjectVariable
from sandbox.standin.properties import Flag, MapOf, Text
from sandbox.standin.provider import Refused, StandIn
from sandbox.standin.values import UNKNOWN, Properties


class GitLab(StandIn[Api]):
    """The stand-in for the official provider.

    Its configuration defaults to GITLAB_BASE_URL and GITLAB_TOKEN. Unlike the official provider, it has no
    default URL: the sandbox must not send requests to gitlab.com by accident.
    """

    package = "gitlab"
    version = "10.4.0"
    go_module = "github.com/pulumi/pulumi-gitlab/sdk/v10/go/gitlab"
    configuration = {
        "baseUrl": Text(),
        "token": Text(secret=True),
        "earlyAuthCheck": Flag(default=True),
        "headers": MapOf(Text()),
        "insecure": Flag(default=False),
        "cacertFile": Text(),
    }
    resources = (
        Group,
        Project,
        UserRunner,
        ProjectVariable,
        GroupVariable,
        InstanceVariable,
        ProjectRunnerEnablement,
    )
    functions = (GetGroupVariable, GetInstanceVariable, GetProjectVariable)

    def configure(self, settings: Properties) -> None:
        """Sets the configuration, and validates the token, as the official provider does by default."""
        super().configure(settings)
        if settings["earlyAuthCheck"] is True and UNKNOWN not in settings.values():
            self._api.get("user")

    def connect(self, properties: Properties) -> Api:
        """The client, which all resources share."""
        return self._api

    @cached_property
    def _api(self) -> Api:
        base_url = self._setting("baseUrl", "GITLAB_BASE_URL")
        token = self._setting("token", "GITLAB_TOKEN")
        verify = self.settings.get("cacertFile") or not self.settings.get("insecure")
        return Api(base_url, token, self.settings.get("headers"), verify)

    def _setting(self, name: str, variable: str) -> str:
        value = self.settings.get(name) or os.environ.get(variable)
        if value is UNKNOWN:
            raise Refused(f"gitlab:{name} is not known yet")
        if not value:
            raise Refused(f"no {name} for GitLab: set gitlab:{name} in the stack, or {variable}")
        return str(value)
