"""GitLab's API, with the token in GITLAB_TOKEN."""

import os
from dataclasses import dataclass, field

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.http.client import LARGEST_ANSWER, Answer, HttpClient
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.spec.stack import GITLAB_COM
from pulumi_gitlab_runner.spec.stack_file import instance_url


@dataclass(frozen=True)
class GitLab:
    """GitLab's API.

    Attributes:
        address: the URL of the API, such as `https://gitlab.example.com/api/v4`.
        token: an access token.
        client: the HTTP client, which the caller closes.
    """

    address: str
    token: str = field(repr=False)
    client: HttpClient = field(default_factory=HttpClient)

    def ask(self, path: str, deadline: Deadline, limit: int = LARGEST_ANSWER) -> Answer:
        """Request a path below the address.

        Raises:
            UsageError: GitLab does not accept the token.
            HttpError: there is no response.
        """
        answer = self.client.ask(
            "GET",
            f"{self.address}/{path}",
            headers={"Private-Token": self.token},
            deadline=deadline,
            follow=False,
            limit=limit,
        )
        if answer.status == 401:
            raise UsageError(f"GitLab at {self.address} does not accept the token in GITLAB_TOKEN")
        return answer


def this_gitlab() -> GitLab:
    """GitLab's API at the URL of GITLAB_BASE_URL, else of CI_API_V4_URL, else of GitLab.com.

    Raises:
        UsageError: GITLAB_TOKEN is not set.
    """
    token = os.environ.get("GITLAB_TOKEN")
    if not token:
        raise UsageError("GITLAB_TOKEN is not set: it needs an access token with the scope read_api")
    given = os.environ.get("GITLAB_BASE_URL") or os.environ.get("CI_API_V4_URL") or GITLAB_COM
    return GitLab(f"{instance_url(given)}/api/v4", token)
