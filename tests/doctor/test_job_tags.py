"""The tags of a pipeline's jobs: which runner of a stack runs a job, and jobs that none runs."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.doctor import stack_file
from pulumi_gitlab_runner.doctor.pipelines.variables import may_run
from pulumi_gitlab_runner.doctor.runner_tags import RunnerTags

from tests.doctor.host_tree import Doctor

NAME = "job-stuck"
DOCKER = {"tags": ["docker", "linux"]}
GPU = {"tags": ["gpu"], "run_untagged": True}


class StackWithRunners:
    """A stack with runners of a host, and the doctor's reports on pipelines for it."""

    def __init__(self, directory: Path, doctor: Doctor) -> None:
        self._directory, self._doctor = directory, doctor
        self.gitlab: str | None = "https://gitlab.example.com/api/v4/"

    def run(
        self, runners: dict[str, Any], pipeline: dict[str, Any], *options: str, runner: str = ""
    ) -> dict[str, Any]:
        """The report; with `--runner` if it is given."""
        assert self.status(runners, pipeline, *options, "--json", runner=runner) < 2
        answer: dict[str, Any] = json.loads(self._doctor.output)
        return answer

    def status(
        self, runners: dict[str, Any], pipeline: dict[str, Any], *options: str, runner: str = ""
    ) -> int:
        """The exit status."""
        stack_file._declared.cache_clear()
        first = next(iter(runners))
        declared = {
            name: {"group": 42, **({"host": {}} if name == first else {"host_of": first}), **each}
            for name, each in runners.items()
        }
        config = {
            "aws:region": "eu-west-1",
            "gitlab:baseUrl": self.gitlab,
            "gitlab-runner:stack": {"runners": declared},
        }
        (self._directory / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
        file = self._directory / ".gitlab-ci.yml"
        file.write_text(yaml.safe_dump(pipeline, sort_keys=False))
        stack = ("--stack", "prod", "--stacks-dir", str(self._directory), "--account", "123456789012")
        selected = ("--runner", runner) if runner else ()
        return self._doctor.run("job", str(file), *options, *stack, *selected, "--offline")

    def stuck(self, runners: dict[str, Any], job: dict[str, Any], *options: str, **more: Any) -> list[str]:
        """What is found about a job that no runner runs."""
        runner = next(iter(runners))
        answer = self.run(runners, {"test": {"script": ["x"], **job}, **more}, *options, runner=runner)
        return [each["what"] for each in answer["findings"] if each["name"] == NAME]


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, doctor: Doctor) -> StackWithRunners:
    return StackWithRunners(tmp_path, doctor)


@pytest.mark.parametrize(
    ("tags", "run_untagged", "of_job", "accepted"),
    [
        (["a", "b"], False, ["a"], True),
        (["a", "b"], False, ["b", "a"], True),
        (["a"], False, ["a", "b"], False),
        (["a"], True, ["b"], False),
        (["a"], False, ["A"], False),
        (["a"], False, [], False),
        (["a"], True, [], True),
        ([], True, [], True),
        ([], True, ["a"], False),
        (None, False, ["a"], True),
    ],
)
def test_which_jobs_a_runner_accepts(
    tags: list[str] | None, run_untagged: bool, of_job: list[str], accepted: bool
) -> None:
    """GitLab's `RunnerMatcher`; a runner whose tags are not known may accept every job."""
    known = None if tags is None else frozenset(tags)
    assert RunnerTags("build", known, run_untagged).accepts(of_job) is accepted


