"""Cron expressions of gitlab-runner and of EC2 Image Builder."""

import re
from collections.abc import Mapping

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NUMBER = "[0-9]{1,9}"  # Python refuses to convert thousands of digits
_PART = re.compile(rf"(?:\*|({_NUMBER}|[a-z]+)(?:-({_NUMBER}|[a-z]+))?)(?:/({_NUMBER}))?")
"""`*`, a number or a range, with an optional step."""
_MINUTE, _HOUR, _DAY, _MONTH = range(60), range(24), range(1, 32), range(1, 13)
_YEAR = range(1970, 2200)
_YEAR_OF_THE_RUNNER = range(1970, 2100)
_UNIX_DAYS = {name: number for number, name in enumerate(DAYS)}
_AWS_DAYS = {name: number for number, name in enumerate(DAYS, 1)}
_MONTHS = {name: number for number, name in enumerate(MONTHS, 1)}
_LAST_DAY = re.compile(r"l|lw|(?:0?[1-9]|[12][0-9]|3[01])w")
_LAST_OR_NUMBERED_DAY = re.compile(rf"l|(?:[1-7]|{'|'.join(DAYS)})(?:l|#[1-5])")
_FIELDS_OF_IMAGE_BUILDER = 6
_SECOND = range(60)
_LONG_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_ALL_DAYS = _UNIX_DAYS | {name: number for number, name in enumerate(_LONG_DAYS)}
_ALL_MONTHS = _MONTHS | {name: number for number, name in enumerate(_LONG_MONTHS, 1)}
_LAST_OR_NUMBERED_UNIX_DAY = re.compile(rf"(?:0?[0-7]|{'|'.join((*DAYS, *_LONG_DAYS))})(?:l|#[1-5])")
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly")
_FEWEST_FIELDS, _WITH_SECONDS = 5, 7


def is_unix_cron(expression: str) -> bool:
    """Whether an expression has the five Unix cron fields: minute, hour, day, month, day of the week.

    Source: docs.gitlab.com/runner/configuration/advanced-configuration, periods syntax.
    """
    fields = expression.lower().split()
    allowed = (_MINUTE, _HOUR, _DAY, _MONTH)
    return (
        len(fields) == len(allowed) + 1
        and all(map(_is_field, fields, allowed))
        and _is_field(fields[-1], range(8), _UNIX_DAYS)
    )


def is_extended_cron(expression: str) -> bool:
    """Whether an expression has the Unix fields, with a year as the sixth, or seconds first and a year last.

    Source: github.com/gorhill/cronexpr, which gitlab-runner uses in its helpers/timeperiod.
    """
    if expression.strip() in _MACROS:
        return True
    fields = expression.lower().replace("?", "*").split()
    if not _FEWEST_FIELDS <= len(fields) <= _WITH_SECONDS:
        return False
    second = [fields.pop(0)] if len(fields) == _WITH_SECONDS else []
    minute, hour, day, month, day_of_week, *year = fields
    return (
        all(_is_field(each, _SECOND) for each in second)
        and _is_field(minute, _MINUTE)
        and _is_field(hour, _HOUR)
        and all(_LAST_DAY.fullmatch(part) or _is_field(part, _DAY) for part in day.split(","))
        and _is_field(month, _MONTH, _ALL_MONTHS)
        and all(
            _LAST_OR_NUMBERED_UNIX_DAY.fullmatch(part) or _is_field(part, range(8), _ALL_DAYS)
            for part in day_of_week.split(",")
        )
        and all(_is_field(each, _YEAR_OF_THE_RUNNER) for each in year)
    )


def is_image_builder_cron(expression: str) -> bool:
    """Whether an expression has the six fields of Image Builder: the five Unix cron fields, and the year.

    Exactly one of the day and the day of the week is `?`.
    Source: docs.aws.amazon.com/imagebuilder/latest/userguide/cron-expressions.html
    """
    fields = expression.lower().split(" ")
    if len(fields) != _FIELDS_OF_IMAGE_BUILDER:
        return False
    minute, hour, day, month, day_of_week, year = fields
    return (
        (day == "?") != (day_of_week == "?")
        and _is_field(minute, _MINUTE)
        and _is_field(hour, _HOUR)
        and (day == "?" or bool(_LAST_DAY.fullmatch(day)) or _is_field(day, _DAY))
        and _is_field(month, _MONTH, _MONTHS)
        and (
            day_of_week == "?"
            or bool(_LAST_OR_NUMBERED_DAY.fullmatch(day_of_week))
            or _is_field(day_of_week, range(1, 8), _AWS_DAYS)
        )
        and _is_field(year, _YEAR)
    )


def _is_field(field: str, allowed: range, names: Mapping[str, int] | None = None) -> bool:
    return all(_is_part(part, allowed, names or {}) for part in field.split(","))


def _is_part(part: str, allowed: range, names: Mapping[str, int]) -> bool:
    found = _PART.fullmatch(part)
    if not found:
        return False
    *ends, step = found.groups()
    numbers = (int(end) if end.isdigit() else names.get(end, -1) for end in ends if end)
    return all(number in allowed for number in numbers) and (step is None or int(step) > 0)
