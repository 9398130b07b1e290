"""The declaration in a stack's configuration: its encrypted values, and its passwords in plain text."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import RunnerStack, declaration_from_config

from tests.components.recording import PROJECT, STACK, Recording, run
from tests.spec.declaration import changed, declaration

CANARY = "canary-of-a-secret"
PARAMETER = ("aws:ssm/parameter:Parameter", "ci-build-registry-legacy")
SECURE = {"secure": "v1:abc"}


class Project:
    """A project's directory with the file of one stack."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "Pulumi.yaml").write_text("name: gitlab-runner\nruntime: python\nstackConfigDir: stacks\n")
        (root / "stacks").mkdir()

    def up(
        self,
        written: Any,
        known: Any,
        *,
        file: str = f"Pulumi.{STACK}.yaml",
        preview: bool = False,
        seen: list[Recording] | None = None,
    ) -> Recording:
        """Run the program of the stack, and return the recording.

        Args:
            written: the declaration in the file.
            known: the same, decrypted, as Pulumi passes it to the program.
            file: the name of the file.
            preview: whether this is a preview.
            seen: receives the recording, also where the program fails.
        """
        path = self.root / "stacks" / file
        path.write_text(yaml.safe_dump({"config": {"gitlab-runner:stack": written}}))

        def program() -> None:
            settings = {f"{PROJECT}:stack": json.dumps(known)}
            pulumi.runtime.set_all_config(settings, [f"{PROJECT}:stack"])
            try:
                RunnerStack("ci", declaration_from_config())
            finally:
                pulumi.runtime.set_all_config({})

        return run(program, preview=preview, seen=seen)[0]


def plain_text_warnings(recording: Recording) -> list[str]:
    """The warnings of passwords in plain text."""
    return [each for each in recording.warnings if "in plain text" in each]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    return Project(tmp_path)


def test_a_runner_may_be_called_secure(project: Project) -> None:
    declared = {"runners": {"secure": {"group": 42, "host": {}}}}
    assert ("gitlab:index/userRunner:UserRunner", "ci-secure") in project.up(declared, declared).registered


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_an_encrypted_password_stays_a_secret(project: Project, preview: bool) -> None:
    place = "registries/legacy/static/password"
    recording = project.up(changed(place, SECURE), changed(place, CANARY), preview=preview)
    parameter = recording.registered[PARAMETER]
    assert parameter.secrets == {"value"}
    assert json.loads(parameter.inputs["value"])["password"] == CANARY
    for identity, each in recording.registered.items():
        shown = json.dumps({key: value for key, value in each.inputs.items() if key not in each.secrets})
        assert CANARY not in shown, identity
    assert plain_text_warnings(recording) == []


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("gitlab_url", "stack.gitlab_url"),
        ("runners/build/image", "stack.runners.build.image"),
        ("registries/shared/ecr/region", "stack.registries.shared.ecr.region"),
        ("runners/build/registries/0", "stack.runners.build.registries[0]"),
    ],
)
def test_an_encrypted_value_of_another_field_is_refused_with_its_path(
    project: Project, place: str, path: str
) -> None:
    seen: list[Recording] = []
    with pytest.raises(SystemExit) as raised:
        project.up(changed(place, SECURE), changed(place, CANARY), seen=seen)
    assert raised.value.code == 32
    message = seen[0].warnings[-1]
    assert f"{path}\n  found:   an encrypted value\n  allowed: a plain value" in message
    assert CANARY not in message
    assert seen[0].requests == []


def test_a_password_in_plain_text_is_a_warning_with_the_command(project: Project) -> None:
    declared = changed("registries/legacy/static/password", CANARY)
    (warning,) = plain_text_warnings(project.up(declared, declared))
    assert warning == (
        "stack.registries.legacy.static.password is in plain text in the stack's file; encrypt it: "
        "pulumi config set --secret --path 'gitlab-runner:stack.registries.legacy.static.password'"
    )


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_password_in_plain_text_is_still_a_secret(project: Project, preview: bool) -> None:
    declared = changed("registries/legacy/static/password", CANARY)
    recording = project.up(declared, declared, preview=preview)
    assert recording.registered[PARAMETER].secrets == {"value"}


def test_a_stack_file_with_another_name_is_not_an_error(project: Project) -> None:
    place = "registries/legacy/static/password"
    recording = project.up(changed(place, SECURE), changed(place, CANARY), file="Pulumi.elsewhere.yaml")
    assert recording.registered[PARAMETER].secrets == {"value"}
    assert plain_text_warnings(recording) == []


@pytest.mark.parametrize("content", ["", "[", "config: 5", "config: {}", "config: {gitlab-runner:stack: 5}"])
def test_a_stack_file_with_other_content_is_not_an_error(project: Project, content: str) -> None:
    path = project.root / "stacks" / "Pulumi.sandbox.yaml"

    def program() -> Any:
        path.write_text(content)
        pulumi.runtime.set_all_config({f"{PROJECT}:stack": json.dumps(declaration())})
        try:
            return declaration_from_config()["registries"]
        finally:
            pulumi.runtime.set_all_config({})

    assert run(program)[1] == declaration()["registries"]


def test_a_changed_stack_file_is_not_an_error(project: Project) -> None:
    """A list in the file may have another length than in the configuration."""
    written, known = changed("variables", []), declaration()
    assert project.up(written, known).registered
