"""The declaration of a stack is read once: no component reads again what its parent has read."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner import RunnerStack
from pulumi_gitlab_runner.spec import shape
from typing_extensions import is_typeddict

from tests.components.recording import run
from tests.spec.declaration import CHECKOUT

EVERYTHING = CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml"
DOCKER = CHECKOUT / "stacks" / "Pulumi.docker.yaml"


def decrypted(value: Any) -> Any:
    """A part of a stack's file with a text for each encrypted value."""
    if isinstance(value, dict):
        if value.keys() == {"secure"}:
            return "a-secret-1234"
        return {key: decrypted(each) for key, each in value.items()}
    return [decrypted(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("file", [EVERYTHING, DOCKER], ids=["everything", "docker"])
def test_a_declaration_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = decrypted(yaml.safe_load(file.read_text())["config"]["gitlab-runner:stack"])
    reads: list[str] = []
    check_shape = shape.check_shape

    def counted(declaration: Any, kind: Any, *arguments: Any) -> Any:
        if is_typeddict(kind):
            reads.append(kind.__name__)
        return check_shape(declaration, kind, *arguments)

    monkeypatch.setattr(shape, "check_shape", counted)
    run(lambda: RunnerStack("ci", declared))
    assert reads == ["StackDeclaration"]
