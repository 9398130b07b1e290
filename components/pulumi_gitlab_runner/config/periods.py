"""The periods of an autoscaler policy, and their time zone."""

import re

from pulumi_gitlab_runner.config.forms import Form
from pulumi_gitlab_runner.cron import is_unix_cron

_TIME_ZONE = re.compile(r"UTC|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]*[0-9]*)+")


def _is_time_zone(text: str) -> bool:
    return _TIME_ZONE.fullmatch(text) is not None


PERIOD = Form(
    is_unix_cron,
    "five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12), day of the week "
    "(0-7 or mon-sun); such as `* 8-17 * * mon-fri`",
)
TIME_ZONE = Form(_is_time_zone, "UTC, or a place such as `Europe/Berlin`")
"""A check of the format only: which time zones exist depends on the host."""
