"""Neither a registry's password nor the runner's token is anywhere that somebody could come by it."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import summary
from tests.engine.canaries import PASSWORD, TOKEN, written_forms
from tests.engine.project import Project
from tests.user_data import decoded

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("secret", [PASSWORD, TOKEN])]


def found_in(text: str, secret: str) -> list[str]:
    return [form for form in written_forms(secret) if form in text]


@pytest.mark.parametrize("before", range(4))
def test_what_looks_for_it_finds_it(secret: str, before: int) -> None:
    assert found_in(base64.b64encode(f"{'x' * before}{secret}\n".encode()).decode(), secret)


@pytest.fixture(scope="module")
def printed(project: Project) -> str:
    """All that Pulumi printed of the stack: preview and up with their details, JSON, the outputs."""
    project.pulumi("preview", "--json")
    project.pulumi("stack", "output", "--json")
    return project.printed


def test_not_in_what_pulumi_prints(printed: str, secret: str) -> None:
    assert "build-token-build" in printed
    assert not found_in(printed, secret)


def test_not_in_the_summary(project: Project, secret: str) -> None:
    shown = io.StringIO()
    summary.show(project.outputs(), Console(file=shown))
    assert "registry.example.com:5000" in shown.getvalue()
    assert not found_in(shown.getvalue(), secret)


def test_not_in_the_state(project: Project, secret: str) -> None:
    state = project.pulumi("stack", "export").stdout
    assert "aws:ssm/parameter:Parameter" in state
    assert not found_in(state, secret)


def test_not_in_any_file_of_the_sandbox(project: Project, secret: str) -> None:
    directories = (project.sandbox.directory, project.directory)
    files = [file for directory in directories for file in files_below(directory)]
    assert {"tested.json", "services.json", "provider-aws.log", "gitlab-requests.log"} <= {
        file.name for file in files
    }
    assert [file for file in files if found_in(file.read_text(errors="replace"), secret)] == []


def test_not_in_launch_templates(project: Project, secret: str) -> None:
    ec2 = project.aws("ec2")
    versions = [
        version["LaunchTemplateData"]
        for template in ec2.describe_launch_templates()["LaunchTemplates"]
        for version in ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])[
            "LaunchTemplateVersions"
        ]
    ]
    assert versions
    for data in versions:
        assert not found_in(json.dumps(data), secret)
        assert not found_in(decoded(data["UserData"]), secret)


def test_not_in_s3(project: Project, secret: str) -> None:
    s3 = project.aws("s3")
    contents = [
        s3.get_object(Bucket=bucket["Name"], Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        for bucket in s3.list_buckets()["Buckets"]
        for each in s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", [])
    ]
    assert contents
    assert not any(found_in(content.decode(), secret) for content in contents)


def files_below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())
