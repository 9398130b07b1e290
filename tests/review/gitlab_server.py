"""A GitLab double that listens on loopback, and fails where a test asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from flask import Flask, Response

from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.application import create_server
from sandbox.services.gitlab.state import MergeRequest, Note

TOKEN = "token-of-the-administrator"


@dataclass
class GitLab:
    """The double: its URL, its one merge request, and `failures`, each of which answers one request."""

    url: str
    application: Flask
    failures: list[Response] = field(default_factory=list)
    lose_next_post_response: bool = False

    @property
    def merge_request(self) -> MergeRequest:
        found: MergeRequest = self.application.extensions[INSTANCE].projects[7].merge_requests[1]
        return found

    def add_note(self, author: str, body: str) -> None:
        instance = self.application.extensions[INSTANCE]
        user = next(token.user for token in instance.tokens.values() if token.user.username == author)
        self.merge_request.notes.append(Note(next(instance.note_ids), user, body, "2026", "2026"))

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a job of the merge request."""
        return {
            "CI_API_V4_URL": f"{self.url}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "1",
            "REVIEW_TOKEN": TOKEN,
            **more,
        }


@contextmanager
def gitlab() -> Iterator[GitLab]:
    application = create_application(TOKEN)
    server = create_server(application, 0)
    double = GitLab(f"http://127.0.0.1:{server.port}", application)

    def fail() -> Any:
        return double.failures.pop(0) if double.failures else None

    def lose(response: Response) -> Response:
        if double.lose_next_post_response and response.status_code == 201:
            double.lose_next_post_response = False
            return Response(status=502)
        return response

    application.before_request(fail)
    application.after_request(lose)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
