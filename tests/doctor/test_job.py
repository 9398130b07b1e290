"""`runner-doctor job`: the images and services of a pipeline, found as GitLab finds them."""

from pathlib import Path
from typing import Any

import pytest

from tests.doctor.host_tree import Doctor, HostTree
from tests.registry.double import RegistryDouble

EXAMPLE = Path(__file__).parents[2] / "examples/ci/.gitlab-ci.yml"


class Pipeline:
    """A project with a pipeline, and the doctor's report on it."""

    def __init__(self, directory: Path, doctor: Doctor, host: HostTree) -> None:
        self.directory, self._doctor, self._host = directory, doctor, host
        (directory / ".git").mkdir(parents=True)

    def write(self, text: str, path: str = ".gitlab-ci.yml") -> None:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, *arguments: str, job: str = "") -> int:
        return self._doctor.run("job", *self._arguments(job), *arguments)

    def json(self, *arguments: str, job: str = "") -> dict[str, Any]:
        return self._doctor.json("job", *self._arguments(job), *arguments)

    def images(self, *arguments: str, job: str = "") -> dict[str, list[str]]:
        """The images with their users."""
        return {
            image["image"]: image["users"] for image in self.json("--offline", *arguments, job=job)["images"]
        }

    def findings(self, *arguments: str) -> dict[str, dict[str, str]]:
        return {each["name"]: each for each in self.json("--offline", *arguments)["findings"]}

    def _arguments(self, job: str) -> list[str]:
        return [str(self.directory / ".gitlab-ci.yml"), *filter(None, [job]), "--root", str(self._host.root)]


@pytest.fixture
def pipeline(tmp_path: Path, doctor: Doctor, host: HostTree) -> Pipeline:
    return Pipeline(tmp_path / "project", doctor, host)


def test_the_example(pipeline: Pipeline) -> None:
    pipeline.write(EXAMPLE.read_text())
    assert pipeline.images() == {
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/private/image:2026.11": ["image of test:api:dev"],
        "postgres:latest": ["service of test:api:dev"],
        "redis:latest": ["service of test:api:dev"],
    }


@pytest.mark.parametrize(
    ("variables", "registry_host"),
    [
        ("", "registry.gitlab.com"),
        ("variables: {CI_TEMPLATE_REGISTRY_HOST: mirror.example.com}", "mirror.example.com"),
        ("variables: {OTHER: x}", "registry.gitlab.com"),
    ],
)
def test_the_registry_of_gitlabs_templates(pipeline: Pipeline, variables: str, registry_host: str) -> None:
    """A predefined variable with the same value in every project, also in jobs that inherit none."""
    pipeline.write(f"""
{variables}
scan:
  script: [x]
  inherit: {{variables: [CI_TEMPLATE_REGISTRY_HOST]}}
  variables: {{PREFIX: "$CI_TEMPLATE_REGISTRY_HOST/security-products"}}
  image: "$PREFIX/semgrep:5"
""")
    assert pipeline.images() == {f"{registry_host}/security-products/semgrep:5": ["image of scan"]}


def test_default_image_and_services(pipeline: Pipeline) -> None:
    pipeline.write("""
default: {image: "a:1", services: ["b:1"]}
.hidden: {image: "hidden:1"}
one: {script: [x]}
two: {script: [x], image: {name: "c:1"}, services: []}
three: {script: [x], inherit: {default: [services]}}
four: {script: [x], inherit: {default: false}}
bridge: {trigger: other/project, image: "never:1"}
""")
    assert pipeline.images() == {
        "a:1": ["image of one"],
        "b:1": ["service of one", "service of three"],
        "c:1": ["image of two"],
        "alpine:3.22": ["image of jobs without one"],
    }


def test_the_deprecated_global_image(pipeline: Pipeline) -> None:
    pipeline.write("image: a:1\njob: {script: [x]}\n")
    assert pipeline.images() == {"a:1": ["image of job"]}


def test_the_runners_own_services(pipeline: Pipeline, host: HostTree) -> None:
    host.runner(services=[{"name": "redis:7"}])
    pipeline.write('job: {script: [x], image: "a:1"}')
    assert pipeline.images() == {"a:1": ["image of job"], "redis:7": ["service of every job"]}