@pytest.mark.parametrize(
    ("job", "found"),
    [
        ({"tags": ["docker"]}, []),
        ({"tags": ["Docker"]}, ["no runner of the stack has the tag Docker; they have docker, linux"]),
        (
            {"tags": ["arm", "docker", "x"]},
            ["no runner of the stack has the tags arm, x; they have docker, linux"],
        ),
        ({}, ["no tags, and no runner of the stack runs jobs without tags"]),
        ({"tags": []}, ["no tags, and no runner of the stack runs jobs without tags"]),
        (
            {"tags": ["saas-linux-small-amd64"]},
            ["no runner of the stack has the tag saas-linux-small-amd64; they have docker, linux"],
        ),
        ({"tags": ["$TAG"], "variables": {"TAG": "docker"}}, []),
        (
            {"tags": ["${TAG}"], "variables": {"TAG": "gpu"}},
            ["no runner of the stack has the tag gpu; they have docker, linux"],
        ),
        ({"tags": ["$GONE"]}, []),
        (
            {"tags": ["$TAG"], "parallel": {"matrix": [{"TAG": ["linux", "mac"]}]}},
            ["no runner of the stack has the tag mac; they have docker, linux"],
        ),
        (
            {
                "tags": ["$TAG"],
                "rules": [{"if": "$A", "variables": {"TAG": "mac"}}, {"variables": {"TAG": "linux"}}],
            },
            [],
        ),
        (
            {
                "tags": ["$TAG"],
                "rules": [{"if": "$A", "variables": {"TAG": "mac"}}, {"variables": {"TAG": "gpu"}}],
            },
            [
                "no runner of the stack has the tag mac; they have docker, linux",
                "no runner of the stack has the tag gpu; they have docker, linux",
            ],
        ),
        ({"tags": ["gpu"], "rules": [{"when": "never"}]}, []),
        ({"tags": ["gpu"], "rules": [{"if": "$A", "when": "never"}, {"if": "$B == null"}]}, []),
        ({"tags": ["gpu"], "trigger": "group/project"}, []),
    ],
)
def test_a_job_and_one_runner(stack: StackWithRunners, job: dict[str, Any], found: list[str]) -> None:
    assert stack.stuck({"build": DOCKER}, job, "--variable", "B=b") == found


def test_tags_that_a_job_inherits(stack: StackWithRunners) -> None:
    default = {"default": {"tags": ["docker"]}}
    assert stack.stuck({"build": DOCKER}, {}, **default) == []
    assert len(stack.stuck({"build": DOCKER}, {"tags": []}, **default)) == 1
    assert len(stack.stuck({"build": DOCKER}, {"inherit": {"default": False}}, **default)) == 1


def test_tags_of_several_runners(stack: StackWithRunners) -> None:
    runners = {"build": DOCKER, "train": GPU}
    assert stack.stuck(runners, {}) == []
    assert stack.stuck(runners, {"tags": ["gpu"]}) == []
    assert stack.stuck(runners, {"tags": ["gpu", "docker"]}) == [
        "no runner of the stack has all of these tags: gpu, docker"
    ]
    assert stack.stuck({"build": {}}, {"tags": ["gpu"]}) == [
        "no runner of the stack has the tag gpu; they have no tags"
    ]


@pytest.mark.parametrize(
    ("runner", "job", "options", "found"),
    [
        ({"paused": True}, {}, (), ["the runners of the stack for these tags are paused: build"]),
        (
            {"protected": True},
            {},
            (),
            ["the runners of the stack for these tags are protected, and there are no rules: build"],
        ),
        ({"protected": True}, {}, ("--protected",), []),
        ({"protected": True}, {"rules": [{"if": "$CI_COMMIT_TAG"}]}, (), []),
        ({"protected": True}, {"only": ["main"]}, (), []),
    ],
)
def test_paused_and_protected_runners(
    stack: StackWithRunners,
    runner: dict[str, Any],
    job: dict[str, Any],
    options: tuple[str, ...],
    found: list[str],
) -> None:
    assert stack.stuck({"build": runner}, job, *options) == found
    assert stack.stuck({"build": runner, "other": {}}, job, *options) == []


def test_a_protected_runner_and_rules_of_the_workflow(stack: StackWithRunners) -> None:
    workflow = {"rules": [{"if": "$CI_COMMIT_TAG"}]}
    assert stack.stuck({"build": {"protected": True}}, {}, workflow=workflow) == []


def test_the_fix_and_the_jobs_of_a_finding(stack: StackWithRunners) -> None:
    jobs = {f"job{number}": {"tags": ["Docker"], "script": ["x"]} for number in range(5)}
    answer = stack.run({"build": DOCKER}, {**jobs, "other": {"script": ["x"]}}, runner="build")
    found = {each["where"]: each for each in answer["findings"]}
    assert found.keys() == {"job0, job1, job2 and 2 more", "other"}
    assert found["job0, job1, job2 and 2 more"]["fix"] == (
        "did you mean 'docker'? Otherwise add Docker to `tags` of a runner, or remove it"
    )
    assert "`default: {tags: [docker]}`" in found["other"]["fix"]
    (image,) = answer["images"]
    assert image["users"] == ["image of jobs without one"]


