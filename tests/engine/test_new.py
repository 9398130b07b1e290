"""`pulumi new` with the template of `templates/new/` makes a program that runs."""

import runpy
import subprocess
from pathlib import Path

import pulumi
import yaml

from sandbox.engine.release import Engine
from sandbox.environment import engine_environment
from tests.components.recording import run

CHECKOUT = Path(__file__).parents[2]


def test_a_new_project_declares_a_registry_and_a_runner(engine: Engine, tmp_path: Path) -> None:
    made = tmp_path / "shop"
    environment = engine_environment(engine) | {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PYTHONPATH": str(CHECKOUT),
    }
    ended = subprocess.run(
        [engine.command, "new", CHECKOUT / "templates" / "new", "--generate-only", "--yes",
         "--name", "shop", "--description", "Runners of the shop", "--dir", made],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    project = yaml.safe_load((made / "Pulumi.yaml").read_text())
    assert (project["name"], project["description"]) == ("shop", "Runners of the shop")
    assert (made / "requirements.txt").is_file()

    pulumi.runtime.set_all_config({"gitlab-runner:group": "42"})  # the project of the mocks
    try:
        recording, _ = run(lambda: runpy.run_path(str(made / "__main__.py")) and None)
    finally:
        pulumi.runtime.set_all_config({})
    assert ("gitlab-runner:index:RunnerHost", "ci-build") in recording.registered
    assert ("aws:ecr/repository:Repository", "ci-team/ci/base") in recording.registered
