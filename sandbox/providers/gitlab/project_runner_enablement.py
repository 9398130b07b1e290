"""`gitlab.ProjectRunnerEnablement`: a project runner assigned to another project."""

from sandbox.providers.gitlab.api import Api, place
from sandbox.standin.properties import Number, Text
from sandbox.standin.provider import Refused, Resource
from sandbox.standin.values import Properties


class ProjectRunnerEnablement(Resource[Api]):
    """A runner enabled for a project; its id is `PROJECT:RUNNER`."""

    token = "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement"
    inputs = {
        "project": Text(required=True, replaces=True),
        "runnerId": Number(required=True, replaces=True),
    }

    def create(self, inputs: Properties) -> str:
        """Enables the runner."""
        project, runner_id = inputs["project"], inputs["runnerId"]
        self.connection.post(f"{place('projects', project)}/runners", {"runner_id": runner_id})
        return f"{project}:{runner_id}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The project and the runner, if the runner is assigned to the project."""
        project, runner_id = _parts(resource_id)
        found = self.connection.find(place("projects", project))
        runner = self.connection.find(f"runners/{runner_id}")
        if found is None or runner is None:
            return None
        if found["id"] not in [of_runner["id"] for of_runner in runner["projects"]]:
            return None
        return {"project": project, "runnerId": runner_id}

    def delete(self, resource_id: str, state: Properties) -> None:
        """Unassigns the runner from the project."""
        project, runner_id = _parts(resource_id)
        self.connection.delete(f"{place('projects', project)}/runners/{runner_id}")


def _parts(resource_id: str) -> tuple[str, int]:
    project, _, runner_id = resource_id.partition(":")
    if not project or not runner_id.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of an enablement: PROJECT:RUNNER is expected")
    return project, int(runner_id)
