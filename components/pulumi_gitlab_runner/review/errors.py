"""What ends a review before it has begun."""


class PreviewError(ValueError):
    """The given text is no preview. Its message says what is wrong and how to mend it; it repeats nothing."""