def test_the_runners_own_helper_image(pipeline: Pipeline, host: HostTree) -> None:
    host.runner(helper_image="helper:1")
    pipeline.write('job: {script: [x], image: "a:1"}')
    assert pipeline.images() == {"a:1": ["image of job"], "helper:1": ["helper of every job"]}


def test_a_helper_is_asked_once_for_all_images(pipeline: Pipeline, host: HostTree, tmp_path: Path) -> None:
    host.write("root/.docker/config.json", '{"credHelpers": {"registry.example.com": "counting"}}')
    script = (
        f"#!/bin/sh\necho asked >>{tmp_path}/asked\necho 'credentials not found in native keychain'\nexit 1\n"
    )
    host.write("usr/local/bin/docker-credential-counting", script, 0o755)
    pipeline.write('job: {script: [x], image: "a:1", services: ["b:1", "c:1"]}')
    pipeline.images()
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_extends_and_references(pipeline: Pipeline) -> None:
    pipeline.write("""
.base: {image: "base:1", variables: {TAG: one}}
.other: {extends: .base, image: "other:$TAG"}
.services: {services: ["redis:7", {name: "postgres:18"}]}
job:
  extends: [.base, .other]
  variables: {TAG: two}
  services: [!reference [.services, services], "extra:1"]
  script: [x]
again: {image: !reference [.base, image], script: [x]}
""")
    assert pipeline.images() == {
        "other:two": ["image of job"],
        "redis:7": ["service of job"],
        "postgres:18": ["service of job"],
        "extra:1": ["service of job"],
        "base:1": ["image of again"],
    }


def test_included_files(pipeline: Pipeline) -> None:
    pipeline.write("include: [{local: ci/base.yml}, /ci/jobs/*.yml]\nbuild: {image: 'mine:1'}\n")
    pipeline.write(
        "include: ci/more.yml\nbuild: {script: [x], image: 'theirs:1', services: ['s:1']}\n", "ci/base.yml"
    )
    pipeline.write("build: {image: 'more:1', services: ['more:1']}\n", "ci/more.yml")
    pipeline.write("test: {script: [x], image: 'test:1'}\n", "ci/jobs/test.yml")
    assert pipeline.images() == {
        "mine:1": ["image of build"],
        "s:1": ["service of build"],
        "test:1": ["image of test"],
    }


def test_includes_that_are_not_read_are_reported(pipeline: Pipeline, doctor: Doctor) -> None:
    pipeline.write("include: [{remote: 'https://example.com/ci.yml'}, {template: Go.gitlab-ci.yml}]\n")
    assert pipeline.run("--offline") == 0
    assert "not read: remote https://example.com/ci.yml" in doctor.errors
    assert "not read: template Go.gitlab-ci.yml" in doctor.errors


def test_variables_in_names(pipeline: Pipeline) -> None:
    pipeline.write("""
variables: {REGISTRY: "registry.example.com:5000", TAG: {value: global, description: d}, NAME: app}
job: {script: [x], image: "${REGISTRY}/team/$NAME:$TAG", variables: {TAG: "$OWN-1", OWN: own}}
none: {script: [x], inherit: {variables: [NAME]}, image: "$NAME:$CI_COMMIT_TAG"}
""")
    given = ("--variable", "NAME=given", "--variable", "CI_COMMIT_TAG=v1")
    assert pipeline.images(*given) == {
        "registry.example.com:5000/team/given:own-1": ["image of job"],
        "given:v1": ["image of none"],
    }


def test_a_variable_without_a_value(pipeline: Pipeline) -> None:
    pipeline.write("job: {script: [x], image: '$CI_REGISTRY_IMAGE/app:$[[ inputs.tag ]]'}\n")
    found = pipeline.findings()["variable-unknown"]
    assert found["where"] == "image of job"
    assert "CI_REGISTRY_IMAGE, $[[ inputs.tag ]]" in found["what"]


