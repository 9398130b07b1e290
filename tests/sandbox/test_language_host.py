"""The language host with the real engine: programs, component plugins, policy packs."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.engine.release import Engine
from sandbox.environment import Sandbox

pytestmark = pytest.mark.engine

FIXTURES = Path(__file__).parent / "fixtures"


class Project:
    """A copy of the fixture program with a stack of its own."""

    def __init__(self, directory: Path, engine: Engine) -> None:
        self.sandbox = Sandbox(directory / "sandbox", engine, services=())
        self.directory = directory / "program"
        shutil.copytree(FIXTURES / "program", self.directory)
        self.pulumi("stack", "init", "tested")
        self.pulumi("config", "set", "open", "seen by all")
        self.pulumi("config", "set", "--secret", "secret", "seen by few")

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.sandbox.pulumi(*arguments, directory=self.directory, check=check)

    def failing_preview(self, mode: str) -> str:
        self.pulumi("config", "set", "mode", mode)
        result = self.pulumi("preview", check=False)
        assert result.returncode != 0
        return result.stdout[result.stdout.index("Diagnostics:") :]


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("language-host"), engine)


@pytest.fixture(autouse=True)
def _no_mode(request: pytest.FixtureRequest, project: Project) -> None:
    settings = project.directory / "Pulumi.tested.yaml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if "program:mode" not in line))


def test_a_program_runs_with_its_configuration_and_its_output_is_shown(project: Project) -> None:
    result = project.pulumi("up", "--yes")
    assert "printed by the program" in result.stdout
    outputs = json.loads(project.pulumi("stack", "output", "--json").stdout)
    assert outputs == {"name": "tested", "open": "seen by all", "secret": "[secret]"}


def test_a_run_error_is_shown_without_a_traceback(project: Project) -> None:
    diagnostics = project.failing_preview("run-error")
    assert diagnostics.count("the message of a run error") == 1
    assert "Traceback" not in diagnostics


def test_the_message_of_a_program_that_exits_is_the_only_one(project: Project) -> None:
    diagnostics = project.failing_preview("message-and-exit")
    assert [line.strip() for line in diagnostics.splitlines() if "error:" in line] == [
        "error: the message of the program"
    ]


def test_the_exit_code_of_a_silent_program_is_reported(project: Project) -> None:
    assert "program exited with non-zero exit code: 3" in project.failing_preview("exit")


def test_an_exception_is_shown_once_with_its_source(project: Project) -> None:
    diagnostics = project.failing_preview("exception")
    assert diagnostics.count("ZeroDivisionError: the message of an exception") == 1
    assert "__main__.py" in diagnostics
    assert "non-zero exit code" not in diagnostics


def test_a_component_plugin_states_its_schema(project: Project) -> None:
    result = project.pulumi("package", "get-schema", str(FIXTURES / "component_plugin"))
    greeting = json.loads(result.stdout)["resources"]["greetings:index:Greeting"]
    assert greeting["description"] == "Says hello."
    assert greeting["inputProperties"]["name"]["description"] == "Who is greeted."


def test_a_policy_pack_can_fail_a_preview(project: Project) -> None:
    result = project.pulumi("preview", "--policy-pack", str(FIXTURES / "policy_pack"), check=False)
    assert result.returncode != 0
    assert "nothing-is-allowed" in result.stdout
    assert "refused: pulumi:pulumi:Stack" in result.stdout


def test_the_runtime_of_a_program_is_reported(project: Project) -> None:
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["language"] == "python"
