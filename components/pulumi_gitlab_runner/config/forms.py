"""The formats of texts that the runner accepts in `config.toml`."""

import ipaddress
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from pulumi_gitlab_runner.cron import is_extended_cron, is_unix_cron


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


_LONGEST_DURATION = 2**63 / 1e9
"""The limit of `time.Duration` of Go, which counts nanoseconds in 64 bits, in seconds."""


def duration_seconds(text: str) -> float:
    """Return the seconds in a duration that `DURATION` accepts."""
    parts = re.findall(r"([\d.]+)([a-zµμ]+)", text, re.ASCII)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return -seconds if text.startswith("-") else seconds


def _is_duration(text: str) -> bool:
    return _matches(_GO_DURATION)(text) and abs(duration_seconds(text)) < _LONGEST_DURATION


_FACTORS = {unit: 1024**power for power, unit in enumerate("bkmgtp")}


def ram_bytes(text: str) -> float:
    """Return the bytes of a size that `MEMORY` accepts; 0 for an empty text."""
    found = re.fullmatch(r"\+?([0-9.]+(?:[eE][+-]?\d+)?) ?([a-zA-Z]?).*", text, re.ASCII)
    return float(found[1]) * _FACTORS[found[2].lower() or "b"] if found else 0


def _is_extra_host(text: str) -> bool:
    name, _, address = text.partition(":")
    return bool(name) and (address == "host-gateway" or _is_ip_address(address.strip()))


_WRONG_IN_GO_TOO = ("unterminated", "unbalanced parenthesis", "nothing to repeat", "multiple repeat")
"""Parts of Python's messages about patterns that Go refuses too; the two differ in other patterns."""


def _is_pattern(text: str) -> bool:
    if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", text):  # look-around and back-references
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except re.error as wrong:
        return not any(each in str(wrong) for each in _WRONG_IN_GO_TOO)
    return True


_CAPABILITIES = (
    "ALL|AUDIT_CONTROL|AUDIT_READ|AUDIT_WRITE|BLOCK_SUSPEND|BPF|CHECKPOINT_RESTORE|CHOWN|DAC_OVERRIDE"
    "|DAC_READ_SEARCH|FOWNER|FSETID|IPC_LOCK|IPC_OWNER|KILL|LEASE|LINUX_IMMUTABLE|MAC_ADMIN|MAC_OVERRIDE"
    "|MKNOD|NET_ADMIN|NET_BIND_SERVICE|NET_BROADCAST|NET_RAW|PERFMON|SETFCAP|SETGID|SETPCAP|SETUID"
    "|SYS_ADMIN|SYS_BOOT|SYS_CHROOT|SYS_MODULE|SYS_NICE|SYS_PACCT|SYS_PTRACE|SYS_RAWIO|SYS_RESOURCE"
    "|SYS_TIME|SYS_TTY_CONFIG|SYSLOG|WAKE_ALARM"
)
# executors/docker/internal/volumes/parser/linux_parser.go of the runner.
_SEGMENT = r'[^\\/:*?"<>|\r\n]+'
_DIRECTORY = rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?"
_VOLUME = (
    rf"(?:(?:{_DIRECTORY}|{_SEGMENT}):)?{_DIRECTORY}(?::(?i:ro|rw|O))?(?:[:,](?i:z))?"
    r"(?:[:,](?i:shared|slave|private|rshared|rslave|rprivate))?"
)

DURATION = Form(_is_duration, "a duration such as `90s`, `20m` or `1h30m`")
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
ULIMIT = Form(
    _matches(r"[+-]?\d{1,18}(:[+-]?\d{1,18})?"), "the soft limit, or both as in `1024:2048`; -1 for no limit"
)
CPUSET = Form(_matches(r"(\d+(-\d+)?(,\d+(-\d+)?)*)?"), "numbers and ranges such as `0-3,7`")
VOLUME = Form(_matches(_VOLUME), "`/PATH`, or `SOURCE:/PATH` with options such as `:ro`")
DEVICE = Form(
    _matches(r"[^:]+(:[^:]*(:[rwm]+)?)?"),
    "`/dev/NAME`, or with a path and permissions `/dev/NAME:/PATH:rwm`",
)
EXTRA_HOST = Form(_is_extra_host, "`NAME:ADDRESS` with an IP address, or `NAME:host-gateway`")
CAPABILITY = Form(
    _matches(rf"(?i:(CAP_)?({_CAPABILITIES}))"), "a capability of Linux such as `NET_ADMIN`, or `ALL`"
)
PID_MODE = Form(_matches("(host|container:.+)?"), "`host` or `container:NAME`")
IPC_MODE = Form(
    _matches("(none|private|shareable|host|container:.+)?"),
    "`none`, `private`, `shareable`, `host` or `container:NAME`",
)
PATTERN = Form(_is_pattern, "a regular expression of Go, without look-around and back-references")
EXTENDED_PERIOD = Form(
    is_extended_cron,
    "five fields as in `* 8-17 * * mon-fri`, a year as the sixth, or seconds first and a year last",
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
