"""The CI lint API: what is merged, what is refused, and who may call it."""

import pytest
import yaml

from sandbox.services.gitlab.access import INSTANCE
from tests.services.gitlab.caller import Caller

LINT = "projects/7/ci/lint"


@pytest.fixture
def repositories(application, call) -> None:
    gitlab = application.extensions[INSTANCE]
    gitlab.projects[7].files = {
        "ci/base.yml": ".base: {image: 'base:1', variables: {A: a}}\n",
    }
    gitlab.projects[8].files = {"docker.yml": ".docker: {image: 'docker:1'}\n"}
    gitlab.templates["Go.gitlab-ci.yml"] = "default: {image: 'golang:1'}\n"


def merged(call: Caller, content: str) -> dict[str, object]:
    answer = call("POST", LINT, {"content": content})
    assert (answer.status, answer.body["valid"], answer.body["errors"]) == (200, True, [])
    found: dict[str, object] = yaml.safe_load(answer.body["merged_yaml"])
    return found


def test_sent_content_is_merged_with_its_includes(call: Caller, repositories: None) -> None:
    found = merged(
        call,
        """
include: [ci/base.yml, {project: platform/toolchain, file: /docker.yml}, {template: Go.gitlab-ci.yml}]
job: {extends: [.base, .docker], script: [x], variables: {A: b}, tags: [!reference [.base, image]]}
""",
    )
    assert found["default"] == {"image": "golang:1"}
    assert found["job"] == {
        "extends": [".base", ".docker"],
        "image": "docker:1",
        "variables": {"A": "b"},
        "script": ["x"],
        "tags": ["base:1"],
    }
    assert "include" not in found


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("include: gone.yml\na: {script: x}", "Local file `gone.yml` does not exist!"),
        ("include: {project: a/b, file: c}\na: {script: x}", "Project `a/b` not found or access denied!"),
        ("include: {template: Gone.yml}\na: {script: x}", "Template file `Gone.yml` does not exist!"),
        ("a: {extends: .gone, script: x}", "a: unknown keys in `extends` (.gone)"),
        ("a: {extends: b}\nb: {extends: a}", "circular dependency detected in `extends`"),
        ("a: {script: !reference [b, script]}", "could not be found"),
        (".a: {script: x}", "jobs config should contain at least one visible job"),
        ("include: ci/circle.yml\na: {script: x}", "Maximum of 150 nested includes are allowed!"),
        ("- a", "Invalid configuration format"),
    ],
)
def test_invalid_content_is_refused(
    application, call: Caller, repositories: None, content: str, error: str
) -> None:
    application.extensions[INSTANCE].projects[7].files["ci/circle.yml"] = "include: ci/circle.yml\n"
    answer = call("POST", LINT, {"content": content})
    assert (answer.status, answer.body["valid"], answer.body["merged_yaml"]) == (200, False, None)
    assert error in answer.body["errors"][0]


def test_who_may_call_the_api(call: Caller, repositories: None) -> None:
    content = {"content": "a: {script: x}"}
    assert call.as_("developer")("POST", LINT, content).status == 200
    assert call.as_("developer")("POST", "projects/8/ci/lint", content).status == 404
    assert call.as_("read-api")("POST", LINT, content).status == 403
    assert call.as_("gone")("POST", LINT, content).status == 401
    assert call("POST", LINT, {}).status == 400
