"""A container's properties, and their translation to the engine's API."""

import re
from typing import Any

from sandbox.providers.docker.chosen import ChosenSet, ChosenText
from sandbox.providers.docker.labels import LABEL, as_mapping
from sandbox.standin.properties import Flag, ListOf, MapOf, Number, Object, SetOf, Text
from sandbox.standin.values import Properties

MIB = 1024 * 1024
_NANOSECONDS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PERIOD = r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+"


def _nanoseconds(period: str) -> int:
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", period)
    return int(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))


def _period(nanoseconds: int) -> str:
    """A duration in Go's format, such as 1m30s or 100ms."""
    if 0 < nanoseconds < _NANOSECONDS["s"]:
        return f"{nanoseconds / _NANOSECONDS['ms']:g}ms"
    minutes, rest = divmod(nanoseconds, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / _NANOSECONDS['s']:g}s"
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}" if minutes else seconds


def _same_period(old: str, new: str) -> bool:
    return _nanoseconds(old) == _nanoseconds(new)


_Period = Text(pattern=_PERIOD, pattern_meaning="a time such as 30s", default="0s", same=_same_period)

INPUTS = {
    "image": Text(required=True, replaces=True),
    "name": Text(replaces=True),
    "command": ListOf(Text(), replaces=True, computed=True),
    "entrypoints": ListOf(Text(), replaces=True, computed=True),
    "envs": SetOf(Text(), replaces=True, computed=True),
    "labels": ChosenSet(LABEL, replaces=True),
    "user": ChosenText(replaces=True),
    "workingDir": ChosenText(replaces=True),
    "hostname": ChosenText(replaces=True),
    "init": Flag(computed=True),
    "privileged": Flag(replaces=True),
    "readOnly": Flag(replaces=True),
    "securityOpts": SetOf(Text(), replaces=True, computed=True),
    "memory": Number(minimum=0),
    "restart": Text(default="no", one_of=("no", "on-failure", "always", "unless-stopped")),
    "maxRetryCount": Number(minimum=0),
    "stopSignal": ChosenText(replaces=True),
    "stopTimeout": Number(replaces=True, computed=True, minimum=0),
    "logDriver": ChosenText(replaces=True),
    "logOpts": MapOf(Text(), replaces=True),
    "networkMode": Text(replaces=True, default="bridge"),
    "networksAdvanced": SetOf(Object({"name": Text(required=True), "aliases": SetOf(Text())}), replaces=True),
    "hosts": SetOf(Object({"host": Text(required=True), "ip": Text(required=True)}), replaces=True),
    "tmpfs": MapOf(Text()),
    "volumes": SetOf(
        Object(
            {
                "containerPath": Text(required=True),
                "hostPath": Text(),
                "volumeName": Text(),
                "readOnly": Flag(),
            }
        ),
        replaces=True,
    ),
    "mounts": SetOf(
        Object(
            {
                "type": Text(required=True, one_of=("bind", "volume", "tmpfs")),
                "target": Text(required=True),
                "source": Text(),
                "readOnly": Flag(),
            }
        ),
        replaces=True,
    ),
    "uploads": SetOf(
        Object(
            {
                "file": Text(required=True),
                "content": Text(),
                "contentBase64": Text(),
                "permissions": Text(pattern="0[0-7]{3}", pattern_meaning="octal digits such as 0600"),
                "executable": Flag(),
            }
        ),
        replaces=True,
    ),
    "healthcheck": Object(
        {
            "tests": ListOf(Text(), required=True),
            "interval": _Period,
            "timeout": _Period,
            "startPeriod": _Period,
            "startInterval": _Period,
            "retries": Number(default=0, minimum=0),
        },
        computed=True,
    ),
    "start": Flag(default=True),
    "mustRun": Flag(default=True),
    "wait": Flag(default=False),
    "waitTimeout": Number(default=60, minimum=1),
    "attach": Flag(default=False),
    "logs": Flag(default=False),
    "removeVolumes": Flag(default=True),
    "destroyGraceSeconds": Number(minimum=0),
}


