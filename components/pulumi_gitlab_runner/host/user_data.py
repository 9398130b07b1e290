"""The user data of a runner host: enough to fetch everything else. It contains no secret."""

import base64
import gzip
import re
from collections.abc import Mapping
from functools import cache

from pulumi_gitlab_runner.host.lifecycle import LAUNCH_HOOK, LIFECYCLE_HOOK
from pulumi_gitlab_runner.host.programs import FETCHING, PRUNING, text_and_mode
from pulumi_gitlab_runner.host.readable_yaml import readable_yaml
from pulumi_gitlab_runner.host.scripts import script, shell_settings
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023, OperatingSystem
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem

INSTALLER = "/usr/local/lib/gitlab-runner-packages.sh"
"""The path of the script that installs the packages of the operating system."""
LARGEST_USER_DATA = 16_384
"""In bytes."""
_SETTINGS = "/etc/gitlab-runner-host"
_BOOT = "/usr/local/sbin/gitlab-runner-boot"
_WORKER = "/usr/local/sbin/gitlab-runner-worker"
_COMMENTS = re.compile(r"^[ \t]*#(?!!).*\n", re.M)


def user_data(
    *,
    bucket: str,
    key: str,
    region: str,
    tokens: str,
    runner_version: str,
    operating_system: OperatingSystem = AMAZON_LINUX_2023,
    user_namespaces: bool = False,
    further: Mapping[str, str] | None = None,
) -> str:
    """Cloud-init's configuration of a runner host.

    A change of it needs a new host; what changes without one is in the host's files in S3.

    Args:
        bucket: the bucket of the host's files.
        key: their key in the bucket.
        region: the region of the bucket and the parameters.
        tokens: the prefix of the names of the parameters with the runners' tokens.
        runner_version: the version of gitlab-runner, such as ``19.3.0``.
        operating_system: the operating system of the machine image.
        user_namespaces: whether Docker runs jobs in user namespaces. A change needs a new host: Docker reads
            the setting when it starts, and stores images and containers of user namespaces separately.
        further: the host's files that it needs to fetch the others, by their path below the root.
    """
    settings = {
        "BUCKET": bucket,
        "KEY": key,
        "REGION": region,
        "TOKENS": tokens,
        "RUNNER_VERSION": runner_version,
        "LAUNCH_HOOK": LAUNCH_HOOK,
        "LIFECYCLE_HOOK": LIFECYCLE_HOOK,
    }
    if user_namespaces:
        settings["USER_NAMESPACES"] = "yes"
    files = {
        _SETTINGS: (shell_settings(settings), "0600"),
        **{f"/{path}": text_and_mode(path, name) for path, name in FETCHING.items()},
        INSTALLER: (script(operating_system.installer), "0644"),
        **{path: (script(name), "0644") for path, name in operating_system.data},
        **{f"/{path}": (text, "0644") for path, text in (further or {}).items()},
        _BOOT: (script("gitlab-runner-boot.sh"), "0755"),
    }
    return _cloud_config(files, _BOOT)


def worker_user_data(docker_config: str, further: Mapping[str, str] | None = None) -> str:
    """Cloud-init's configuration of a fleet's instance, with all of its files: it fetches none.

    Args:
        docker_config: the configuration of its Docker daemon.
        further: further files, by their path below the root.
    """
    files = {
        _SETTINGS: ("", "0600"),  # its scripts read it, as on a host
        "/etc/docker/daemon.json": (docker_config, "0644"),
        **{f"/{path}": text_and_mode(path, name) for path, name in PRUNING.items()},
        **{f"/{path}": (text, "0644") for path, text in (further or {}).items()},
        _WORKER: (script("gitlab-runner-worker.sh"), "0755"),
    }
    return _cloud_config(files, _WORKER)


def encoded(text: str) -> str:
    """User data in the encoding of a launch template, compressed if it is too long for EC2."""
    return base64.b64encode(_packed(text)).decode()


def _packed(text: str) -> bytes:
    """User data before it is encoded; cloud-init decompresses it.

    The header of the compressed data names no operating system, as with Python 3.13: with 3.11 and 3.12 it
    would depend on the machine, and different user data need a new host. Sources:
    docs.cloud-init.io/en/latest/explanation/format.html, docs.python.org/3/library/gzip.html.
    """
    content = text.encode()
    if len(content) <= LARGEST_USER_DATA:
        return content
    packed = gzip.compress(content, mtime=0)
    return packed[:9] + b"\xff" + packed[10:]


def _cloud_config(files: Mapping[str, tuple[str, str]], command: str) -> str:
    """A configuration that writes files, each with its text and mode, and runs a command."""
    written = "".join(_written(path, mode, content) for path, (content, mode) in files.items())
    return f"#cloud-config\nwrite_files:\n{written}{readable_yaml({'runcmd': [[command]]})}"


@cache
def _written(path: str, mode: str, content: str) -> str:
    """The item of a file; cached, since most are the same for every host, and PyYAML takes milliseconds."""
    return readable_yaml([{"path": path, "permissions": mode, "content": without_comments(content)}])


def without_comments(text: str) -> str:
    """A script without comment lines: EC2 accepts 16 KB of user data."""
    return _COMMENTS.sub("", text)


def sized_user_data(text: str, path: str) -> str:
    """User data, after the check of its size.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html.

    Args:
        text: the user data, before it is encoded.
        path: the path of the host or fleet in the declaration.

    Raises:
        DeclarationError: the user data are too large.
    """
    if (size := len(_packed(text))) > LARGEST_USER_DATA:
        found, allowed = f"{size:,} bytes of user data", f"{LARGEST_USER_DATA:,}, as EC2 has it"
        remedy = (
            "fewer 'certificate_authorities' without 'hosts', or shorter names of project, stack and runner"
        )
        raise DeclarationError([Problem(path, found, allowed, remedy)])
    return text
