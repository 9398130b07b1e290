"""A runner host's files below a directory, for tests to break, and the doctor run on it."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from pulumi_gitlab_runner.doctor.command_line import main

_CANARY = ("canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn")
"""The text that all secrets of these tests contain, and the part of it that base64 always contains."""


class HostTree:
    """The files of a host whose unit sets HOME and a PATH with one directory, as this library declares it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(
            "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf",
            "[Service]\nEnvironment=HOME=/root\nEnvironment=PATH=/usr/local/bin\n",
        )
        self.runner()

    def write(self, path: str, text: str, mode: int = 0o600) -> Path:
        """Write a file of the host."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def runner(self, environment: dict[str, str] | None = None, **docker: Any) -> None:
        """Write a config.toml with one runner."""
        variables = [f"{key}={value}" for key, value in (environment or {}).items()]
        runner = {
            "name": "build",
            "url": "https://gitlab.example.com",
            "token": "glrt-canary",
            "executor": "docker",
            "environment": variables,
            "feature_flags": {"FF_NETWORK_PER_BUILD": True},
            "docker": {"image": "alpine:3.22", **docker},
        }
        self.write("etc/gitlab-runner/config.toml", tomli_w.dumps({"concurrent": 1, "runners": [runner]}))

    def helper(self, name: str, answers: dict[str, str], directory: str = "usr/local/bin") -> None:
        """Install a credential helper that has a password for each of some registries, all of one user."""
        cases = "".join(
            f"{shlex.quote(host)}) printf %s {shlex.quote(_answer(secret))} ;;\n"
            for host, secret in answers.items()
        )
        self.write(
            f"{directory}/docker-credential-{name}",
            f'#!/bin/sh\nread -r host || true\ncase "$host" in\n{cases}'
            "*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n",
            0o755,
        )


def _answer(secret: str) -> str:
    return json.dumps({"Username": "my_username", "Secret": secret})


class Doctor:
    """`runner-doctor`, its JSON read."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.output = ""
        self.errors = ""

    def run(self, *arguments: str) -> int:
        """Run a command and keep its output, which never contains a secret of these tests."""
        status = main(arguments)
        self.output, self.errors = self._capsys.readouterr()
        assert not any(form in self.output + self.errors for form in _CANARY)
        return status

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json`. Its exit status agrees with its findings."""
        status = self.run(*arguments, "--json")
        answer: dict[str, Any] = json.loads(self.output)
        assert status == (1 if answer["findings"] else 0)
        return answer

    def findings(self, *arguments: str) -> dict[str, dict[str, str]]:
        """The findings by name. Each has every field of a finding."""
        found = {each["name"]: each for each in self.json(*arguments)["findings"]}
        assert all(all(each.values()) for each in found.values())
        return found
