"""The cases of the Docker provider, on the sandbox's own Docker Engine."""

from typing import Any

from tests.conformance.script import Case

IMAGE = "shell:1"
"""An image with Busybox, which the engine has."""
SLEEP = ["/bin/sleep", "60"]
NETWORK, VOLUME = "conformance-network", "conformance-volume"
"""A network and a volume that the engine has."""

EVERYTHING: dict[str, Any] = {
    "image": IMAGE,
    "entrypoints": ["/bin/sh", "-c"],
    "command": ["sleep 60"],
    "envs": ["A=1"],
    "labels": [{"label": "of", "value": "tests"}],
    "user": "0",
    "workingDir": "/tmp",
    "hostname": "it",
    "init": True,
    "memory": 64,
    "restart": "unless-stopped",
    "stopSignal": "SIGQUIT",
    "stopTimeout": 7,
    "logDriver": "json-file",
    "logOpts": {"max-size": "1m"},
    "hosts": [{"host": "gitlab.example.com", "ip": "198.51.100.1"}],
    "tmpfs": {"/run": "mode=0700"},
    "healthcheck": {"tests": ["CMD", "/bin/true"], "interval": "1m30s", "retries": 3},
    "destroyGraceSeconds": 0,
}
"""A container with most of its properties."""


def token(kind: str) -> str:
    """The type that is called `kind` in a program."""
    return f"docker:index/{kind[0].lower()}{kind[1:]}:{kind}"


def _sleeps(name: str, *refused: dict[str, object], **inputs: object) -> Case:
    given = {"image": IMAGE, "command": SLEEP, "destroyGraceSeconds": 0, **inputs}
    return Case(name, token("Container"), given, refused=refused)


CASES = [
    Case(
        "network",
        token("Network"),
        {"labels": [{"label": "of", "value": "tests"}]},
        replaces=[{"internal": True}, {"name": "another"}, {"labels": [{"label": "of", "value": "others"}]}],
        refused=[{"colour": "red"}],
    ),
    Case(
        "network of its own kind",
        token("Network"),
        {
            "name": "named",
            "driver": "bridge",
            "attachable": True,
            "options": {"com.docker.network.bridge.enable_icc": "false"},
        },
        replaces=[{"attachable": None}, {"driver": ""}],
    ),
    Case("network whose name is taken", token("Network"), {"name": NETWORK}),
    Case("network whose driver is empty", token("Network"), {"driver": ""}, replaces=[{"driver": "bridge"}]),
    Case(
        "volume",
        token("Volume"),
        {"labels": [{"label": "of", "value": "tests"}]},
        replaces=[{"name": "another"}, {"driverOpts": {"type": "tmpfs", "device": "tmpfs"}}],
    ),
    Case("container of an image that does not exist", token("Container"), {"image": "none/such:1"}),
    Case(
        "container",
        token("Container"),
        EVERYTHING,
        updates=[{"restart": "always"}, {"memory": 128}, {"destroyGraceSeconds": 1}],
        replaces=[
            {"hostname": "other"},
            {"stopTimeout": 8},
            {"envs": ["A=2"]},
            {"envs": ["A=1", "B=2"]},
            {"command": ["sleep 61"]},
            {"labels": [{"label": "of", "value": "others"}]},
            {"image": "shell:2"},
            {"logOpts": {"max-size": "2m"}},
            {"hosts": None},
            {"hostname": "", "stopSignal": "", "logDriver": ""},
            {"labels": []},
            {"envs": []},
            {"networkMode": "none"},
        ],
        refused=[
            {"colour": "red"},
            {"image": None},
            {"restart": "sometimes"},
            {"healthcheck": {"tests": ["CMD"], "interval": "soon"}},
            {"memory": -1},
            {"uploads": [{"content": "no file"}]},
            {"mounts": [{"type": "bind"}]},
        ],
    ),
    _sleeps("container that only sleeps", {"wait": True}, {"uploads": [{"file": "/it"}]}),
    _sleeps(
        "container with no restart of its own",
        mustRun=True,
        start=True,
        restart="on-failure",
        maxRetryCount=3,
    ),
    Case(
        "container that writes and ends",
        token("Container"),
        {
            "image": IMAGE,
            "command": ["/bin/sh", "-c", "cat /in/file; stat -c %a /in/file; touch /there/written"],
            "uploads": [{"file": "/in/file", "content": "a secret\n", "permissions": "0640"}],
            "volumes": [{"volumeName": VOLUME, "containerPath": "/there"}],
            "networksAdvanced": [{"name": NETWORK, "aliases": ["it"]}],
            "attach": True,
            "logs": True,
            "mustRun": False,
        },
        replaces=[
            {"uploads": [{"file": "/in/file", "content": "another\n", "permissions": "0640"}]},
            {"volumes": [{"volumeName": VOLUME, "containerPath": "/elsewhere"}]},
            {"networksAdvanced": [{"name": NETWORK}]},
        ],
    ),
    Case(
        "container with a mount",
        token("Container"),
        {
            "image": IMAGE,
            "command": SLEEP,
            "mounts": [{"type": "volume", "source": VOLUME, "target": "/there", "readOnly": True}],
            "networkMode": "none",
            "destroyGraceSeconds": 0,
        },
    ),
    Case(
        "container that fails",
        token("Container"),
        {"image": IMAGE, "command": ["/bin/sh", "-c", "exit 3"], "attach": True, "mustRun": False},
    ),
    Case(
        "container that becomes healthy",
        token("Container"),
        {
            "image": IMAGE,
            "command": SLEEP,
            "healthcheck": {"tests": ["CMD", "/bin/true"], "interval": "100ms"},
            "wait": True,
            "destroyGraceSeconds": 0,
        },
        updates=[{"waitTimeout": 30}],
    ),
    Case(
        "container that never becomes healthy",
        token("Container"),
        {
            "image": IMAGE,
            "command": SLEEP,
            "healthcheck": {"tests": ["CMD", "/bin/false"], "interval": "100ms"},
            "wait": True,
            "waitTimeout": 1,
            "destroyGraceSeconds": 0,
        },
    ),
]
