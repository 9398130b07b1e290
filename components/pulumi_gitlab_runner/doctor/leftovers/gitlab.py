"""GitLab resources with the mark of a stack, in maintenance notes of runners and descriptions of variables.

GitLab lists all runners only to administrators and auditors, and to other users only those that they may
change as members of a group or project: GitLab, lib/api/ci/runners.rb. Only administrators can list the
variables of the instance.
"""

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Any
from urllib.parse import quote as percent_encoded

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.gitlab import GitLab
from pulumi_gitlab_runner.doctor.leftovers.marked import IMPORTED_BY_PREVIEW, Marked
from pulumi_gitlab_runner.doctor.leftovers.state import State
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError
from pulumi_gitlab_runner.spec.texts import stack_note

TIMEOUT_S = 20.0
_PAGE = 100
_MOST_PAGES = 1000
_LARGEST = 16 * 1024 * 1024
"""The maximum size of a page, in bytes: the value of a variable may be long."""

Place = tuple[str, str]
"""`projects` or `groups`, and an ID."""


def places_of(state: State) -> set[Place]:
    """The groups and projects of the GitLab resources in a state."""
    kinds = {"project": "projects", "projectId": "projects", "group": "groups", "groupId": "groups"}
    return {
        (kinds[key], str(int(float(value))))
        for each in state.resources
        if each.type.startswith("gitlab:")
        for key, value in each.inputs.items()
        if key in kinds and isinstance(value, str | int | float) and str(value).replace(".", "").isdecimal()
    }


class _ForbiddenError(Exception):
    """GitLab responds with the status 403."""


class MarkedInGitLab:
    """Finds resources with a mark through GitLab's API.

    Args:
        gitlab: the API, with a token that has the scope `read_api`, of a user who may change the runners.
        mark: the mark, `PROJECT/STACK`.
    """

    def __init__(self, gitlab: GitLab, mark: str) -> None:
        self._gitlab = gitlab
        self._note = stack_note(mark)

    def find(self, places: Iterable[Place]) -> list[Marked]:
        """The runners and the CI variables with the mark, as far as the token's owner can see them.

        Args:
            places: the groups and projects to search for variables, in addition to the instance.

        Raises:
            UsageError: GitLab does not answer, refuses the token, or does not allow its owner a list.
        """
        with self._gitlab.client:
            try:
                return [*self._runners(), *self._variables(sorted(places))]
            except HttpError as error:
                raise UsageError(f"GitLab at {self._gitlab.address} does not answer: {error}") from None
            except (ValueError, KeyError, TypeError, AttributeError):
                raise UsageError(f"{self._gitlab.address} does not answer as GitLab's API does") from None

    def _runners(self) -> Iterator[Marked]:
        for listed in self._listed_runners():
            path = f"runners/{int(listed['id'])}"
            runner = self._ask(path, hidden=(403, 404))
            if runner and self._note in str(runner.get("maintenance_note") or "").splitlines():
                name = runner["description"] or ""
                yield Marked(
                    f"the runner #{runner['id']} of GitLab, "
                    + (f"{name!r}, " if name else "")
                    + str(runner["status"]).replace("_", " "),
                    "gitlab:index/userRunner:UserRunner",
                    str(runner["id"]),
                    remove=self._delete(path),
                )

    def _listed_runners(self) -> Iterator[dict[str, Any]]:
        try:
            yield from self._pages("runners/all")
        except _ForbiddenError:
            try:
                yield from self._pages("runners")
            except _ForbiddenError:
                raise UsageError(_hidden("runners", "the scope read_api")) from None

    def _variables(self, places: Iterable[Place]) -> Iterator[Marked]:
        lists = [(f"{kind}/{number}/variables", kind.removesuffix("s"), number) for kind, number in places]
        for path, of, number in (*lists, ("admin/ci/variables", "instance", "")):
            for each in self._listed_variables(path, of, number):
                if each.get("description") != self._note:
                    continue
                key, scope = str(each["key"]), str(each.get("environment_scope", "*"))
                owner = f"{of} {number}" if number else "the instance"
                yield Marked(
                    f"the CI variable {key} of {owner}" + (f" for {scope!r}" if scope != "*" else ""),
                    f"gitlab:index/{of}Variable:{of.capitalize()}Variable",
                    f"{number}:{key}:{scope}" if number else key,
                    remove=self._delete(f"{path}/{key}", scope if number else ""),
                    instead=f"{IMPORTED_BY_PREVIEW}, and `adopt: true` adopts it",
                )

    def _listed_variables(self, path: str, of: str, number: str) -> list[dict[str, Any]]:
        """The variables of a group, a project or, for administrators, the instance."""
        try:
            return list(self._pages(path))
        except _ForbiddenError:
            if not number:
                return []
            role = "Owner in the group" if of == "group" else "Maintainer in the project"
            needed = f"the scope read_api, and the role {role}"
            raise UsageError(_hidden(f"CI variables of {of} {number}", needed)) from None

    def _delete(self, path: str, scope: str = "") -> str:
        # GitLab's CLI calls the API with the credentials of `glab auth login`.
        only = f"?filter%5Benvironment_scope%5D={percent_encoded(scope, safe='')}" if scope else ""
        return f"glab api --method DELETE {quote(path + only)}"

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES):
            listed = self._ask(f"{path}?per_page={_PAGE}&page={page}")
            if listed is None:
                return
            if not isinstance(listed, list):
                raise TypeError
            yield from listed
            if len(listed) < _PAGE:
                return

    def _ask(self, path: str, hidden: Sequence[int] = (404,)) -> Any:
        """The response for a path; None if GitLab responds with one of the statuses `hidden`."""
        answer = self._gitlab.ask(path, Deadline(TIMEOUT_S), _LARGEST)
        if answer.status in hidden:
            return None
        if answer.status == 403:
            raise _ForbiddenError
        if answer.status != 200:
            raise HttpError(f"HTTP {answer.status}")
        return read_json(answer.content)


def _hidden(what: str, needed: str) -> str:
    return f"GitLab does not show the {what} to the owner of GITLAB_TOKEN: it needs {needed}"
