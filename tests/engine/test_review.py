"""A real preview of each dangerous change, and its place in the note."""

import json
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.review.dangers import DangerKind, dangers
from pulumi_gitlab_runner.review.note import marker, note
from pulumi_gitlab_runner.review.preview import read_preview

from tests.engine.canaries import PASSWORD, TOKEN, written_forms
from tests.engine.project import Project

pytestmark = pytest.mark.engine

VARIABLES = [{"group": 42, "key": "DEPLOY_REGION", "value": "eu-west-1", "masked": True, "protected": True}]


def test_every_dangerous_change_is_told_first_and_no_secret_is(project: Project) -> None:
    declared = yaml.safe_load(project.settings.read_text())["config"]["gitlab-runner:stack"]
    registries = declared["registries"]
    partner = {"ecr": {"account": "345678901234"}, "repositories": ["tools/linter"]}
    changes: dict[str, Any] = {
        "registries": {
            **registries,
            "team": {**registries["team"], "allow_pull": ["210987654321"]},
            "partner": partner,
        },
        "runners/build/registries": [*declared["runners"]["build"]["registries"], "partner"],
        "runners/build/config": {"docker": {"privileged": True}},
        "registries/team/repositories/ci|base/keep_images": 60,
        "variables": [{**VARIABLES[0], "masked": False, "protected": False}],
    }
    with project.declaring("variables", VARIABLES):
        project.up()
        with ExitStack() as changed:
            for path, value in changes.items():
                changed.enter_context(project.declaring(path, value))
            text = project.pulumi("preview", "--json", "--show-sames").stdout
        with project.declaring("variables", []):
            without_variables = read_preview(project.pulumi("preview", "--json").stdout)
    project.up()
    preview = read_preview(text)
    counted = Counter(json.loads(text)["changeSummary"])
    del counted["same"]
    assert preview.counts == counted
    told = [(danger.kind, danger.name) for danger in dangers(preview)]
    assert told == sorted(told, key=lambda each: list(DangerKind).index(each[0]))
    assert set(told) == {
        (DangerKind.REPLACEMENT, "team/ci/base"),
        (DangerKind.RIGHTS, "build"),
        (DangerKind.RIGHTS, "team/ci/base"),
        (DangerKind.RIGHTS, "team/private/image"),
        (DangerKind.REGISTRY, "build"),
        (DangerKind.REGISTRY, "build-files"),
        (DangerKind.PRIVILEGE, "build-files"),
        (DangerKind.VARIABLE, "ci-group-42-DEPLOY_REGION"),
    }
    assert (DangerKind.DELETION, "ci-group-42-DEPLOY_REGION") in {
        (danger.kind, danger.name) for danger in dangers(without_variables)
    }
    written = note(preview, "tested")
    assert written.startswith(marker("tested"))
    assert '"new: ecr-login"| n1[("345678901234.dkr.ecr.eu-west-1.amazonaws.com")]' in written
    assert written.index("Rights gained") < written.index("**Counts:**") < written.index("All changes")
    for secret in (PASSWORD, TOKEN):
        assert not [form for form in written_forms(secret) if form in written]
