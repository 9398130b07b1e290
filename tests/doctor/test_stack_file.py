"""The runner that a stack's file declares: which one, where, and the error if there is none."""

from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor import stack_file
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.stack_file import (
    StackInFile,
    region_of_stack,
    runner_of_stack,
    shorthands_of_stack,
)

from tests.host.commands import Commands

ACCOUNT = "123456789012"
TWO = """
config:
  aws:region: eu-west-1
  gitlab-runner:stack:
    registries:
      hub: {pull_through: docker-hub, upstream_credentials: {username: me, access_token: canary}}
      quay: {pull_through: quay}
      legacy: {host: "registry.example.com:5000", static: {username: u, password: canary-password}}
    runners:
      build: {group: 42, registries: [legacy], host: {runner_version: 18.11.0}}
      second: {group: 42, host_of: build}
"""
ONE = """
config:
  gitlab-runner:stack:
    runners:
      only: {group: 42, host: {}}
"""


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two stacks, and no region but that of the first."""
    stack_file._declared.cache_clear()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "stacks"
    directory.mkdir()
    for name, text in {
        "two": TWO,
        "one": ONE,
        "text": "- a",
        "none": "config: {aws:region: eu-west-1}",
    }.items():
        (directory / f"Pulumi.{name}.yaml").write_text(text)
    return directory


def test_the_runner_that_is_named_or_the_only_one(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = runner_of_stack(StackInFile(stacks, "two", ACCOUNT), "second", None)
    assert (found.name, found.runner_version) == ("second of the stack two", "18.11.0")
    assert found.settings["name"] == "second"
    assert [each.path for each in found.home] == ["/root/.docker/config.json"]
    assert "canary" not in repr(found)
    assert runner_of_stack(StackInFile(stacks, "two", ACCOUNT), "build", "19.1.0").runner_version == "19.1.0"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert runner_of_stack(StackInFile(stacks, "one", ACCOUNT), None, None).name == "only of the stack one"


def test_the_addresses_of_the_registries_of_a_stack(stacks: Path) -> None:
    ecr = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    found = shorthands_of_stack(StackInFile(stacks, "two", ACCOUNT))
    assert found.addresses == {
        "hub": f"{ecr}/hub",
        "quay": f"{ecr}/quay",
        "legacy": "registry.example.com:5000",
    }
    assert found.hub_caches == (f"{ecr}/hub",)
    assert (region_of_stack(StackInFile(stacks, "two")), region_of_stack(StackInFile(stacks, "one"))) == (
        "eu-west-1",
        None,
    )
    assert region_of_stack(StackInFile(stacks, "gone")) is None


def test_the_account_is_that_of_the_callers_credentials(
    stacks: Path, commands: Commands, tmp_path: Path
) -> None:
    commands.add("aws", f'echo "$*" >{tmp_path}/asked; echo \'{{"Account": "210987654321"}}\'')
    addresses = shorthands_of_stack(StackInFile(stacks, "two")).addresses
    assert addresses["quay"] == "210987654321.dkr.ecr.eu-west-1.amazonaws.com/quay"
    assert (tmp_path / "asked").read_text() == ("sts get-caller-identity --region eu-west-1 --output json\n")


@pytest.mark.parametrize(
    "lines", ["exit 255", "echo no", "echo '{}'", """echo '{"Account": "210987654321"}'; exit 1"""]
)
def test_an_account_that_aws_does_not_return(stacks: Path, commands: Commands, lines: str) -> None:
    commands.add("aws", lines)
    with pytest.raises(UsageError, match=r"^the AWS account of the stack is not known: set it with"):
        shorthands_of_stack(StackInFile(stacks, "two"))


NAMES = "build, second"


@pytest.mark.parametrize(
    ("stack", "runner", "account", "message"),
    [
        ("two", None, ACCOUNT, f"the stack two declares 2 runners; select one with --runner: {NAMES}"),
        (
            "two",
            "gone",
            ACCOUNT,
            f"the stack two declares no runner 'gone'; select one with --runner: {NAMES}",
        ),
        ("none", None, ACCOUNT, "the stack none declares 0 runners; select one with --runner: "),
        ("one", None, ACCOUNT, "the stack one has no aws:region, and AWS_REGION is not set: set either"),
        ("two", "build", "12345678901", "--account 12345678901: write its 12 digits, such as 123456789012"),
        (
            "two",
            "build",
            "1234567890123",
            "--account 1234567890123: write its 12 digits, such as 123456789012",
        ),
        (
            "gone",
            None,
            ACCOUNT,
            "DIR/Pulumi.gone.yaml cannot be read: no such file or directory; DIR has: none, one, text, two",
        ),
        (
            "text",
            None,
            ACCOUNT,
            "DIR/Pulumi.text.yaml is not a stack's configuration file: it has no 'config'",
        ),
    ],
)
def test_usage_errors(stacks: Path, stack: str, runner: str | None, account: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        runner_of_stack(StackInFile(stacks, stack, account), runner, None)
    assert str(raised.value) == message.replace("DIR", str(stacks))


def test_a_directory_without_stacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        runner_of_stack(StackInFile(tmp_path, "prod", ACCOUNT), None, None)
    assert str(raised.value) == (
        f"{tmp_path}/Pulumi.prod.yaml cannot be read: no such file or directory; "
        "set their directory with --stacks-dir"
    )


@pytest.mark.parametrize(("name", "place"), [("two", "aws:region"), ("one", "AWS_REGION")])
def test_a_region_that_cannot_exist(
    stacks: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    """No request to AWS uses it, not even the one for the account."""
    monkeypatch.setenv("AWS_REGION", "eu-west1")
    file = stacks / f"Pulumi.{name}.yaml"
    file.write_text(file.read_text().replace("eu-west-1", "eu-west1"))
    with pytest.raises(UsageError, match=rf"{place}\n  found:   'eu-west1'(.|\n)*did you mean 'eu-west-1'"):
        runner_of_stack(StackInFile(stacks, name), None, None)


def test_a_declaration_with_problems(stacks: Path) -> None:
    (stacks / "Pulumi.wrong.yaml").write_text(TWO.replace("group: 42, host_of", "grup: 42, host_of"))
    with pytest.raises(UsageError, match=r"stack\.runners\.second\.grup"):
        runner_of_stack(StackInFile(stacks, "wrong", ACCOUNT), None, None)
