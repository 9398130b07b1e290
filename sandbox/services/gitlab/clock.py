"""The time in GitLab's format."""

from datetime import UTC, datetime, timedelta


def now() -> str:
    """The current time: ISO 8601 with milliseconds, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(moment: str) -> timedelta:
    """The age of a time in that format."""
    return datetime.now(UTC) - datetime.fromisoformat(moment)
