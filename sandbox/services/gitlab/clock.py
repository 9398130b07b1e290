"""The time, as GitLab writes it."""

from datetime import UTC, datetime, timedelta


def now() -> str:
    """The present moment: ISO 8601 with milliseconds, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(moment: str) -> timedelta:
    """How long ago a moment was, which is written so."""
    return datetime.now(UTC) - datetime.fromisoformat(moment)
