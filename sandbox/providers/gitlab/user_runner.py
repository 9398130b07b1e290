"""`gitlab.UserRunner`, a runner with its authentication token, and `gitlab.ProjectRunnerEnablement`."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gitlab.api import place
from sandbox.providers.gitlab.api_resource import ApiResource
from sandbox.standin.properties import Failure, Flag, Number, SetOf, Text
from sandbox.standin.values import Properties

RUNNER_TYPES = ("instance_type", "group_type", "project_type")

_PLACE_OF_TYPE = {"group_type": "groupId", "project_type": "projectId"}


class UserRunner(ApiResource):
    """A runner.

    Only the response to its creation contains the token, so an imported runner has none. As in the official
    provider, reading a runner returns its group, but not its project.
    """

    token = "gitlab:index/userRunner:UserRunner"
    inputs = {
        "runnerType": Text(required=True, replaces=True, one_of=RUNNER_TYPES),
        "groupId": Number(replaces=True),
        "projectId": Number(replaces=True),
        "accessLevel": Text(computed=True, one_of=("not_protected", "ref_protected")),
        "description": Text(computed=True),
        "locked": Flag(computed=True),
        "maintenanceNote": Text(computed=True, maximum_length=1024),
        "maximumTimeout": Number(computed=True, minimum=600),
        "paused": Flag(computed=True),
        "tagLists": SetOf(Text(), computed=True, service_name="tag_list"),
        "untagged": Flag(computed=True, service_name="run_untagged"),
    }
    outputs = {"token": Text(secret=True)}
    collection, member, kind = "user/runners", "runners/{id}", "a runner"

    _made: Properties = {}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A runner's type decides whether it requires a group, a project or neither."""
        runner_type = inputs.get("runnerType")
        if runner_type not in RUNNER_TYPES:
            return
        wanted = _PLACE_OF_TYPE.get(runner_type)
        for name in _PLACE_OF_TYPE.values():
            if name == wanted and name not in inputs:
                yield Failure(name, f"a value is required when runnerType is {runner_type}")
            if name != wanted and name in inputs:
                yield Failure(name, f"not allowed when runnerType is {runner_type}")

    def keep(self, made: Mapping[str, Any]) -> None:
        """Keep the token."""
        self._made = {"token": made["token"]}

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The runner's settings and its group, and its token if this call created it."""
        groups = live["groups"]
        return {**super().shown(live), "groupId": groups[0]["id"] if groups else None, **self._made}


class ProjectRunnerEnablement(ApiResource):
    """A runner enabled for a project; its id is `PROJECT:RUNNER`."""

    token = "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement"
    inputs = {
        "project": Text(required=True, replaces=True),
        "runnerId": Number(required=True, replaces=True),
    }
    collection, member = "projects/{project}/runners", "projects/{project}/runners/{runnerId}"
    identity, kind, id_form = ("project", "runnerId"), "an enablement", "PROJECT:RUNNER"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The project and the runner, if the runner is assigned to the project."""
        parts = self.parts(resource_id)
        found = self.connection.find(place("projects", parts["project"]))
        runner = self.connection.find(f"runners/{parts['runnerId']}")
        if found is None or runner is None:
            return None
        return parts if found["id"] in [of_runner["id"] for of_runner in runner["projects"]] else None
