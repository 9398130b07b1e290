"""The periods of an autoscaler policy, and their time zone."""

import re

from pulumi_gitlab_runner.config.forms import Form

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (range(60), range(24), range(1, 32), range(1, 13), range(8))
_PART = re.compile(r"(?:\*|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/([0-9]+))?")
"""`*`, a number or a range, with an optional step."""
_TIME_ZONE = re.compile(r"UTC|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]*[0-9]*)+")


def _is_period(text: str) -> bool:
    fields = text.lower().split()
    return len(fields) == len(_FIELDS) and all(
        _is_part(part, allowed)
        for field, allowed in zip(fields, _FIELDS, strict=True)
        for part in field.split(",")
    )


def _is_time_zone(text: str) -> bool:
    return _TIME_ZONE.fullmatch(text) is not None


def _is_part(part: str, allowed: range) -> bool:
    found = _PART.fullmatch(part)
    if not found:
        return False
    first, last, step = found.groups()
    return all(_number(end, allowed) in allowed for end in (first, last) if end) and step != "0"


def _number(end: str, allowed: range) -> int:
    if end.isdigit():
        return int(end)
    return _DAYS.index(end) if allowed == _FIELDS[-1] and end in _DAYS else -1


PERIOD = Form(
    _is_period,
    "five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12), day of the week "
    "(0-7 or mon-sun); such as `* 8-17 * * mon-fri`",
)
"""Source: docs.gitlab.com/runner/configuration/advanced-configuration, periods syntax."""
TIME_ZONE = Form(_is_time_zone, "UTC, or a place such as `Europe/Berlin`")
"""The form only: the host knows which time zones exist."""
