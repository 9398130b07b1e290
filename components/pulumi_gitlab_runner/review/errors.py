"""What ends a review early."""


class PreviewError(ValueError):
    """The given text is no preview. Its message says what is wrong and how to mend it; it repeats nothing."""


class NoteError(Exception):
    """The note could not be put on the merge request. Its message says why and how to mend it."""


class NoTokenError(NoteError):
    """There is no token to write the note with, as in every pipeline of a fork."""
