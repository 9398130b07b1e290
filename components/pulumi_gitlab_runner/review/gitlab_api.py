"""A client of GitLab's API for jobs: it retries transient errors, and explains all others."""

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import Answer, HttpClient
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError, NotTrustedError, RedirectError, TooLargeError
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.errors import GitLabError, NoTokenError

ATTEMPTS = 4
PAGE_SIZE = 20
MOST_PAGES = 250
"""GitLab allows 5,000 notes on a merge request (docs.gitlab.com/administration/instance_limits)."""
_LONGEST_WAIT_S = 30.0
_PATIENCE_S = 30.0
_LARGEST_ANSWER = 64 * 1024 * 1024

_T = TypeVar("_T")


@dataclass(frozen=True)
class Access:
    """The URL of GitLab's API, and the token for its requests.

    Attributes:
        api: the URL of the API.
        token: an access token.
        authorities: the path of a file with the certificate authorities to trust; empty for the system's.
        wait: waits between two attempts for a number of seconds.
    """

    api: str
    token: str = field(repr=False)
    authorities: str = ""
    wait: Callable[[float], None] = time.sleep


class PassingError(Exception):
    """A transient error: the request may succeed later.

    Attributes:
        wait: the seconds to wait according to GitLab; None if it does not say.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def access_of(environment: Mapping[str, str], token_variable: str, missing: str, lost: str = "") -> Access:
    """The access of a job, from GitLab's predefined variables and the variable with a token.

    Args:
        environment: the job's variables, `CI_API_V4_URL` among them.
        token_variable: the name of the variable with the token.
        missing: the fix for a missing token, which follows "the variable NAME is not set; " in the message.
        lost: what there cannot be without a token, for the message, such as ``no note``; empty for nothing.

    Raises:
        GitLabError: the token is malformed.
        NoTokenError: the variable with the token is not set.
    """
    token = environment.get(token_variable, "").strip()
    if not token:
        raise NoTokenError(f"{lost and f'{lost}: '}the variable {token_variable} is not set; {missing}")
    if not re.fullmatch("[!-~]+", token):
        raise GitLabError(
            f"the variable {token_variable} is not a valid token: it contains spaces or invalid characters"
        )
    return Access(environment["CI_API_V4_URL"], token, environment.get("CI_SERVER_TLS_CA_FILE", ""))


def need(environment: Mapping[str, str], names: tuple[str, ...], fix: str) -> None:
    """Raise an error unless these variables are set.

    Raises:
        GitLabError: a variable is not set; the message ends with `fix`.
    """
    if missing := [name for name in names if not environment.get(name)]:
        raise GitLabError(f"{', '.join(missing)} not set: {fix}")


class GitLab:
    """GitLab's API over one HTTP client."""

    def __init__(self, access: Access, client: HttpClient) -> None:
        self._access = access
        self._client = client

    def read(self, path: str) -> Any:
        """The JSON at a path."""
        return read_json(self.send("GET", path).content)

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        """The entries of a list, page by page; `path` may have other query parameters."""
        joint = "&" if "?" in path else "?"
        for page in range(1, MOST_PAGES + 1):
            answer = self.send("GET", f"{path}{joint}per_page={PAGE_SIZE}&page={page}")
            yield from read_json(answer.content)
            next_page = answer.headers.get("x-next-page", "")
            if not next_page:
                return
            if next_page != str(page + 1):
                raise ValueError
        raise GitLabError(
            f"{path.partition('?')[0]}: more than {MOST_PAGES * PAGE_SIZE} entries; nothing was changed"
        )

    def user(self) -> int:
        """The ID of the token's user."""
        return int(self.read("user")["id"])

    def sent(self, method: str, path: str, content: Mapping[str, Any]) -> Any:
        """Send a request, and return the JSON of the response."""
        return read_json(self.send(method, path, content).content)

    def send(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Answer:
        """Send a request, and return the response.

        Raises:
            PassingError: a transient error.
            GitLabError: GitLab refuses the request, its certificate is not trusted, or it sends a redirect
                or a response that is too large.
        """
        access = self._access
        shown = path.partition("?")[0]
        try:
            answer = self._client.ask(
                method,
                f"{access.api.rstrip('/')}/{path}",
                headers={"Private-Token": access.token, "Content-Type": "application/json"},
                content=None if content is None else json.dumps(content).encode(),
                deadline=Deadline(_PATIENCE_S),
                limit=_LARGEST_ANSWER,
                follow=False,
            )
        except (NotTrustedError, RedirectError, TooLargeError) as error:
            raise GitLabError(f"GitLab at {access.api} {error}") from None
        except HttpError as error:
            raise PassingError(f"GitLab at {access.api} {error}") from None
        if answer.status == 429 or answer.status >= 500:
            after = answer.headers.get("retry-after", "")
            wait = float(after) if after.isascii() and after.isdecimal() else None
            raise PassingError(f"{method} {shown}: GitLab answered {answer.status}", wait)
        if not 200 <= answer.status < 300:
            text = answer.content[:1200].decode(errors="replace")
            reason = printable(" ".join(text.split()))[:300]
            fix = _FIXES.get(answer.status, "")
            raise GitLabError(
                f"{method} {shown}: GitLab answered {answer.status} {reason}{fix}", answer.status
            )
        return answer


def patiently(access: Access, action: Callable[[GitLab], _T]) -> _T:
    """Run a sequence of requests; after a transient error, run it again from the start.

    Args:
        access: the URL of GitLab's API, and the token.
        action: the requests; it must first look for the effects of an earlier attempt, whose response may
            have been lost.

    Raises:
        GitLabError: GitLab is not reachable, refuses a request, or sends a response that is not of its API.
    """
    trust = ssl.create_default_context(cafile=access.authorities) if access.authorities else None
    with HttpClient(trust) as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action(GitLab(access, client))
            except PassingError as passing:
                if attempt == ATTEMPTS:
                    raise GitLabError(f"{passing}, {ATTEMPTS} times; run the job again later") from None
                access.wait(2.0**attempt if passing.wait is None else min(passing.wait, _LONGEST_WAIT_S))
            except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
                raise GitLabError(f"the response of {access.api} is not a response of GitLab's API") from None
    raise AssertionError("unreachable")


_FIXES = {
    401: "; the token has expired or was revoked: create a new one",
    403: "; the token needs the scope `api`, and its user the role Reporter or higher",
    404: "; the token's user must be a member of the project, with the role Reporter or higher",
}
