"""Errors that end a review."""


class PreviewError(ValueError):
    """The text is not a preview. The message gives the reason and the fix, and nothing of the text."""


class GitLabError(Exception):
    """GitLab is not reachable, or refuses a request. The message gives the reason and the fix.

    Attributes:
        status: the HTTP status of GitLab's response; None without a response.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NoTokenError(GitLabError):
    """The variable with GitLab's token is not set, as in every pipeline of a fork."""