def test_the_images_of_jobs_that_no_runner_runs(stack: StackWithRunners) -> None:
    """A job with other tags may run on any runner; one without tags is not meant for another one."""
    pipeline = {"test": {"image": "ruby:3", "tags": ["mac"]}, "lint": {"image": "perl:5"}}
    answer = stack.run({"build": DOCKER}, pipeline, runner="build")
    assert [each["image"] for each in answer["images"]] == ["perl:5"]
    assert answer["not_read"] == ["test, which no runner of the stack runs"]
    assert len(answer["findings"]) == 2
    answer = stack.run({"build": DOCKER}, pipeline, "test", runner="build")
    assert [each["image"] for each in answer["images"]] == ["ruby:3"]


@pytest.mark.parametrize(
    ("variable", "stuck"), [("GITLAB_BASE_URL", True), ("CI_API_V4_URL", True), ("OTHER", False)]
)
def test_the_gitlab_of_a_stack_that_declares_none(
    stack: StackWithRunners, monkeypatch: pytest.MonkeyPatch, variable: str, stuck: bool
) -> None:
    """As for the component, that of the provider's variable; in a pipeline, that of the pipeline."""
    stack.gitlab = None
    for name in ("GITLAB_BASE_URL", "CI_API_V4_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "https://gitlab.example.com/api/v4")
    assert bool(stack.stuck({"build": DOCKER}, {})) is stuck


def test_jobs_of_the_hosted_runners_of_gitlab_com(stack: StackWithRunners) -> None:
    stack.gitlab = "https://gitlab.com/api/v4/"
    pipeline = {
        "test": {"image": "ruby:3", "tags": ["docker"]},
        "lint": {"image": "perl:5"},
        "build": {"image": "python:3", "tags": ["saas-linux-medium-arm64"]},
        "mac": {"image": "node:22", "tags": ["mac"]},
    }
    answer = stack.run({"build": DOCKER}, pipeline, runner="build")
    assert [each["where"] for each in answer["findings"]] == ["mac"]
    assert [each["image"] for each in answer["images"]] == ["ruby:3"]
    assert answer["not_read"] == [
        "lint, build, which only hosted runners of GitLab.com run: examine with --hosted",
        "mac, which no runner of the stack runs",
    ]
    answer = stack.run({"build": {}}, {"lint": {"image": "perl:5"}}, runner="build")
    assert [each["image"] for each in answer["images"]] == ["perl:5"]


@pytest.mark.parametrize(
    ("job", "stuck"),
    [
        ({}, 0),
        ({"tags": []}, 1),
        ({"tags": None}, 0),
        ({"tags": ["mac"]}, 1),
        ({"extends": ".gone"}, 0),
        ({"inherit": {"default": False}}, 1),
        ({"inherit": {"default": ["image"]}}, 1),
        ({"inherit": {"default": ["tags"]}}, 0),
    ],
)
def test_tags_that_an_include_may_set(stack: StackWithRunners, job: dict[str, Any], stuck: int) -> None:
    found = stack.stuck({"build": DOCKER}, job, include=[{"project": "group/templates", "file": "a.yml"}])
    assert len(found) == stuck


def test_a_job_with_tags_that_are_not_known_is_examined(stack: StackWithRunners) -> None:
    pipeline = {"test": {"image": "ruby:3", "tags": ["$GONE"]}}
    answer = stack.run({"build": DOCKER}, pipeline, runner="build")
    assert ([each["image"] for each in answer["images"]], answer["findings"]) == (["ruby:3"], [])


@pytest.mark.parametrize(
    ("rules", "runs"),
    [
        (None, True),
        ([{"when": "never"}], False),
        ([{"when": "never"}, {"when": "on_success"}], False),
        ([{"if": "$UNKNOWN", "when": "never"}], False),
        ([{"if": "$UNKNOWN", "when": "never"}, {"when": "manual"}], True),
        ([{"if": "$B", "when": "never"}, {"when": "manual"}], False),
        ([{"if": '$B == "no"', "when": "never"}, {"when": "manual"}], True),
        ([{"if": '$B == "no"'}], False),
        ([{"if": '$B == "no"'}, {"if": "$UNKNOWN"}], True),
        ([{"exists": ["a"], "when": "never"}, {"if": "$B"}], True),
        ([[{"when": "never"}]], False),
        ("text", True),
    ],
)
def test_whether_rules_add_a_job(rules: Any, runs: bool) -> None:
    """GitLab 18, lib/gitlab/ci/build/rules.rb: the first rule that matches decides, and none adds no job."""
    assert may_run({} if rules is None else {"rules": rules}, {"B": "b"}) is runs


def test_a_job_that_runs_in_one_of_several_configurations(stack: StackWithRunners, tmp_path: Path) -> None:
    """The rules of an include decide which tags the job has."""
    (tmp_path / "tags.yml").write_text("test: {tags: [mac]}\n")
    include = [{"local": "tags.yml", "rules": [{"if": "$MAC"}]}]
    jobs = {"test": {"script": ["x"], "image": "ruby:3"}}
    runners = {"build": {**DOCKER, "run_untagged": True}}
    answer = stack.run(runners, {"include": include, **jobs}, runner="build")
    assert (answer["findings"], len(answer["images"])) == ([], 1)
    answer = stack.run({"build": DOCKER}, {"include": include, **jobs}, runner="build")
    assert len(answer["findings"]) == 2


def test_a_job_that_never_runs(stack: StackWithRunners) -> None:
    """The templates of GitLab have such jobs, only to be extended."""
    never = {"image": "ruby:3", "script": ["x"], "rules": [{"when": "never"}]}
    answer = stack.run({"build": {}}, {"test": never, "lint": {"image": "perl:5"}})
    assert [each["image"] for each in answer["images"]] == ["perl:5"]
    answer = stack.run({"build": {}}, {"test": never}, "test")
    assert [each["image"] for each in answer["images"]] == ["ruby:3"]


def test_the_place_of_a_tag(stack: StackWithRunners, doctor: Doctor) -> None:
    pipeline = {"test": {"script": ["x"], "tags": ["docker", "gpu"]}}
    assert stack.status({"build": DOCKER}, pipeline, "--format", "code-quality") == 1
    lines = {each["location"]["lines"]["begin"] for each in json.loads(doctor.output)}
    assert lines == {5, 6}


def test_jobs_of_other_runners_are_not_read(stack: StackWithRunners) -> None:
    """Their images may be in registries that this runner does not use."""
    runners = {"build": DOCKER, "train": GPU}
    pipeline = {
        "test": {"image": "ruby:3", "tags": ["linux"]},
        "learn": {"image": "python:3", "tags": ["gpu"]},
        "lint": {"image": "perl:5"},
    }
    build = stack.run(runners, pipeline, runner="build")
    assert [each["image"] for each in build["images"]] == ["ruby:3"]
    assert build["not_read"] == ["learn, lint, which this runner does not run: examine with --runner train"]
    train = stack.run(runners, pipeline, runner="train")
    assert [each["image"] for each in train["images"]] == ["python:3", "perl:5"]
    one = stack.run(runners, pipeline, "learn", runner="build")
    assert [each["image"] for each in one["images"]] == ["python:3"]


def test_jobs_of_a_matrix_for_several_runners(stack: StackWithRunners) -> None:
    """The platforms of images are often those of the runners."""
    runners = {"build": {"tags": ["amd64"]}, "arm": {"tags": ["arm64"]}}
    matrix = [{"ARCH": ["amd64", "arm64", "s390x"]}]
    image = {"name": "ruby:$ARCH", "docker": {"platform": "linux/$ARCH"}}
    pipeline = {"test": {"image": image, "tags": ["$ARCH"], "parallel": {"matrix": matrix}}}
    build = stack.run(runners, pipeline, runner="build")
    assert [each["image"] for each in build["images"]] == ["ruby:amd64"]
    assert build["not_read"] == [
        "test with the tags arm64, which this runner does not run: examine with --runner arm",
        "test with the tags s390x, which no runner of the stack runs",
    ]
    assert [each["name"] for each in build["findings"]] == [NAME]
    named = stack.run(runners, pipeline, "test", runner="build")
    assert {each["name"] for each in named["findings"]} == {NAME, "platform"}
    assert len(named["images"]) == 3


def test_the_runner_of_a_job_is_the_default(stack: StackWithRunners, doctor: Doctor) -> None:
    runners = {"build": DOCKER, "train": GPU}
    pipeline = {"test": {"tags": ["docker"]}, "learn": {"tags": ["gpu"]}, "lint": {}}
    for job, name in {"test": "build", "learn": "train", "lint": "train"}.items():
        assert stack.run(runners, pipeline, job)["runner"]["host"] == f"{name} of the stack prod"
    of_all = {"test": {"tags": ["docker"]}, "again": {"tags": ["linux"]}}
    assert stack.run(runners, of_all)["runner"]["host"] == "build of the stack prod"
    assert stack.status(runners, pipeline) == 2
    assert (
        "several runners of the stack run these jobs; select one with --runner: build (test), "
        "train (learn, lint)" in doctor.errors
    )
    assert stack.status(runners, {"other": {"tags": ["mac"]}}) == 2
    assert "declares 2 runners; select one with --runner: build, train" in doctor.errors