def test_a_matrix(pipeline: Pipeline) -> None:
    pipeline.write("""
job:
  image: $BASE:$TAG
  script: [x]
  parallel: {matrix: [{BASE: [a, b], TAG: "1"}, {BASE: c, TAG: ["1", "2"]}]}
""")
    assert list(pipeline.images()) == ["a:1", "b:1", "c:1", "c:2"]


def test_one_job(pipeline: Pipeline, doctor: Doctor) -> None:
    pipeline.write("one: {script: [x], image: 'a:1'}\ntwo: {script: [x], image: 'b:1'}\n")
    assert list(pipeline.images(job="two")) == ["b:1"]
    assert pipeline.run(job="three") == 2
    assert "has no job 'three', only: one, two" in doctor.errors


def test_a_jobs_own_docker_auth_config(pipeline: Pipeline) -> None:
    pipeline.write("job: {script: [x], image: 'a:1', variables: {DOCKER_AUTH_CONFIG: 'canary'}}\n")
    assert pipeline.findings()["docker-config"]["where"] == "$DOCKER_AUTH_CONFIG"


def test_a_pull_policy_that_the_runner_refuses(pipeline: Pipeline, host: HostTree) -> None:
    pipeline.write("job: {script: [x], image: {name: 'a:1', pull_policy: [never]}}\n")
    assert "allows always" in pipeline.findings()["pull-policy-refused"]["what"]
    host.runner(pull_policy="always", allowed_pull_policies=["always", "never"])
    assert pipeline.findings() == {}


def test_all_images_are_asked_for(pipeline: Pipeline, registry: RegistryDouble) -> None:
    registry.scheme = ""
    names = [f"team/app:{number}" for number in range(30)]
    registry.images = dict.fromkeys(names[:29], "sha256:" + "a" * 64)
    pipeline.write(
        "".join(f"job{n}: {{script: [x], image: '{registry.host}/{name}'}}\n" for n, name in enumerate(names))
    )
    answer = pipeline.json()
    assert [image["registry"]["outcome"] for image in answer["images"]] == ["found"] * 29 + ["no such image"]
    assert [each["name"] for each in answer["findings"]] == ["image-missing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line 2: this is not valid YAML"),
        ("- a", "its top level is not a mapping"),
        ("a: {extends: b}\nb: {extends: a}", "extend each other in a circle"),
        ("a: {extends: gone}", "extends 'gone', which is not found"),
        ("a: {image: !reference [b, image]}", "!reference ['b', 'image'] is not found"),
        ("a: {image: !reference [a, image]}", "is nested over more than 10 levels"),
        ("a: {image: !reference b}", "this is not valid YAML"),
        ("include: ../other.yml", "which is not below"),
        ("include: gone.yml", "gone.yml cannot be read"),
        ("include: .gitlab-ci.yml", "includes itself"),
        (f"a: {{parallel: {{matrix: [{{A: [{', '.join('x' * 201)}]}}]}}}}", "creates more than 200 jobs"),
    ],
)
def test_a_file_that_is_not_a_pipeline(pipeline: Pipeline, doctor: Doctor, text: str, message: str) -> None:
    pipeline.write(text + "\n")
    assert pipeline.run("--offline") == 2
    assert message in doctor.errors


def test_the_report_as_text(pipeline: Pipeline, doctor: Doctor) -> None:
    pipeline.write("job: {script: [x], image: 'a:1', services: ['Bad/Name']}\n")
    assert pipeline.run("--offline") == 1
    shown = " ".join(doctor.output.split())
    assert "✔ a:1 for image of job" in shown
    assert "✘ Bad/Name for service of job" in shown
    assert shown.endswith("1 finding")


def test_the_summary_is_limited_to_what_was_read(pipeline: Pipeline, doctor: Doctor) -> None:
    pipeline.write("job: {image: 'a:1'}\n")
    assert pipeline.run("--offline") == 0
    assert doctor.output.endswith("\nNo findings.\n")
    pipeline.write("include: {template: T.gitlab-ci.yml}\njob: {image: 'a:1'}\n")
    assert pipeline.run("--offline") == 0
    assert doctor.output.endswith("\nNo findings in the files that were read.\n")
