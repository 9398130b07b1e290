"""GitLab resources with the mark of a stack, in the notes of runners and the descriptions of variables."""

from collections.abc import Iterable, Iterator
from shlex import quote
from typing import Any
from urllib.parse import quote as percent_encoded

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.leftovers.marked import Marked
from pulumi_gitlab_runner.doctor.leftovers.state import State
from pulumi_gitlab_runner.doctor.online import GitLab
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import HttpClient
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError
from pulumi_gitlab_runner.spec.texts import stack_note

TIMEOUT_S = 20.0
_PAGE = 100
_MOST_PAGES = 1000
_LARGEST = 16 * 1024 * 1024
"""Bytes of a page: the value of a variable may be long."""

Place = tuple[str, str]
"""`projects` or `groups`, and a number."""


def places_of(state: State) -> set[Place]:
    """The groups and projects in which the resources of a state are."""
    kinds = {"project": "projects", "projectId": "projects", "group": "groups", "groupId": "groups"}
    return {
        (kinds[key], str(int(float(value))))
        for each in state.resources
        if each.type.startswith("gitlab:")
        for key, value in each.inputs.items()
        if key in kinds and isinstance(value, str | int | float) and str(value).replace(".", "").isdecimal()
    }


class MarkedInGitLab:
    """Finds resources with a mark by GitLab's API.

    Args:
        gitlab: the API, with a token of the scope `read_api` of somebody who may change the runners.
        mark: `PROJECT/STACK`.
    """

    def __init__(self, gitlab: GitLab, mark: str) -> None:
        self._address = gitlab.address
        self._headers = gitlab.headers
        self._note = stack_note(mark)

    def find(self, places: Iterable[Place]) -> list[Marked]:
        """The runners that the token's owner may change, and the variables of some groups and projects.

        Args:
            places: the groups and projects.

        Raises:
            UsageError: GitLab does not answer, or refuses the token.
        """
        with HttpClient() as client:
            try:
                return [*self._runners(client), *self._variables(client, sorted(places))]
            except HttpError as error:
                raise UsageError(f"GitLab at {self._address} does not answer: {error}") from None
            except (ValueError, KeyError, TypeError, AttributeError):
                raise UsageError(f"{self._address} does not answer as GitLab's API does") from None

    def _runners(self, client: HttpClient) -> Iterator[Marked]:
        for listed in self._pages(client, "runners"):
            path = f"runners/{int(listed['id'])}"
            runner = self._ask(client, path)
            if runner and self._note in str(runner.get("maintenance_note") or "").splitlines():
                yield Marked(
                    f"the runner #{runner['id']} of GitLab, {str(runner['description'])!r}, "
                    f"{str(runner['status']).replace('_', ' ')}",
                    "gitlab:index/userRunner:UserRunner",
                    str(runner["id"]),
                    remove=self._delete(path),
                )

    def _variables(self, client: HttpClient, places: Iterable[Place]) -> Iterator[Marked]:
        for kind, number in places:
            for each in self._pages(client, f"{kind}/{number}/variables"):
                if each.get("description") != self._note:
                    continue
                key, scope = str(each["key"]), str(each.get("environment_scope", "*"))
                of = kind.removesuffix("s")
                yield Marked(
                    f"the CI variable {key} of {of} {number}" + (f" for {scope!r}" if scope != "*" else ""),
                    f"gitlab:index/{of}Variable:{of.capitalize()}Variable",
                    f"{number}:{key}:{scope}",
                    remove=self._delete(f"{kind}/{number}/variables/{key}", scope),
                    instead=(
                        "`pulumi preview` prints the command that imports it, and `adopt: true` takes it over"
                    ),
                )

    def _delete(self, path: str, scope: str = "") -> str:
        # GitLab's own command line calls its API with its own credentials.
        only = f"?filter%5Benvironment_scope%5D={percent_encoded(scope, safe='')}" if scope else ""
        return f"glab api --method DELETE {quote(path + only)}"

    def _pages(self, client: HttpClient, path: str) -> Iterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES):
            listed = self._ask(client, f"{path}?per_page={_PAGE}&page={page}")
            if listed is None:
                return
            if not isinstance(listed, list):
                raise TypeError
            yield from listed
            if len(listed) < _PAGE:
                return

    def _ask(self, client: HttpClient, path: str) -> Any:
        """The answer for a path; None if it does not exist or is not visible to the token's owner."""
        answer = client.ask(
            "GET",
            f"{self._address}/{path}",
            headers=self._headers,
            deadline=Deadline(TIMEOUT_S),
            follow=False,
            limit=_LARGEST,
        )
        if answer.status == 401:
            raise UsageError(f"GitLab at {self._address} does not accept the token in GITLAB_TOKEN")
        if answer.status in (403, 404):
            return None
        if answer.status != 200:
            raise UsageError(f"GitLab at {self._address} does not answer: HTTP {answer.status}")
        return read_json(answer.content)
