"""The formats of texts that the runner accepts in `config.toml`."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from pulumi_gitlab_runner.cron import is_unix_cron


@dataclass(frozen=True)
class Form:
    """A format of a text: a test, and its description for messages."""

    accepts: Callable[[str], bool]
    allowed: str


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.ASCII) is not None


def _is_timestamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return re.fullmatch(_RFC_3339, text, re.ASCII) is not None


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
# time.ParseDuration of Go: numbers with units, without spaces.
_GO_DURATION = r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)"
# units.RAMInBytes of github.com/docker/go-units: a number that is not negative, at most one space, one unit.
_GO_RAM = r"(\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? ?([bB]|[kmgtpKMGTP]([iI]?[bB])?)?)?"

_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}


def duration_seconds(text: str) -> float:
    """Return the seconds in a duration that `DURATION` accepts."""
    parts = re.findall(r"([\d.]+)([a-zµμ]+)", text, re.ASCII)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return -seconds if text.startswith("-") else seconds


DURATION = Form(_matches(_GO_DURATION), "a duration such as `90s`, `20m` or `1h30m`")
MEMORY = Form(
    _matches(_GO_RAM),
    "a number that is not negative with the unit b, k, m, g, t or p, such as `512m` "
    "(the runner manager exits on anything else)",
)
CPUS = Form(_matches(r"(\d+\.?\d*|\.\d+)?"), "a decimal number such as `1.5`")
MAC_ADDRESS = Form(
    _matches(r"([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5})?"), "a MAC address such as `92:d0:c6:0a:29:33`"
)
IP_ADDRESS = Form(_is_ip_address, "an IP address")
TIMESTAMP = Form(_is_timestamp, "a point in time with its zone, such as `2026-11-01T00:00:00Z`")
ABSOLUTE_PATH = Form(
    lambda text: not text or PurePosixPath(text).is_absolute(),
    "an absolute path; the runner does not expand `~`",
)
PERIOD = Form(
    is_unix_cron,
    "five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12), day of the week "
    "(0-7 or mon-sun); such as `* 8-17 * * mon-fri`",
)
TIME_ZONE = Form(
    _matches(r"UTC|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]*[0-9]*)+"), "UTC, or a place such as `Europe/Berlin`"
)
"""A check of the format only: which time zones exist depends on the host."""
