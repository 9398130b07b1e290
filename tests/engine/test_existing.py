"""A resource that exists already: a preview reports it, and how to continue."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine

DECLARED = {"group": 42, "key": "MADE_BY_HAND", "value": "a-longer-value"}
ALIAS = "aws:kms/alias:Alias"
LOG_GROUP = "/gitlab-runner/tested/build"


@pytest.fixture
def made_by_hand(project: Project) -> Iterator[None]:
    """A group variable and a log group that are in no state."""
    project.gitlab("POST", "groups/42/variables", key=DECLARED["key"], value="by-hand")
    project.aws("logs").create_log_group(logGroupName=LOG_GROUP)
    yield
    project.gitlab("DELETE", f"groups/42/variables/{DECLARED['key']}")
    project.aws("logs").delete_log_group(logGroupName=LOG_GROUP)


@pytest.mark.usefixtures("made_by_hand")
def test_a_resource_created_by_hand_ends_the_preview(project: Project) -> None:
    with project.declaring("runners/build/host", {"logs": {}}):
        refused = project.pulumi("preview", check=False)
    assert refused.returncode != 0
    assert f"the log group {LOG_GROUP} exists already" in refused.stdout
    variables = [*_declared(project)["variables"], DECLARED]
    with project.declaring("variables", variables):
        refused = project.pulumi("preview", check=False)
    assert refused.returncode != 0
    assert "the CI variable 42:MADE_BY_HAND:* exists already\n" in refused.stdout
    assert "declare `adopt: true` for it" in refused.stdout
    variables[-1] = {**DECLARED, "adopt": True}
    with project.declaring("variables", variables):
        assert ("import", "GroupVariable", "ci-group-42-MADE_BY_HAND") in project.changes()


def test_the_command_that_the_preview_prints_imports_a_resource_lost_from_the_state(
    project: Project, tmp_path: Path
) -> None:
    exported = json.loads(project.pulumi("stack", "export").stdout)
    resources: list[dict[str, Any]] = exported["deployment"]["resources"]
    exported["deployment"]["resources"] = [each for each in resources if each["type"] != ALIAS]
    (tmp_path / "state.json").write_text(json.dumps(exported))
    project.pulumi("stack", "import", "--file", str(tmp_path / "state.json"))
    preview = project.pulumi("preview").stdout
    assert "the KMS alias alias/gitlab-runner/tested/ci exists already; it has the mark" in preview
    (command,) = re.findall(r"pulumi (import .*)", preview)
    project.pulumi(*shlex.split(command), "--yes")
    project.up("--expect-no-changes")


def _declared(project: Project) -> Any:
    import yaml

    return yaml.safe_load(project.settings.read_text())["config"]["gitlab-runner:stack"]
