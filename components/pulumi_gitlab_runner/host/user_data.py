"""The user data of a runner host: what it needs to fetch everything else. It holds no secret."""

import shlex

import yaml

from pulumi_gitlab_runner.host.scripts import script


def user_data(*, bucket: str, key: str, region: str, tokens: str, runner_version: str) -> str:
    """Cloud-init's configuration of a runner host.

    A change of it needs a new host; what changes without one lies in the host's files in S3.

    Args:
        bucket: the bucket of the host's files.
        key: their key in it.
        region: where bucket and parameters lie.
        tokens: what the names of the parameters with the runners' tokens start with.
        runner_version: the version of gitlab-runner, such as ``19.3.0``.
    """
    settings = {
        "BUCKET": bucket,
        "KEY": key,
        "REGION": region,
        "TOKENS": tokens,
        "RUNNER_VERSION": runner_version,
    }
    files = {
        "/etc/gitlab-runner-host": ("0600", _shell_settings(settings)),
        "/etc/yum.repos.d/runner_gitlab-runner.repo": ("0644", script("gitlab-runner.repo")),
        "/etc/systemd/system/gitlab-runner-apply.service": ("0644", script("gitlab-runner-apply.service")),
        "/etc/systemd/system/gitlab-runner-apply.timer": ("0644", script("gitlab-runner-apply.timer")),
        "/usr/local/sbin/gitlab-runner-apply": ("0755", script("gitlab-runner-apply.sh")),
        "/usr/local/sbin/gitlab-runner-boot": ("0755", script("gitlab-runner-boot.sh")),
    }
    config = {
        "write_files": [
            {"path": path, "permissions": mode, "content": content} for path, (mode, content) in files.items()
        ],
        "runcmd": [["/usr/local/sbin/gitlab-runner-boot"]],
    }
    return "#cloud-config\n" + yaml.dump(config, Dumper=_BlockText, sort_keys=False, width=1000)


def _shell_settings(settings: dict[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


class _BlockText(yaml.SafeDumper):
    """Writes text of several lines as it is, so that user data can be read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BlockText.add_representer(str, _text)
