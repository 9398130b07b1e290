"""No secret of a declaration is anywhere that somebody could come by it; of each kind there is one."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from pulumi_gitlab_runner.review.note import note
from pulumi_gitlab_runner.review.preview import read_preview
from rich.console import Console

from sandbox import summary
from tests.engine.canaries import CANARIES, kinds_in
from tests.engine.project import Project
from tests.user_data import decoded

pytestmark = pytest.mark.engine

STACK = "gitlab-runner:stack"
SECRETS = {
    f"{STACK}.registries.deploy.gitlab.deploy_token.password": "deploy token",
    f"{STACK}.registries.hub.upstream_credentials.access_token": "upstream token",
    f"{STACK}.variables[2].value": "masked value",
    "aws:secretKey": "AWS key",
}
WRONG_PLACE = f"{STACK}.runners.build.config.environment[0]"


@pytest.mark.parametrize("kind", CANARIES)
@pytest.mark.parametrize("before", range(4))
def test_what_looks_for_it_finds_it(kind: str, before: int) -> None:
    secret = CANARIES[kind]
    text = f"{'x' * before}{secret}\n"
    in_json = json.dumps(text)
    for written in (
        text,
        in_json,
        json.dumps(in_json),
        quote(text),
        base64.b64encode(text.encode()).decode(),
    ):
        assert kinds_in(written) == [kind]
    assert not kinds_in("".join(secret.split("canary")))


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """The command lines of the sandbox's processes, while the stack was brought up."""
    return set()


@pytest.fixture(scope="module")
def up(project: Project, commands: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack with a secret of each kind; one that stands in a wrong place was refused first."""
    before = project.settings.read_text()
    directory = tmp_path_factory.mktemp("temporary")
    project.environment["TMPDIR"] = str(directory)
    settings = yaml.safe_load(before)
    declared = settings["config"][STACK]
    declared["registries"] |= {
        "deploy": {
            "host": "registry.deploy.example.com",
            "gitlab": {"deploy_token": {"username": "gitlab+deploy-token-1"}},
        },
        "hub": {"pull_through": "docker-hub", "upstream_credentials": {"username": "hub_user"}},
    }
    declared["runners"]["build"]["registries"] += ["deploy", "hub"]
    declared["variables"].append({"group": 42, "key": "CANARY", "masked": True})
    settings["config"]["aws:accessKey"] = "AKIACANARY"
    project.settings.write_text(yaml.safe_dump(settings))
    keep_secret(project, SECRETS)
    good = project.settings.read_text()

    keep_secret(project, {WRONG_PLACE: "in a wrong place"})
    refused = project.pulumi("up", "--yes", "--diff", check=False)
    assert refused.returncode != 0
    assert "stack.runners.build.config.environment[0]" in refused.stdout + refused.stderr
    project.settings.write_text(good)

    with watched(project.sandbox.directory, commands):
        project.pulumi("up", "--yes", "--diff")
    yield project
    del project.environment["TMPDIR"]
    project.settings.write_text(before)
    project.up()


def keep_secret(project: Project, secrets: dict[str, str]) -> None:
    """Write secrets into the stack's configuration, encrypted."""
    given = (f"--secret={path}={CANARIES[kind]}" for path, kind in secrets.items())
    project.pulumi("config", "set-all", "--path", *given)


@contextmanager
def watched(directory: Path, commands: set[str]) -> Iterator[None]:
    """Collect the command lines of the processes that belong to a sandbox."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            commands.update(commands_of(directory))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def commands_of(directory: Path) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"SANDBOX_DIR={directory}\0" in (process / "environ").read_text(errors="replace"):
                yield (process / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue


def test_not_in_what_pulumi_prints(up: Project) -> None:
    """Of previews, ups and a refresh with their details, JSON, the outputs."""
    preview = up.pulumi("preview", "--json", "--show-sames").stdout
    up.pulumi("refresh", "--yes", "--diff")
    up.pulumi("stack", "output", "--json")
    assert "build-token-build" in up.printed
    assert kinds_in(up.printed) == []
    assert kinds_in(note(read_preview(preview), "tested")) == []


def test_not_in_the_summary(up: Project) -> None:
    shown = io.StringIO()
    summary.show(up.outputs(), Console(file=shown))
    assert "registry.example.com:5000" in shown.getvalue()
    assert kinds_in(shown.getvalue()) == []


def test_not_in_the_state(up: Project) -> None:
    state = up.pulumi("stack", "export").stdout
    assert "aws:ssm/parameter:Parameter" in state
    assert kinds_in(state) == []


def test_not_in_any_file_of_the_sandbox(up: Project) -> None:
    directories = (up.sandbox.directory, up.directory, Path(up.environment["TMPDIR"]))
    files = {file: kinds_in(file.read_text(errors="replace")) for each in directories for file in below(each)}
    assert {"tested.json", "services.json", "provider-aws.log", "gitlab-requests.log"} <= {
        file.name for file in files
    }
    assert {file: kinds for file, kinds in files.items() if kinds} == {}


def test_not_in_a_command_line(up: Project, commands: set[str]) -> None:
    assert any("pulumi" in each for each in commands)
    assert [each for each in commands if kinds_in(each)] == []


def test_not_in_launch_templates(up: Project) -> None:
    ec2 = up.aws("ec2")
    versions = [
        version["LaunchTemplateData"]
        for template in ec2.describe_launch_templates()["LaunchTemplates"]
        for version in ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])[
            "LaunchTemplateVersions"
        ]
    ]
    assert versions
    for data in versions:
        assert kinds_in(json.dumps(data)) == []
        assert kinds_in(decoded(data["UserData"])) == []


def test_not_in_s3(up: Project) -> None:
    """Nor in the environment of jobs, which the files of the host have from config.toml."""
    s3 = up.aws("s3")
    contents = [
        s3.get_object(Bucket=bucket["Name"], Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        for bucket in s3.list_buckets()["Buckets"]
        for each in s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", [])
    ]
    assert any(b"config.toml" in content for content in contents)
    assert [kinds for content in contents if (kinds := kinds_in(content.decode(errors="replace")))] == []


def below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())