def configuration_of(inputs: Properties) -> dict[str, Any]:
    """The engine's configuration of a new container; unset properties are the image's."""
    host = {
        "Binds": [_bind(each) for each in inputs.get("volumes", ())],
        "Mounts": [_mount(each) for each in inputs.get("mounts", ())],
        "Tmpfs": inputs.get("tmpfs"),
        "ExtraHosts": [f"{each['host']}:{each['ip']}" for each in inputs.get("hosts", ())],
        "Init": inputs.get("init"),
        "Privileged": inputs.get("privileged"),
        "ReadonlyRootfs": inputs.get("readOnly"),
        "SecurityOpt": inputs.get("securityOpts"),
        "Memory": inputs.get("memory", 0) * MIB,
        "RestartPolicy": restart_policy(inputs),
        "NetworkMode": inputs["networkMode"],
        "LogConfig": {"Type": inputs.get("logDriver", ""), "Config": inputs.get("logOpts", {})},
    }
    return {
        "Image": inputs["image"],
        "Cmd": inputs.get("command"),
        "Entrypoint": inputs.get("entrypoints"),
        "Env": inputs.get("envs"),
        "Labels": as_mapping(inputs.get("labels")),
        "User": inputs.get("user", ""),
        "WorkingDir": inputs.get("workingDir", ""),
        "Hostname": inputs.get("hostname", ""),
        "StopSignal": inputs.get("stopSignal"),
        "StopTimeout": inputs.get("stopTimeout"),
        "Healthcheck": _healthcheck(inputs["healthcheck"]) if "healthcheck" in inputs else None,
        "HostConfig": host,
    }


def restart_policy(inputs: Properties) -> Any:
    """The restart policy in the engine's API."""
    return {"Name": inputs["restart"], "MaximumRetryCount": inputs.get("maxRetryCount", 0)}


def properties_of(container: Properties) -> Properties:
    """The properties of a container in an engine's response; the others may be the image's."""
    configuration, host = container["Config"], container["HostConfig"]
    return {
        "name": container["Name"].removeprefix("/"),
        "image": configuration["Image"],
        "command": configuration["Cmd"],
        "entrypoints": configuration["Entrypoint"],
        "user": configuration["User"],
        "workingDir": configuration["WorkingDir"],
        "hostname": configuration["Hostname"],
        "stopSignal": configuration.get("StopSignal"),
        "stopTimeout": configuration.get("StopTimeout"),
        "healthcheck": _shown_healthcheck(configuration.get("Healthcheck")),
        "init": bool(host.get("Init")),
        "privileged": host["Privileged"],
        "readOnly": host["ReadonlyRootfs"],
        "securityOpts": host["SecurityOpt"],
        "memory": host["Memory"] // MIB,
        "restart": host["RestartPolicy"]["Name"],
        "maxRetryCount": host["RestartPolicy"]["MaximumRetryCount"],
        "tmpfs": host.get("Tmpfs"),
        "hosts": [
            {"host": name, "ip": ip}
            for name, _, ip in (each.partition(":") for each in host.get("ExtraHosts") or ())
        ]
        or None,
        "networkMode": host["NetworkMode"],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"]["Config"],
    }


def _bind(volume: Properties) -> str:
    source = volume.get("volumeName") or volume.get("hostPath")
    return f"{source}:{volume['containerPath']}:{'ro' if volume.get('readOnly') else 'rw'}"


def _mount(mount: Properties) -> dict[str, Any]:
    return {
        "Type": mount["type"],
        "Target": mount["target"],
        "Source": mount.get("source", ""),
        "ReadOnly": mount.get("readOnly", False),
    }


def _healthcheck(declared: Properties) -> dict[str, Any]:
    return {
        "Test": declared["tests"],
        "Interval": _nanoseconds(declared["interval"]),
        "Timeout": _nanoseconds(declared["timeout"]),
        "StartPeriod": _nanoseconds(declared["startPeriod"]),
        "StartInterval": _nanoseconds(declared["startInterval"]),
        "Retries": declared["retries"],
    }


def _shown_healthcheck(healthcheck: Properties | None) -> Properties | None:
    if not healthcheck:
        return None
    periods = ("interval", "timeout", "startPeriod", "startInterval")
    shown = {name: _period(healthcheck.get(f"{name[0].upper()}{name[1:]}", 0)) for name in periods}
    return {"tests": healthcheck["Test"], "retries": healthcheck.get("Retries", 0), **shown}
