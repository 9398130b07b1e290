"""The dangers as a Code Quality report: each at the line that causes it, with a stable fingerprint."""

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
    "permission": (step("update", ROLE_POLICY, "ci-build", policy(), policy(allow("s3:GetObject"))), 14),
}


def report(*steps: dict[str, Any], file: str = FILE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(code_quality(preview(*steps), file, "stacks/Pulumi.prod.yaml"))
    return found


@pytest.mark.parametrize("kind", STEPS)
def test_a_danger_is_at_the_line_that_causes_it(kind: str) -> None:
    changed, line = STEPS[kind]
    (finding,) = [each for each in report(changed) if each["check_name"] == f"pulumi-gitlab-runner/{kind}"]
    assert finding["location"] == {"path": "stacks/Pulumi.prod.yaml", "lines": {"begin": line}}
    assert finding["severity"] in ("info", "minor", "major", "critical", "blocker")


def test_a_service_device_is_at_its_key() -> None:
    changed = host_step(host_inputs(), host_inputs(services_devices={"db:*": ["/dev/kvm"]}))
    file = FILE.replace("privileged: true", "services_devices: {db:*: [/dev/kvm]}")
    (finding,) = report(changed, file=file)
    assert finding["location"]["lines"]["begin"] == 20


def test_fingerprints_are_unique_and_do_not_depend_on_line_numbers() -> None:
    steps = [changed for changed, _ in STEPS.values()]
    before, after = report(*steps), report(*steps, file="# further\n# lines\n" + FILE)
    fingerprints = [each["fingerprint"] for each in before]
    assert len(set(fingerprints)) == len(fingerprints)
    assert fingerprints == [each["fingerprint"] for each in after]
    lines = [each["location"]["lines"]["begin"] for each in before]
    assert [each + 2 for each in lines] == [each["location"]["lines"]["begin"] for each in after]


@pytest.mark.parametrize("file", ["", "{", "config: 7", "config: {gitlab-runner:stack: [1]}", "- 1"])
def test_without_a_declaration_in_the_file_a_danger_is_on_the_first_line(file: str) -> None:
    found = report(*(changed for changed, _ in STEPS.values()), file=file)
    assert {each["location"]["lines"]["begin"] for each in found} == {1}


def test_the_command_writes_the_report_with_the_path_in_the_repository(
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
        "More privileges for jobs: build-files: the runner build is privileged: every job has root access "
        "to the host"
    )


FINDINGS = [
    (
        "privilege",
        "critical",
        20,
        (
            "More privileges for jobs: build-files: the runner build is privileged: every job has root "
            "access to the host"
        ),
        "df74388b7efbeedf278177d199d43ab290e7fe3fa626b15db72b6db015596273",
    ),
    (
        "deletion",
        "major",
        11,
        "Deleted: ci-build: is deleted; its token becomes invalid",
        "51572310d1528a0c2290363b5f8555139b603a089c10f9bc0977a654ccfb96e2",
    ),
    (
        "deletion",
        "major",
        9,
        "Deleted: ci-team/base: is deleted; its images are lost",
        "321d3123ecebca86acd532ad44245985d043f6a66529c02595a7168069fd7195",
    ),
    (
        "queue",
        "major",
        12,
        (
            "Jobs will wait: action required during deployment: ci-build: jobs of group 42 with the tag "
            "docker wait for another runner; before the old runner is deleted, pause it in GitLab and wait "
            "until its jobs have finished; otherwise they fail"
        ),
        "3720088f6742887d695a5b761aa5f4a8f6aa3eab2b07168232ce714cf6f9079c",
    ),
    (
        "runner",
        "critical",
        17,
        (
            "Runners accept more jobs: ci-build: accepts jobs of unprotected branches, to which more people "
            "can push"
        ),
        "f1e612d6c64306258c33301ea42f8fdb514218c89df71615fa47c1969aa32683",
    ),
    (
        "variable",
        "critical",
        27,
        (
            "Reduced protection of CI variables: v: the variable KEY is no longer protected: jobs of all "
            "branches receive it"
        ),
        "a9443e7cecf383342875330c341596d2febc5b992a66538b698c91e7eada93d3",
    ),
    (
        "protection",
        "major",
        22,
        (
            "Reduced protection of AWS resources: ci-build: allows outbound connections to 0.0.0.0/0 on None "
            "port None"
        ),
        "6a65ed4a7aff992af88368248eeb5ee0b1ba2a2d83d1169402cfbc1eaaae27bc",
    ),
    (
        "registry",
        "minor",
        14,
        "New access to registries: build-files: its host has credentials for registry.example.com:5000",
        "e83e191c33e6b9a7ac25c55353d4b502204d7ba524b853364403b70b721d4844",
    ),
    (
        "permission",
        "minor",
        14,
        "Additional permissions: ci-build: allows s3:GetObject on *",
        "98c83a5e8fe0e1bc82c07cda3f26553c564d1bd116a3d63955d4bc299ae7b34e",
    ),
]


def test_the_whole_report() -> None:
    """With another fingerprint, GitLab reports an existing finding as a new one."""
    assert report(*(changed for changed, _ in STEPS.values())) == [
        {
            "description": description,
            "check_name": f"pulumi-gitlab-runner/{kind}",
            "fingerprint": fingerprint,
            "severity": severity,
            "location": {"path": "stacks/Pulumi.prod.yaml", "lines": {"begin": line}},
        }
        for kind, severity, line, description, fingerprint in FINDINGS
    ]


def test_the_report_has_a_line_for_each_field() -> None:
    text = code_quality(preview(STEPS["deletion"][0]), FILE, "stacks/Pulumi.prod.yaml")
    assert text.splitlines()[:3] == [
        "[",
        "  {",
        '    "description": "Deleted: ci-team/base: is deleted; its images are lost",',
    ]


def test_equal_dangers_have_different_fingerprints() -> None:
    first, second = report(STEPS["deletion"][0], STEPS["deletion"][0])
    assert first["fingerprint"] != second["fingerprint"]
    assert first | {"fingerprint": ""} == second | {"fingerprint": ""}


OTHER = """\
config:
  gitlab-runner:stack:
    registries:
      team: {ecr: {}}
      hub: {pull_through: docker-hub}
    runners:
      wide:
        project: 7
        run_untagged: true
        locked: false
        tags: [docker]
        fleet:
          egress: []
        config:
          docker:
            volumes:
              - /:/host
      narrow-wide: {instance: true}
    variables:
      - {group: 42, key: OTHER}
      - group: 42
        key: KEY
        masked: false
        hidden: false
      - project: 7
        docker_auth: [hub]
    network:
      cidr: 10.0.0.0/16
"""


def weakened(kind: str, name: str, setting: str, before: Any, after: Any, **both: Any) -> dict[str, Any]:
    return step("update", kind, name, {setting: before, **both}, {setting: after, **both})


@pytest.mark.parametrize(
    ("changed", "kind", "line"),
    [
        (weakened(VARIABLE, "v", "masked", True, False, key="KEY"), "variable", 23),
        (weakened(VARIABLE, "v", "hidden", True, False, key="KEY"), "variable", 24),
        (weakened(VARIABLE, "v", "protected", True, False, key="KEY"), "variable", 21),
        (weakened(VARIABLE, "v", "protected", True, False, key="DOCKER_AUTH_CONFIG"), "variable", 25),
        (weakened(VARIABLE, "v", "protected", True, False, key="GONE"), "variable", 1),
        (weakened(RUNNER, "ci-wide", "untagged", False, True), "runner", 9),
        (weakened(RUNNER, "ci-wide", "locked", True, False), "runner", 10),
        (weakened(RUNNER, "ci-wide", "runnerType", "project_type", "group_type"), "runner", 8),
        (weakened(RUNNER, "ci-wide", "accessLevel", "ref_protected", "not_protected"), "runner", 7),
        (weakened(RUNNER, "ci-narrow-wide", "runnerType", "group_type", "instance_type"), "runner", 18),
        (step("delete", RUNNER, "ci-wide", {"projectId": 7, "tagLists": ["docker"]}), "queue", 8),
        (step("delete", RUNNER, "ci-gone", {"projectId": 7, "tagLists": ["docker"]}), "queue", 1),
        (step("create", EGRESS, "ci-wide", new={"cidrIpv4": "0.0.0.0/0"}), "protection", 13),
        (step("create", EGRESS, "ci-other", new={"cidrIpv4": "0.0.0.0/0"}), "protection", 27),
        (step("update", ROLE_POLICY, "ci-wide", policy(), policy(allow("s3:GetObject"))), "permission", 7),
        (step("delete", REPOSITORY, "ci-team/base", {}), "deletion", 4),
        (step("delete", REPOSITORY, "ci-hub", {}), "deletion", 5),
    ],
)
def test_each_key_that_can_cause_a_danger(changed: dict[str, Any], kind: str, line: int) -> None:
    found = {each["check_name"]: each["location"]["lines"]["begin"] for each in report(changed, file=OTHER)}
    assert found[f"pulumi-gitlab-runner/{kind}"] == line
