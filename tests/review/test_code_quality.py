"""The dangers as a Code Quality report: at the line that has them, with fingerprints that stay."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.review.code_quality import code_quality
from pulumi_gitlab_runner.review.command_line import main

from tests.review.hosts import host_inputs, host_step
from tests.review.previews import ROLE_POLICY, VARIABLE, allow, policy, preview, step, text

FILE = """\
config:
  aws:region: eu-west-1
  gitlab-runner:stack:
    registries:
      team:
        ecr: {}
        repositories:
          app: {}
          base: {}
    runners:
      build:
        group: 42
        tags: [docker]
        registries:
          - team
          - legacy
        protected: false
        config:
          docker:
            privileged: true
        host:
          egress: [{cidr: 0.0.0.0/0, from_port: 443}]
    variables:
      - {project: 7, docker_auth: [legacy]}
      - group: 42
        key: KEY
        protected: false
"""
RUNNER = "gitlab:index/userRunner:UserRunner"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
REPOSITORY = "aws:ecr/repository:Repository"
STEPS = {
    "privilege": (host_step(host_inputs(), host_inputs(privileged=True)), 20),
    "registry": (host_step(host_inputs(), host_inputs(["team", "legacy"])), 14),
    "variable": (
        step("update", VARIABLE, "v", {"key": "KEY", "protected": True}, {"key": "KEY", "protected": False}),
        27,
    ),
    "runner": (
        step(
            "update",
            RUNNER,
            "ci-build",
            {"accessLevel": "ref_protected"},
            {"accessLevel": "not_protected"},
        ),
        17,
    ),
    "queue": (step("delete", RUNNER, "ci-build", {"groupId": 42, "tagLists": ["docker"]}), 12),
    "protection": (step("create", EGRESS, "ci-build", new={"cidrIpv4": "0.0.0.0/0"}), 22),
    "deletion": (step("delete", REPOSITORY, "ci-team/base", {}), 9),
    "rights": (step("update", ROLE_POLICY, "ci-build", policy(), policy(allow("s3:GetObject"))), 14),
}


def report(*steps: dict[str, Any], file: str = FILE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(code_quality(preview(*steps), file, "stacks/Pulumi.prod.yaml"))
    return found


@pytest.mark.parametrize("kind", STEPS)
def test_a_danger_is_at_the_line_of_what_causes_it(kind: str) -> None:
    changed, line = STEPS[kind]
    (finding,) = [each for each in report(changed) if each["check_name"] == f"pulumi-gitlab-runner/{kind}"]
    assert finding["location"] == {"path": "stacks/Pulumi.prod.yaml", "lines": {"begin": line}}
    assert finding["severity"] in ("info", "minor", "major", "critical", "blocker")


def test_fingerprints_are_different_and_stay_when_lines_move() -> None:
    steps = [changed for changed, _ in STEPS.values()]
    before, after = report(*steps), report(*steps, file="# further\n# lines\n" + FILE)
    prints = [each["fingerprint"] for each in before]
    assert len(set(prints)) == len(prints)
    assert prints == [each["fingerprint"] for each in after]
    lines = [each["location"]["lines"]["begin"] for each in before]
    assert [each + 2 for each in lines] == [each["location"]["lines"]["begin"] for each in after]


@pytest.mark.parametrize("file", ["", "{", "config: 7", "config: {gitlab-runner:stack: [1]}", "- 1"])
def test_in_a_file_that_says_nothing_a_danger_is_on_the_first_line(file: str) -> None:
    found = report(*(changed for changed, _ in STEPS.values()), file=file)
    assert {each["location"]["lines"]["begin"] for each in found} == {1}


def test_the_command_writes_it_with_the_path_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(FILE)
    (tmp_path / "Pulumi.yaml").write_text("{name: ci, runtime: python, stackConfigDir: stacks}")
    (tmp_path / "preview.json").write_text(text(STEPS["privilege"][0]))
    monkeypatch.chdir(tmp_path)
    written = tmp_path / "quality.json"
    options = ["--stack", "prod", "--note", str(tmp_path / "n.md"), "--code-quality", str(written)]
    assert main([str(tmp_path / "preview.json"), *options]) == 0
    (finding,) = json.loads(written.read_text())
    assert finding["location"] == {"path": "stacks/Pulumi.prod.yaml", "lines": {"begin": 20}}
    assert finding["description"] == (
        "Jobs closer to the host: build-files: the runner build is privileged: every job is root on the host"
    )
