"""Errors that end a review."""


class PreviewError(ValueError):
    """The given text is no preview. Its message says what is wrong and how to fix it; it repeats nothing."""


class GitLabError(Exception):
    """GitLab cannot be asked, or refuses. Its message says why and how to fix it.

    Attributes:
        status: the status of GitLab's answer; nothing where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NoTokenError(GitLabError):
    """There is no token to ask GitLab with, as in every pipeline of a fork."""
