"""The time, as GitLab writes it."""

from datetime import UTC, datetime


def now() -> str:
    """The present moment: ISO 8601 with milliseconds, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
