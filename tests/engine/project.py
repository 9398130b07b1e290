"""A copy of the checkout's own project, with a stack of its own, run by the real engine in a sandbox."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import yaml

from sandbox.environment import GITLAB_TOKEN, Sandbox
from sandbox.paths import CHECKOUT
from tests.registry.fixtures import ONLY_LOOPBACK
from tests.services.aws.snapshot import snapshot as aws_snapshot
from tests.services.gitlab.snapshot import snapshot as gitlab_snapshot

REGION = "eu-west-1"

Change = tuple[str, str, str]
"""A change of a resource: the operation, the last part of the type, the name."""


class Project:
    """A project in a directory of its own: the tests never write into the checkout.

    Args:
        directory: where the project is created; it must not exist.
        sandbox: a running sandbox.
        source: the project's folder. Default: the checkout's own project.
        settings: the stack's file. Default: that of the stack `sandbox`.
        stack: the stack's name.
        environment: variables of its commands besides the sandbox's. Default: they reach only loopback.
    """

    def __init__(
        self,
        directory: Path,
        sandbox: Sandbox,
        source: Path = CHECKOUT,
        settings: Path = CHECKOUT / "stacks" / "Pulumi.sandbox.yaml",
        stack: str = "tested",
        environment: Mapping[str, str] = ONLY_LOOPBACK,
    ) -> None:
        self.directory = directory
        self.sandbox = sandbox
        # Official plugins reach the sandbox's servers through the sandbox's proxy.
        aws = sandbox.env().get("AWS_ENDPOINT_URL", "")
        self.environment = dict(environment) | sandbox.plugins.environment(aws)
        self.printed = ""
        project = yaml.safe_load((source / "Pulumi.yaml").read_text())
        self.settings = directory / project.get("stackConfigDir", "") / f"Pulumi.{stack}.yaml"
        self.settings.parent.mkdir(parents=True)
        for name, path in project.get("packages", {}).items():
            project["packages"][name] = str((source / path).resolve())
        (directory / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        if (source / "__main__.py").exists():  # a YAML program is the project's file itself
            shutil.copy(source / "__main__.py", directory)
        shutil.copy(settings, self.settings)
        self.pulumi("stack", "init", stack)

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a Pulumi command on the stack, and keep its output."""
        environment = self.environment | {
            "PULUMI_DEBUG_COMMANDS": "true",  # which `--event-log` needs
            "PULUMI_SKIP_CHECKPOINTS": "true",  # the state is saved at the end, not for each step
        }
        result = self.sandbox.pulumi(*arguments, directory=self.directory, environment=environment)
        self.printed += result.stdout + result.stderr
        if check and result.returncode != 0:
            raise AssertionError(f"pulumi {' '.join(arguments)}:\n{result.stdout}\n{result.stderr}")
        return result

    def up(self, *options: str) -> set[Change]:
        """Update the stack; return the changes, in the form of `changes`.

        With `--refresh`, also each resource that differed from the state: `("refresh", TYPE, NAME)`.
        """
        log = self.directory / "events.json"
        self.pulumi("up", "--yes", "--skip-preview", "--event-log", str(log), *options)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        log.unlink()  # its debug messages, which are Pulumi's own, show secrets
        begun = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        ended = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
        done = [
            step
            for step in begun
            if step.get("logical")
            and not step["type"].startswith("pulumi:providers:")
            and _is_change(step["op"], step["new"])
        ]
        drifted = [step for step in ended if step["op"] == "refresh" and _differs(step)]
        return {(step["op"], *_type_and_name(step["urn"])) for step in (*done, *drifted)}

    def changes(self, *options: str) -> set[Change]:
        """The changes that `up` would make. An update of a component's own properties is not one."""
        preview = json.loads(self.pulumi("preview", "--json", *options).stdout)
        steps = [step for step in preview["steps"] if _is_change(step["op"], step.get("newState"))]
        return {(step["op"], *_type_and_name(step["urn"])) for step in steps}

    def resources(self) -> "Counter[str]":
        """How many resources of each type the state has."""
        state = json.loads(self.pulumi("stack", "export").stdout)
        return Counter(resource["type"] for resource in state["deployment"].get("resources", []))

    def outputs(self) -> Any:
        return json.loads(self.pulumi("stack", "output", "--json").stdout)

    @contextmanager
    def declaring(self, path: str, value: Any) -> Iterator[None]:
        """Declare another value at a path, such as `runners/build/tags`, until the block ends."""
        before = self.settings.read_text()
        settings = yaml.safe_load(before)
        parent = settings["config"]["gitlab-runner:stack"]
        *parents, last = path.split("/")
        for part in parents:
            parent = parent[int(part) if isinstance(parent, list) else part.replace("|", "/")]
        parent[int(last) if isinstance(parent, list) else last] = value
        self.settings.write_text(yaml.safe_dump(settings))
        try:
            yield
        finally:
            self.settings.write_text(before)

    def aws(self, service: str, region: str = REGION) -> Any:
        """A client of the sandbox's AWS."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.sandbox.services["aws"].url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def gitlab(self, method: str, path: str, **body: Any) -> Any:
        """Send a request to the sandbox's GitLab as an administrator."""
        url = f"{self.sandbox.services['gitlab'].url}/api/v4/{path}"
        answer = httpx.request(method, url, headers={"Private-Token": GITLAB_TOKEN}, json=body or None)
        return answer.raise_for_status().json() if answer.content else None

    def snapshot(self) -> dict[str, Any]:
        """Everything in the sandbox's AWS and GitLab."""
        return snapshot(self.sandbox)


def snapshot(sandbox: Sandbox) -> dict[str, Any]:
    """Everything in a sandbox's AWS and GitLab, to compare before and after."""
    return {
        "aws": aws_snapshot(sandbox.services["aws"].url),
        "gitlab": gitlab_snapshot(f"{sandbox.services['gitlab'].url}/api/v4/", GITLAB_TOKEN),
    }


def _is_change(operation: str, new: Any) -> bool:
    return operation not in ("same", "refresh") and (operation != "update" or bool(new.get("custom")))


def _differs(refreshed: Any) -> bool:
    return refreshed["new"] is None or bool(refreshed.get("diffs") or refreshed.get("detailedDiff"))


def _type_and_name(urn: str) -> tuple[str, str]:
    """`LaunchTemplate` and `build` of `urn:…$aws:ec2/launchTemplate:LaunchTemplate::build`."""
    *_, kind, name = urn.split("::")
    return kind.rpartition(":")[2], name
