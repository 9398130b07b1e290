"""`gitlab.ProjectRunnerEnablement`: a project runner assigned to another project."""

from sandbox.providers.gitlab.api import place
from sandbox.providers.gitlab.api_resource import ApiResource
from sandbox.standin.properties import Number, Text
from sandbox.standin.values import Properties


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
