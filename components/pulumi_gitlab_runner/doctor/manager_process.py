"""The process of a runner manager: its user, home and environment, from its systemd unit and drop-ins.

Source: systemd.exec(5): later settings take precedence, an empty one resets the earlier ones, and
`EnvironmentFile=` takes precedence over `Environment=`.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pulumi_gitlab_runner.doctor.host_files import HostFiles
from pulumi_gitlab_runner.doctor.live.on_host import UNIT, UNITS

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""The default PATH of systemd services."""


@dataclass(frozen=True)
class ManagerProcess:
    """The process of a runner manager.

    Attributes:
        user: the user of the process.
        home: the home directory of the process.
        environment: the environment variables that its unit sets, including HOME and PATH.
        files: the paths of the unit and its drop-ins, in the order in which systemd reads them.
    """

    user: str
    home: str
    environment: Mapping[str, str]
    files: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The PATH of the process."""
        return self.environment["PATH"]


def manager_process(files: HostFiles) -> ManagerProcess:
    """The process that the unit and its drop-ins define; by default, that of the packaged unit, as root.

    `--user` in the command of the unit is the user of jobs of the shell executor; it does not change the user
    or home of the process (gitlab-runner: executors/shell/shell.go).
    """
    user = "root"
    environment: dict[str, str] = {}
    from_files: dict[str, str] = {}
    read: list[str] = []
    for path in _unit_files(files):
        text = files.read(path).text
        if text is None:
            continue
        read.append(path)
        for key, value in _service_settings(text):
            if key == "User":
                user = value or "root"
            elif key == "Environment":
                environment = environment | _assignments(value) if value else {}
            elif key == "EnvironmentFile":
                from_files = from_files | _environment_file(files, value) if value else {}
    environment |= from_files
    environment.setdefault("PATH", _DEFAULT_PATH)
    environment.setdefault("HOME", _home_of(files, user))
    return ManagerProcess(user, environment["HOME"].rstrip("/"), environment, tuple(read))


def _unit_files(files: HostFiles) -> Iterator[str]:
    """The path of the unit, in the first directory that has it, and those of its drop-ins, sorted by name."""
    for directory in UNITS:
        if UNIT in files.names(directory):
            yield f"{directory}/{UNIT}"
            break
    drop_ins: dict[str, str] = {}
    for directory in UNITS:
        for name in files.names(f"{directory}/{UNIT}.d"):
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{directory}/{UNIT}.d/{name}")
    for _, path in sorted(drop_ins.items()):
        yield path


def _service_settings(text: str) -> Iterator[tuple[str, str]]:
    """The settings of a unit's `[Service]` section."""
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped
        elif section == "[Service]" and "=" in stripped and stripped[0] not in "#;":
            key, _, value = stripped.partition("=")
            yield key.strip(), value.strip()


def _assignments(text: str) -> dict[str, str]:
    """The `NAME=value` assignments of one line, with or without quotes."""
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    pairs = (word.partition("=") for word in words)
    return {name: value for name, equals, value in pairs if equals}


def _environment_file(files: HostFiles, path: str) -> dict[str, str]:
    text = files.read(path.removeprefix("-")).text or ""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if re.match(r"\s*[A-Za-z_]\w*=", line):
            found |= _assignments(line)
    return found


def _home_of(files: HostFiles, user: str) -> str:
    """The home directory of a user, from `/etc/passwd` of the host."""
    if user == "root":
        return "/root"
    for line in (files.read("/etc/passwd").text or "").splitlines():
        fields = line.split(":")
        if fields[0] == user and len(fields) > 5:
            return fields[5]
    return f"/home/{user}"
