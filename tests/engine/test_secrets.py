"""No secret of a declaration leaks; the stack has one secret of each kind."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from pulumi_gitlab_runner.doctor.command_line import main as doctor
from pulumi_gitlab_runner.review.command_line import main as review
from pulumi_gitlab_runner.review.drift_command import main as drift
from rich.console import Console

from sandbox import summary
from tests.engine.canaries import CANARIES, kinds_in
from tests.engine.project import Project
from tests.faults.proxy import Fault, Traffic, Way, proxy
from tests.user_data import decoded

pytestmark = pytest.mark.engine

STACK = "gitlab-runner:stack"
SECRETS = {
    f"{STACK}.registries.deploy.gitlab.deploy_token.password": "deploy token",
    f"{STACK}.registries.hub.upstream_credentials.access_token": "upstream token",
    f"{STACK}.variables[2].value": "masked value",
    "aws:secretKey": "AWS key",
    "gitlab:token": "GitLab token of the configuration",
}
OF_THE_PIPELINE = {
    "GITLAB_TOKEN": "GitLab token of the environment",
    "CI_JOB_TOKEN": "job token",
}
"""The secrets in the environment of the job that deploys."""
STORED = "/gitlab-runner/tested/build/registries/deploy"
"""The parameter with the deploy token for the host."""
WRONG_PLACE = f"{STACK}.runners.build.config.environment[0]"


@pytest.mark.parametrize("kind", CANARIES)
@pytest.mark.parametrize("before", range(4))
def test_the_search_finds_each_kind_of_secret_in_each_form(kind: str, before: int) -> None:
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


@dataclass
class Seen:
    """What was visible of a sandbox's processes while they ran.

    Attributes:
        commands: their command lines.
        variables: the names of their environment variables, with the kinds of secrets in each.
        temporary: temporary files, with the kinds of secrets in each.
    """

    commands: set[str] = field(default_factory=set)
    variables: dict[str, set[str]] = field(default_factory=dict)
    temporary: dict[Path, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What was visible while the stack was deployed."""
    return Seen()


@pytest.fixture(scope="module")
def failed() -> list[str]:
    """The output of the update that failed."""
    return []


@pytest.fixture(scope="module")
def up(
    project: Project, seen: Seen, failed: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The stack with a secret of each kind, after a misplaced secret was refused and an update failed."""
    before, environment = project.settings.read_text(), dict(project.environment)
    directory = tmp_path_factory.mktemp("temporary")
    project.environment |= {"TMPDIR": str(directory)} | {
        name: CANARIES[kind] for name, kind in OF_THE_PIPELINE.items()
    }
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
    set_secrets(project, SECRETS)
    good = project.settings.read_text()

    set_secrets(project, {WRONG_PLACE: "in a wrong place"})
    refused = project.pulumi("up", "--yes", "--diff", check=False)
    assert refused.returncode != 0
    assert "stack.runners.build.config.environment[0]" in refused.stdout + refused.stderr
    project.settings.write_text(good)

    with watched(project.sandbox.directory, directory, seen):
        failed.append(failed_update(project))
        project.pulumi("up", "--yes", "--diff")
    yield project
    project.environment = environment
    project.settings.write_text(before)
    project.up()


def failed_update(project: Project) -> str:
    """Run an update whose services refuse two of the secrets; return its output."""
    hidden = {"key": "CANARY", "value": "of-another-one", "masked_and_hidden": True}
    project.gitlab("POST", "groups/42/variables", **hidden)
    traffic = Traffic()
    traffic.begin(Fault(f"ssm PutParameter {STORED}", 1, Way.ERROR_LASTING))
    with proxy("aws", project.sandbox.services["aws"].url, traffic) as address:
        project.environment["AWS_ENDPOINT_URL"] = address
        answer = project.pulumi("up", "--yes", "--skip-preview", "--diff", "--continue-on-error", check=False)
        del project.environment["AWS_ENDPOINT_URL"]
    assert answer.returncode != 0
    assert traffic.struck, traffic.made
    project.gitlab("DELETE", "groups/42/variables/CANARY")
    return answer.stdout + answer.stderr


def set_secrets(project: Project, secrets: dict[str, str]) -> None:
    """Write secrets into the stack's configuration, encrypted."""
    given = (f"--secret={path}={CANARIES[kind]}" for path, kind in secrets.items())
    project.pulumi("config", "set-all", "--path", *given)


@contextmanager
def watched(directory: Path, temporary: Path, seen: Seen) -> Iterator[None]:
    """Collect what is visible of the processes of a sandbox."""
    ended = threading.Event()
    environments: set[str] = set()

    def watch() -> None:
        while not ended.wait(0.2):
            for command, environment in processes_of(directory):
                seen.commands.add(command)
                environments.update(environment.split("\0"))
            for file in files_below(temporary):
                with suppress(OSError):  # it may be gone by now
                    kinds = kinds_in(file.read_text(errors="replace"))
                    seen.temporary.setdefault(file, set()).update(kinds)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for variable in environments:
            name, _, value = variable.partition("=")
            seen.variables.setdefault(name, set()).update(kinds_in(value))


def processes_of(directory: Path) -> Iterator[tuple[str, str]]:
    """The command line and the environment of each process of a sandbox."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (process / "environ").read_text(errors="replace")
            if f"SANDBOX_DIR={directory}\0" in environment:
                yield (process / "cmdline").read_text(errors="replace").replace("\0", " "), environment


def test_no_secret_in_the_output_of_a_failed_update(up: Project, failed: list[str]) -> None:
    (printed,) = failed
    assert "has already been taken" in printed
    assert "ServiceUnavailable" in printed
    assert kinds_in(printed) == []


def test_no_secret_in_the_output_of_pulumi_and_the_reports(
    up: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of previews, updates and a refresh with details and as JSON, outputs, notes, reports and drift."""
    change_by_hand(up)
    preview, refresh = tmp_path / "preview.json", tmp_path / "refresh.json"
    preview.write_text(up.pulumi("preview", "--json", "--show-sames", "--refresh").stdout)
    refresh.write_text(up.pulumi("refresh", "--preview-only", "--json").stdout)
    up.pulumi("refresh", "--yes", "--diff")
    up.pulumi("stack", "output", "--json")
    assert "build-token-build" in up.printed
    assert kinds_in(up.printed) == []

    for name, value in {**up.sandbox.env(), **up.environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(up.directory)
    report, quality, state = (tmp_path / name for name in ("report.json", "quality.json", "state.json"))
    written = [f"--terraform-report={report}", f"--code-quality={quality}"]
    assert review([str(preview), "--stack=tested", *written]) == 0
    assert "DOCKER" in preview.read_text()
    assert drift([str(refresh), "--stack=tested"]) == 1
    state.write_text(up.pulumi("stack", "export").stdout)
    for form in ("text", "json"):
        assert doctor(["leftovers", "--stack=tested", f"--state={state}", f"--format={form}"]) == 0
    output = "".join([*capsys.readouterr(), report.read_text(), quality.read_text()])
    assert "ci-group-42-CANARY" in output
    assert kinds_in(output) == []


def change_by_hand(up: Project) -> None:
    """Give the masked variable and the credential of hosts other values than declared."""
    value = CANARIES["set by hand"]
    up.gitlab("PUT", "groups/42/variables/CANARY", value=value)
    up.aws("ssm").put_parameter(Name=STORED, Value=value, Type="SecureString", Overwrite=True)


def test_no_secret_in_the_summary(up: Project) -> None:
    shown = io.StringIO()
    summary.show(up.outputs(), Console(file=shown))
    assert "registry.example.com:5000" in shown.getvalue()
    assert kinds_in(shown.getvalue()) == []


def test_no_secret_in_the_state(up: Project) -> None:
    state = up.pulumi("stack", "export").stdout
    assert "aws:ssm/parameter:Parameter" in state
    assert kinds_in(state) == []


def test_no_secret_in_any_file_of_the_sandbox(up: Project) -> None:
    directories = (up.sandbox.directory, up.directory, Path(up.environment["TMPDIR"]))
    files = {
        file: kinds_in(file.read_text(errors="replace")) for each in directories for file in files_below(each)
    }
    assert {"tested.json", "services.json", "provider-aws.log", "gitlab-requests.log"} <= {
        file.name for file in files
    }
    assert {file: kinds for file, kinds in files.items() if kinds} == {}


def test_no_secret_in_a_command_line_an_environment_or_a_temporary_file(up: Project, seen: Seen) -> None:
    """Except for the variables of Pulumi that pass configuration to a program, and those of the pipeline."""
    assert any("pulumi" in each for each in seen.commands)
    assert [each for each in seen.commands if kinds_in(each)] == []
    allowed = {"PULUMI_CONFIG", "SANDBOX_RUNNER_TOKEN", "SANDBOX_GITLAB_TOKENS", *OF_THE_PIPELINE}
    found = {name: kinds for name, kinds in seen.variables.items() if kinds}
    assert found.keys() <= allowed, found
    assert "registry password" in found["PULUMI_CONFIG"]  # the search finds what is there
    assert {file: kinds for file, kinds in seen.temporary.items() if kinds} == {}


def test_no_secret_in_launch_templates(up: Project) -> None:
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


def test_no_secret_in_s3(up: Project) -> None:
    """Also not in the environment of jobs, which is in config.toml among the files of the host."""
    s3 = up.aws("s3")
    contents = [
        s3.get_object(Bucket=bucket["Name"], Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        for bucket in s3.list_buckets()["Buckets"]
        for each in s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", [])
    ]
    assert any(b"config.toml" in content for content in contents)
    assert [kinds for content in contents if (kinds := kinds_in(content.decode(errors="replace")))] == []


def files_below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())
