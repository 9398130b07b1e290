"""`runner-doctor job` reads a pipeline as GitLab does: includes, inputs, merge keys, documents, rules."""

import itertools
import json
import time
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.pipelines.configuration import read_configurations

from tests.doctor.host_tree import Doctor, HostTree
from tests.doctor.test_job import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path, doctor: Doctor, host: HostTree) -> Pipeline:
    return Pipeline(tmp_path / "project", doctor, host)


@pytest.mark.parametrize(
    ("pattern", "images"),
    [
        ("configs/*.yml", {"a:1"}),
        ("configs/**.yml", {"a:1", "b:1", "c:1"}),
        ("configs/**/*.yml", {"b:1", "c:1"}),
        ("/configs/*/*.yml", {"b:1"}),
        ("**/b.yml", {"b:1"}),
        ("configs/?.yml", set()),
    ],
)
def test_wildcards(pipeline: Pipeline, pattern: str, images: set[str]) -> None:
    """https://docs.gitlab.com/ci/yaml/includes/#use-includelocal-with-wildcard-file-paths"""
    pipeline.write("a: {image: 'a:1', script: [x]}\n", "configs/a.yml")
    pipeline.write("b: {image: 'b:1', script: [x]}\n", "configs/sub/b.yml")
    pipeline.write("c: {image: 'c:1', script: [x]}\n", "configs/sub/sub/c.yml")
    pipeline.write("d: {image: 'd:1', script: [x]}\n", ".git/configs/d.yml")
    pipeline.write(f"include: '{pattern}'\n")
    if images:
        assert set(pipeline.images()) == images
    else:
        assert pipeline.run("--offline") == 2


def test_variables_in_an_include(pipeline: Pipeline) -> None:
    pipeline.write("include: ['$DIR/b.yml', {local: '/${DIR}/*.yaml'}]\njob: {image: 'a:1'}\n")
    pipeline.write("b: {image: 'b:1'}\n", "ci/b.yml")
    pipeline.write("c: {image: 'c:1'}\n", "ci/c.yaml")
    assert set(pipeline.images("--variable", "DIR=ci")) == {"a:1", "b:1", "c:1"}
    answer = pipeline.json("--offline")
    assert [image["image"] for image in answer["images"]] == ["a:1"]
    assert answer["not_read"] == [
        "local $DIR/b.yml: DIR has no value here",
        "local /${DIR}/*.yaml: DIR has no value here",
    ]


def test_the_last_of_equal_includes_takes_precedence(pipeline: Pipeline) -> None:
    pipeline.write("include: [a.yml, b.yml, a.yml]\n")
    pipeline.write("job: {image: 'a:1'}\n", "a.yml")
    pipeline.write("job: {image: 'b:1'}\n", "b.yml")
    assert set(pipeline.images()) == {"a:1"}


@pytest.mark.parametrize(
    ("rules", "images"),
    [
        ("[{exists: [Dockerfile]}]", {"b:1"}),
        ("[{exists: ['**/Docker*']}]", {"b:1"}),
        ("[{exists: [gone]}]", {"a:1"}),
        ("[{exists: [Dockerfile], when: never}]", {"a:1"}),
        ("[{exists: [gone], when: never}, {when: always}]", {"b:1"}),
        ("[{if: $CI_COMMIT_TAG}]", {"a:1", "b:1"}),
        ("[{if: $CI_COMMIT_TAG, when: never}, {exists: [Dockerfile]}]", {"a:1", "b:1"}),
        ("[{changes: [Dockerfile]}]", {"a:1", "b:1"}),
    ],
)
def test_rules_of_an_include(pipeline: Pipeline, rules: str, images: set[str]) -> None:
    """What depends on the pipeline may match or not: both images are examined."""
    pipeline.write("", "Dockerfile")
    pipeline.write("job: {image: 'a:1'}\n", "a.yml")
    pipeline.write("job: {image: 'b:1'}\n", "b.yml")
    pipeline.write(f"include: [a.yml, {{local: b.yml, rules: {rules}}}]\n")
    assert set(pipeline.images()) == images


@pytest.mark.parametrize(
    ("rules", "images"),
    [
        ("[{if: '$A == \"1\"'}]", {"b:1"}),
        ("[{if: '$A == \"2\"'}]", {"a:1"}),
        ("[{if: '$A == \"1\"', when: never}, {exists: [Dockerfile]}]", {"a:1"}),
        ("[{if: '$A == \"1\"', exists: [gone]}]", {"a:1"}),
        ("[{if: '$A == \"1\"', changes: [Dockerfile]}]", {"a:1", "b:1"}),
        ("[{if: '$A == \"2\"', changes: [Dockerfile]}]", {"a:1"}),
        ("[{if: '$IN_FILE == \"1\"'}]", {"a:1", "b:1"}),
    ],
)
def test_rules_of_an_include_with_given_variables(pipeline: Pipeline, rules: str, images: set[str]) -> None:
    """The file's own variables are not known to an include."""
    pipeline.write("", "Dockerfile")
    pipeline.write("job: {image: 'a:1'}\n", "a.yml")
    pipeline.write("job: {image: 'b:1'}\n", "b.yml")
    pipeline.write(f"variables: {{IN_FILE: '1'}}\ninclude: [a.yml, {{local: b.yml, rules: {rules}}}]\n")
    assert set(pipeline.images("--variable", "A=1")) == images


def test_many_conditional_includes(pipeline: Pipeline) -> None:
    includes = ", ".join(f"{{local: 'i{n}.yml', rules: [{{if: $A{n}}}]}}" for n in range(8))
    for number in range(8):
        pipeline.write(f"job: {{image: 'i{number}:1'}}\n", f"i{number}.yml")
    pipeline.write(f"include: [{includes}]\n")
    assert {"i0:1", "i6:1", "i7:1"} <= set(pipeline.images())


def test_an_empty_extends_is_ignored(pipeline: Pipeline) -> None:
    pipeline.write(
        ".base: {extends: , image: 'a:1'}\njob: {extends: .base}\nother: {extends: [], image: 'b:1'}\n"
    )
    assert pipeline.images() == {"a:1": ["image of job"], "b:1": ["image of other"]}


def test_includes_with_equal_rules_come_together(pipeline: Pipeline) -> None:
    """A template and the job that extends it, in files of their own with the same rules."""
    pipeline.write(".base: {image: 'a:1'}\n", "base.yml")
    pipeline.write("deploy: {extends: .base}\n", "deploy.yml")
    rules = "rules: [{if: $DEPLOY}]"
    pipeline.write(
        f"include: [{{local: base.yml, {rules}}}, {{local: deploy.yml, {rules}}}]\njob: {{image: 'b:1'}}\n"
    )
    assert pipeline.images() == {"a:1": ["image of deploy"], "b:1": ["image of job"]}


@pytest.mark.parametrize("use", ["extends: .base", "image: !reference [.base, image]"])
@pytest.mark.parametrize("foreign", ["", "{template: Jobs/SAST.gitlab-ci.yml}"])
def test_pipelines_without_a_job_that_is_extended_are_left_out(
    pipeline: Pipeline, use: str, foreign: str
) -> None:
    """GitLab refuses the pipeline in which only one of the rules matches; the others are examined."""
    pipeline.write("variables: {TAG: '1'}\n.base: {image: 'a:$TAG'}\n", "base.yml")
    pipeline.write(f"variables: {{TAG: '2'}}\ndeploy: {{{use}}}\n", "deploy.yml")
    includes = "{local: base.yml, rules: [{if: $A}]}, {local: deploy.yml, rules: [{if: $B}]}"
    pipeline.write(f"include: [{includes}{', ' if foreign else ''}{foreign}]\n")
    answer = pipeline.json("--offline")
    assert [each["image"] for each in answer["images"]] == ["a:2"]
    assert answer["not_read"] == (["template Jobs/SAST.gitlab-ci.yml"] if foreign else [])


def test_pipelines_without_a_key_that_is_referenced_are_left_out(pipeline: Pipeline) -> None:
    pipeline.write(".base: {image: 'a:1'}\n", "base.yml")
    pipeline.write("include: {local: base.yml, rules: [{if: $A}]}\n.base: {script: [x]}\n")
    with (pipeline.directory / ".gitlab-ci.yml").open("a") as file:
        file.write("job: {image: !reference [.base, image]}\n")
    assert pipeline.images() == {"a:1": ["image of job"]}


def test_jobs_that_an_include_changes_through_others(pipeline: Pipeline) -> None:
    pipeline.write(".base: {image: 'a:1'}\n", "base.yml")
    pipeline.write(".base: {image: 'b:1'}\n", "over.yml")
    pipeline.write("""
include: [base.yml, {local: over.yml, rules: [{if: $A}]}]
.middle: {extends: .base}
extending: {extends: [.middle]}
referring: {image: !reference [.middle, image]}
other: {image: "c:1"}
""")
    jobs = ["image of extending", "image of referring"]
    assert pipeline.images() == {"b:1": jobs, "c:1": ["image of other"], "a:1": jobs}
    other = read_configurations(pipeline.directory / ".gitlab-ci.yml", {}, {}).each[1]
    assert other.job_names() == ["extending", "referring"]
    assert other.hidden_names() == [".base", ".middle"]


def test_includes_that_change_no_other_job_are_read_once(pipeline: Pipeline) -> None:
    """A pipeline of dozens of components, each with its own rules, as public pipelines have."""
    includes = ", ".join(f"{{local: 'i{n}.yml', rules: [{{if: $A{n}}}]}}" for n in range(40))
    for number in range(40):
        pipeline.write(f"job{number}: {{image: 'i:{number}'}}\n", f"i{number}.yml")
    pipeline.write(f"include: [{includes}]\n")
    (every,) = read_configurations(pipeline.directory / ".gitlab-ci.yml", {}, {}).each
    assert len(every.job_names()) == 40


def test_a_foreign_include_whose_rules_do_not_match(pipeline: Pipeline) -> None:
    pipeline.write("include: {template: T.gitlab-ci.yml, rules: [{if: $A}]}\njob: {image: 'a:1'}\n")
    assert pipeline.json("--offline")["not_read"] == ["template T.gitlab-ci.yml"]
    assert pipeline.json("--offline", "--variable", "A=1")["not_read"] == ["template T.gitlab-ci.yml"]
    pipeline.write(
        "include: {template: T.gitlab-ci.yml, rules: [{if: $A, when: never}]}\njob: {image: 'a:1'}\n"
    )
    assert pipeline.json("--offline", "--variable", "A=1")["not_read"] == []


@pytest.mark.parametrize("name", ["spec", "types"])
def test_a_job_whose_name_is_not_a_global_key(pipeline: Pipeline, name: str) -> None:
    """GitLab 18, lib/gitlab/ci/config/entry/root.rb and config/yaml/documents.rb: `spec` is the header only
    before a second document."""
    pipeline.write(f"{name}: {{image: 'a:1', script: [x]}}\n")
    assert pipeline.images() == {"a:1": [f"image of {name}"]}
    pipeline.write(
        "spec: {inputs: {v: {default: '1'}}}\n---\nspec: {image: 'a:$[[ inputs.v ]]', script: [x]}\n"
    )
    assert pipeline.images() == {"a:1": ["image of spec"]}


def test_an_unknown_name_is_one_finding_for_all_its_jobs(pipeline: Pipeline, doctor: Doctor) -> None:
    jobs = "".join(f"job{number}: {{image: $IMG, services: [$IMG]}}\n" for number in range(5))
    pipeline.write(f"{jobs}other: {{image: 'a:$IMG'}}\n")
    findings = pipeline.json("--offline")["findings"]
    assert [each["where"] for each in findings] == [
        "image of job0, service of job0, image of job1 and 7 more",
        "image of other",
    ]
    assert pipeline.run("--offline", "--format", "sarif") == 1
    sarif = json.loads(doctor.output)["runs"][0]["results"]
    lines = [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in sarif]
    assert sorted(lines) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {extends: gone}", "is not found; if another file includes this one, examine that file"),
        (
            "a: {x: !reference [b, x]}",
            "'a': !reference ['b', 'x'] is not found; if another file includes",
        ),
        ("include: ci/gone.yml", ".gitlab-ci.yml includes 'ci/gone.yml': "),
    ],
)
def test_a_part_of_a_pipeline(pipeline: Pipeline, doctor: Doctor, text: str, message: str) -> None:
    pipeline.write(text + "\n")
    assert pipeline.run("--offline") == 2
    assert message in doctor.errors


def test_an_include_that_leads_out_of_the_project(pipeline: Pipeline, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "outside.yml").write_text("job: {image: 'a:1'}\n")
    (pipeline.directory / "link.yml").symlink_to(tmp_path / "outside.yml")
    pipeline.write("include: link.yml\n")
    assert pipeline.run("--offline") == 2
    assert "links to a file outside of" in doctor.errors


INPUTS = """spec:
  inputs:
    version: {default: "3.12"}
    flavours: {type: array, default: [a, b]}
    name:
---
job:
  image: registry.example.com:5000/python:$[[ inputs.version ]]
  script: [x]
  variables: {NAMES: '$[[ inputs.flavours ]]'}
"scan-$[[inputs.name]]": {image: 'scan:$[[ inputs.version | truncate(0,1) ]]'}
"""


def test_inputs_of_the_pipeline(pipeline: Pipeline) -> None:
    """https://docs.gitlab.com/ci/inputs/"""
    pipeline.write(INPUTS)
    assert set(pipeline.images()) == {"registry.example.com:5000/python:3.12", "scan:3"}
    assert pipeline.images("--input", "version=4.0", "--input", "name=x") == {
        "registry.example.com:5000/python:4.0": ["image of job"],
        "scan:4": ["image of scan-x"],
    }


def test_an_input_without_a_value(pipeline: Pipeline) -> None:
    pipeline.write("spec: {inputs: {tag: }}\n---\njob: {image: 'a:$[[ inputs.tag ]]'}\n")
    found = pipeline.findings()["variable-unknown"]
    assert found["fix"] == "give the value: --input tag=…"
    assert set(pipeline.images("--input", "tag=1")) == {"a:1"}


def test_inputs_that_another_file_declares(pipeline: Pipeline) -> None:
    """https://docs.gitlab.com/ci/inputs/#define-pipeline-inputs-in-external-files"""
    pipeline.write("inputs: {tag: {default: '1'}}\n", "ci/inputs.yml")
    pipeline.write(
        "spec:\n  include: [{local: /ci/inputs.yml}, {project: a/b, file: c.yml}]\n"
        "  inputs: {name: {default: a}}\n"
        "---\njob: {image: '$[[ inputs.name ]]:$[[ inputs.tag ]]'}\n"
    )
    answer = pipeline.json("--offline")
    assert [image["image"] for image in answer["images"]] == ["a:1"]
    assert answer["not_read"] == ["project a/b: c.yml"]
    assert list(pipeline.images("--input", "tag=2")) == ["a:2"]


def test_inputs_of_an_include(pipeline: Pipeline) -> None:
    pipeline.write(
        "include:\n"
        "  - {local: scan.yml, inputs: {name: one}}\n"
        "  - {local: scan.yml, inputs: {name: two, version: 4}}\n"
    )
    pipeline.write(INPUTS.replace("\njob:", '\n"job-$[[ inputs.name ]]":'), "scan.yml")
    assert pipeline.images("--input", "name=never") == {
        "registry.example.com:5000/python:3.12": ["image of job-one"],
        "scan:3": ["image of scan-one"],
        "registry.example.com:5000/python:4": ["image of job-two"],
        "scan:4": ["image of scan-two"],
    }


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("job: {image: 'a:1'}\n---\njob: {image: 'b:1'}\n", "a:1"),
        ("---\njob: {image: 'a:1'}\n---\njob: {image: 'b:1'}\n", "a:1"),
        ("spec: {inputs: {}}\n---\njob: {image: 'b:1'}\n", "b:1"),
        ("---\n# a comment\n\nspec: {}\n--- \njob: {image: 'b:1'}\n", "b:1"),
        ("spec: {}\n---\n---\njob: {image: 'b:1'}\n", "b:1"),
        ("job: {image: 'a:1'}\n---\n", "a:1"),
        ("spec: {}\n---\njob: {image: 'a:1'}\n---\njob: {image: 'b:1'}\n---\njob: [", "b:1"),
    ],
)
def test_documents(pipeline: Pipeline, text: str, image: str) -> None:
    """GitLab reads the first document, or the last if the first has `spec:`."""
    pipeline.write(text)
    assert list(pipeline.images()) == [image]


@pytest.mark.parametrize(
    ("job", "image"),
    [
        ("{image: 'own:1', <<: *t}", "tmpl:1"),
        ("{<<: *t, image: 'own:1'}", "own:1"),
        ("{<<: [*t, *u]}", "tmpl:1"),
        ("{<<: [*u, *t]}", "other:1"),
        ("{<<: *t, '<<': *u}", "tmpl:1"),
        ("{image: 'own:1', image: 'again:1'}", "again:1"),
        ("!unknown {image: 'own:1'}", "own:1"),
        ("!!python/object:os.system {image: 'own:1'}", "own:1"),
        ("{image: !unknown 'own:1'}", "own:1"),
    ],
)
def test_merge_keys_and_tags(pipeline: Pipeline, job: str, image: str) -> None:
    """As in Psych: a merge takes effect at its place, and an unknown tag has no effect."""
    pipeline.write(f".t: &t {{image: 'tmpl:1'}}\n.u: &u {{image: 'other:1'}}\njob: {job}\n")
    assert list(pipeline.images()) == [image]


def test_an_empty_image_or_services_keep_the_default(pipeline: Pipeline) -> None:
    pipeline.write("""
default: {image: "a:1", services: ["s:1"]}
.base: {image: "base:1"}
empty: {image: , services: , script: [x]}
extending: {extends: .base, image: , services: [], script: [x]}
""")
    assert pipeline.images() == {"a:1": ["image of empty", "image of extending"], "s:1": ["service of empty"]}


def test_variables_of_rules(pipeline: Pipeline) -> None:
    pipeline.write("""
variables: {IMG: "dev:1"}
workflow:
  rules:
    - {if: $A, variables: {IMG: "workflow:1"}}
    - {if: $B, when: never, variables: {IMG: "never:1"}}
    - {when: always}
job:
  image: $IMG
  script: [x]
  rules:
    - {if: $CI_COMMIT_TAG, variables: {IMG: "release:1"}}
    - {if: $C, variables: {IMG: "never:1"}, when: never}
    - {when: always}
alone: {image: $IMG, script: [x], inherit: {variables: false}, variables: {IMG: "own:1"}}
""")
    assert pipeline.images() == {
        "release:1": ["image of job"],
        "workflow:1": ["image of job"],
        "dev:1": ["image of job"],
        "own:1": ["image of alone"],
    }


def test_the_first_rule_that_matches_is_the_only_one(pipeline: Pipeline) -> None:
    pipeline.write("""
variables: {IMG: "dev:1", KIND: branch}
job:
  image: $IMG
  script: [x]
  rules:
    - {if: '$A == "2"', variables: {IMG: "no:1"}}
    - {if: '$A == "1"', changes: [x], variables: {IMG: "changes:1"}}
    - {if: '$KIND == "tag"', variables: {IMG: "overridden:1"}}
    - {if: '$A == "1"', variables: {IMG: "yes:1"}}
    - {if: '$B', variables: {IMG: "after:1"}}
other:
  image: $IMG
  script: [x]
  rules: [{when: on_success}, {if: $B, variables: {IMG: "after:1"}}]
""")
    assert set(pipeline.images("--variable", "A=1")) == {"changes:1", "overridden:1", "yes:1", "dev:1"}


def test_a_rule_takes_precedence_over_the_matrix(pipeline: Pipeline) -> None:
    """GitLab 18, lib/gitlab/ci/pipeline/seed/build.rb: a rule replaces the job's."""
    pipeline.write("""
job:
  image: a:$TAG
  parallel: {matrix: [{TAG: ["1", "2"]}]}
  rules: [{if: $A, variables: {TAG: "3"}}]
""")
    assert list(pipeline.images()) == ["a:3"]


def test_lists_of_rules_in_rules(pipeline: Pipeline) -> None:
    pipeline.write("""
.rules: &rules
  - {if: $A, variables: {IMG: "a:1"}}
  - [{if: $B, variables: {IMG: "b:1"}}]
job:
  image: $IMG
  rules: [*rules, !reference [.rules], {if: $C, variables: {IMG: "c:1"}}]
""")
    assert set(pipeline.images()) == {"a:1", "b:1", "c:1"}


def test_a_variable_that_was_not_read(pipeline: Pipeline) -> None:
    pipeline.write("""
include: {remote: "https://example.com/ci.yml"}
variables: {TAG: "1"}
job: {image: "a:$TAG", variables: {TAG: !reference [.gone, TAG]}}
""")
    found = pipeline.findings()["variable-unknown"]
    assert (
        "the name a:!reference ['.gone', 'TAG'] contains !reference ['.gone', 'TAG'], whose" in found["what"]
    )
    assert "--gitlab" in found["fix"]


def test_values_of_variables(pipeline: Pipeline) -> None:
    pipeline.write("""
variables:
  TRUTH: true
  RAW: {value: "$OTHER", expand: false}
  OTHER: x
  PLAIN: "$OTHER"
  ESCAPED: "$$OTHER"
  CIRCLE: "$CIRCLE"
job: {image: "a:$TRUTH-$PLAIN", services: ["b:$RAW", "c:$ESCAPED", "d:$CIRCLE"]}
""")
    answer = pipeline.json("--offline")
    assert [image["image"] for image in answer["images"]] == ["a:true-x", "b:$OTHER", "c:$OTHER"]
    assert "contains CIRCLE" in next(
        each["what"] for each in answer["findings"] if each["where"].startswith("s")
    )


FOREIGN = """
include:
  - {project: acme/ci-templates, file: [/docker.yml, /go.yml]}
  - template: Jobs/SAST.gitlab-ci.yml
  - component: $CI_SERVER_FQDN/acme/scan@1
  - https://example.com/ci.yml
test: {image: "app:1", script: [a]}
build: {extends: .docker-build, image: "builder:1"}
other: {extends: [.docker-build, .also], script: [x]}
referring: {image: !reference [.images, node], services: ["db:1"]}
"""


def test_known_images_are_examined_and_the_rest_is_listed(pipeline: Pipeline) -> None:
    pipeline.write(FOREIGN)
    answer = pipeline.json("--offline")
    assert [image["image"] for image in answer["images"]] == ["app:1", "builder:1", "db:1"]
    assert answer["not_read"] == [
        "project acme/ci-templates: /docker.yml, /go.yml",
        "template Jobs/SAST.gitlab-ci.yml",
        "component $CI_SERVER_FQDN/acme/scan@1",
        "remote https://example.com/ci.yml",
        ".docker-build, which build extends: it may be in an include that was not read",
        ".docker-build, which other extends: it may be in an include that was not read",
        ".also, which other extends: it may be in an include that was not read",
        "image of referring: !reference ['.images', 'node']",
    ]


def test_child_pipelines_are_named(pipeline: Pipeline) -> None:
    pipeline.write("""
.starting: {trigger: {include: [{local: ci/child.yml}, {artifact: made.yml, job: make}]}}
one: {extends: .starting}
two: {trigger: {include: ci/other.yml}}
three: {trigger: group/project}
job: {image: "a:1"}
""")
    assert pipeline.json("--offline")["not_read"] == [
        "ci/child.yml, the pipeline that one starts: examine that file separately",
        "artifact made.yml, the pipeline that one starts",
        "ci/other.yml, the pipeline that two starts: examine that file separately",
    ]


def test_a_job_is_not_refused_because_of_another_one(pipeline: Pipeline, doctor: Doctor) -> None:
    pipeline.write("""
right: {image: "a:1"}
wrong: {extends: .gone, image: "b:1"}
""")
    assert list(pipeline.images(job="right")) == ["a:1"]
    assert pipeline.run("--offline", job="wrong") == 2
    assert pipeline.run("--offline") == 2
    assert "'wrong' extends '.gone', which is not found" in doctor.errors


@pytest.mark.parametrize(("levels", "status"), [(11, 0), (12, 2), (1000, 2)])
def test_levels_of_extends(pipeline: Pipeline, doctor: Doctor, levels: int, status: int) -> None:
    """GitLab: MAX_NESTING_LEVELS of lib/gitlab/ci/config/extendable/entry.rb."""
    chain = "".join(f".j{n}: {{extends: .j{n - 1}}}\n" for n in range(1, levels))
    pipeline.write(f".j0: {{image: 'a:1'}}\n{chain}job: {{extends: .j{levels - 1}}}\n")
    assert pipeline.run("--offline") == status
    assert "over more than 11 levels" in doctor.errors or not status


BIG = {
    "contains itself": "a: &a [*a]\njob: {image: 'x:1', script: *a}\n",
    "a mapping contains itself": "c: &c {script: x, image: *c}\n",
    "aliases": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    + "job: {image: 'x:1', script: *a9}\n",
    "nesting": f"a: {'[' * 100_000}{']' * 100_000}\n",
    "references": ".r0: {s: [x, x, x, x, x, x, x, x, x, x]}\n"
    + "".join(f".r{n}: {{s: [{', '.join([f'!reference [.r{n - 1}, s]'] * 10)}]}}\n" for n in range(1, 9))
    + "job: {image: 'x:1', script: !reference [.r8, s]}\n",
    "a chain": ".j0: {image: 'x:1'}\n"
    + "".join(f"j{n}: {{extends: {'.' if n == 1 else ''}j{n - 1}}}\n" for n in range(1, 1000)),
    "includes": "include: [a.yml]\n",
}


@pytest.mark.parametrize("kind", BIG)
@pytest.mark.parametrize("command", ["job", "pin"])
def test_a_pipeline_that_is_too_large_is_refused_quickly(
    pipeline: Pipeline, doctor: Doctor, kind: str, command: str
) -> None:
    pipeline.write(BIG[kind])
    pipeline.write(f"include: [{', '.join(['b.yml'] * 200)}]\n", "a.yml")
    pipeline.write("x: {image: 'x:1'}\n", "b.yml")
    file = str(pipeline.directory / ".gitlab-ci.yml")
    started = time.process_time()
    assert doctor.run(command, file, *(["--hosted", "--offline"] if command == "job" else [])) == 2
    assert time.process_time() - started < 1
    assert doctor.errors.startswith("runner-doctor: ")
    assert len(doctor.errors) < 500


HUGE = {
    "blocks that do not end": f"spec: {{}}\n---\njob: {{image: '{'$[[ ' * 100_000}', script: [x]}}\n",
    "a block of spaces": f"spec: {{}}\n---\njob: {{image: '$[[ x{' ' * 300_000}', script: [x]}}\n",
    "a huge variable": f"variables: {{A: '{'$[[ ' * 100_000}'}}\njob: {{image: 'a:$A', script: [x]}}\n",
    "wildcards": f"include: 'ci/{'**a' * 60}b'\njob: {{image: 'a:1', script: [x]}}\n",
    "rules": f"include: [{{local: b.yml, rules: [{{exists: '{'*a' * 60}b'}}]}}]\nj: {{image: a}}\n",
}


@pytest.mark.parametrize("kind", HUGE)
def test_no_search_continues_without_end(pipeline: Pipeline, kind: str) -> None:
    pipeline.write(HUGE[kind])
    pipeline.write("", "ci/" + "a" * 200)
    started = time.process_time()
    assert pipeline.run("--offline") in (0, 1)
    assert time.process_time() - started < 1


def test_variables_that_grow(pipeline: Pipeline) -> None:
    variables = "".join(f"  V{n}: '{f'$V{n + 1}' * 50}'\n" for n in range(9))
    pipeline.write(f"variables:\n{variables}  V9: xxxxxxxxxx\njob: {{image: '$V0'}}\n")
    started = time.process_time()
    found = pipeline.findings()["variable-unknown"]
    assert time.process_time() - started < 1
    assert len(found["what"]) < 600


@pytest.mark.parametrize(("number", "status"), [(150, 0), (151, 2)])
def test_how_many_files_are_included(pipeline: Pipeline, doctor: Doctor, number: int, status: int) -> None:
    """GitLab's default for the includes of a pipeline, which counts one as often as it is included:
    docs.gitlab.com/administration/settings/continuous_integration/#maximum-includes"""
    pipeline.write(f"include: [{', '.join(['a.yml'] * number)}]\njob: {{image: 'a:1'}}\n")
    pipeline.write("", "a.yml")
    assert pipeline.run("--offline") == status
    assert ("more than 150 files are included" in doctor.errors) == bool(status)


@pytest.mark.parametrize(
    ("rows", "status"),
    [("[{A: [X]}]", 0), ("[{A: [X], B: [y, z]}]", 2), ("[{A: [X]}, {A: [z]}]", 2), ("[{A: z}, {A: [X]}]", 2)],
)
def test_how_many_jobs_a_matrix_makes(pipeline: Pipeline, doctor: Doctor, rows: str, status: int) -> None:
    """200 at most: docs.gitlab.com/ci/yaml/#parallelmatrix"""
    values = ", ".join(f"v{number}" for number in range(200))
    pipeline.write(f"job: {{image: 'a:1', parallel: {{matrix: {rows.replace('X', values)}}}}}\n")
    assert pipeline.run("--offline") == status
    assert ("a matrix creates more than 200 jobs" in doctor.errors) == bool(status)


@pytest.mark.parametrize(("rules", "status"), [(100, 0), (101, 2)])
def test_how_many_combinations_of_variables_a_job_may_have(
    pipeline: Pipeline, doctor: Doctor, rules: int, status: int
) -> None:
    values = ", ".join(f"v{number}" for number in range(200))
    listed = "".join(f"    - {{if: $R{number}, variables: {{B: b{number}}}}}\n" for number in range(rules))
    pipeline.write(f"job:\n  image: a:1\n  parallel: {{matrix: [{{A: [{values}]}}]}}\n  rules:\n{listed}")
    assert pipeline.run("--offline") == status
    assert ("over 20000 combinations" in doctor.errors) == bool(status)


@pytest.mark.parametrize(("references", "status"), [(10, 0), (11, 2)])
def test_references_to_references(pipeline: Pipeline, doctor: Doctor, references: int, status: int) -> None:
    """GitLab: the depth of lib/gitlab/ci/config/yaml/tags/resolver.rb."""
    chain = "".join(f".r{n}: {{s: !reference [.r{n - 1}, s]}}\n" for n in range(1, references))
    pipeline.write(f".r0: {{s: 'a:1'}}\n{chain}job: {{image: !reference [.r{references - 1}, s]}}\n")
    assert pipeline.run("--offline") == status
    assert ("is nested over more than 10 levels" in doctor.errors) == bool(status)


@pytest.mark.parametrize(("levels", "status"), [(97, 0), (98, 2)])
def test_how_deep_the_yaml_may_be(pipeline: Pipeline, doctor: Doctor, levels: int, status: int) -> None:
    """100 levels, the file's and the job's mapping and the innermost value among them."""
    pipeline.write(f"job:\n  image: a:1\n  script: {'[' * levels}x{']' * levels}\n")
    assert pipeline.run("--offline") == status
    assert ("nested more than 100 levels deep" in doctor.errors) == bool(status)


@pytest.mark.parametrize(
    ("names", "sets"),
    [
        ("abcd", {"".join(each) for size in range(5) for each in itertools.combinations("abcd", size)}),
        (
            "abcde",
            {"abcde", "", "bcde", "acde", "abde", "abce", "abcd", "a", "b", "c", "d", "e"},
        ),
    ],
)
def test_which_conditional_includes_are_left_out_together(
    pipeline: Pipeline, names: str, sets: set[str]
) -> None:
    """Each combination of a few; of more, each alone, all but one, and all."""
    for name in names:
        pipeline.write(f"variables: {{{name}: '{name}'}}\n", f"{name}.yml")
    pipeline.write(f"variables: {{{', '.join(f'{name}: ' for name in names)}}}\n", "none.yml")
    includes = ", ".join(f"{{local: {name}.yml, rules: [{{if: $X_{name}}}]}}" for name in names)
    image = "".join(f"${{{name}}}" for name in names)
    pipeline.write(f"include: [none.yml, {includes}]\njob: {{image: 'x:t{image}'}}\n")
    assert set(pipeline.images()) == {f"x:t{each}" for each in sets}


@pytest.mark.parametrize(
    ("block", "image"),
    [
        ("$[[ inputs.text ]]", "a:v-12"),
        ("$[[inputs.text]]", "a:v-12"),
        ("$[[ inputs.text|truncate(1,3) ]]", "a:-12"),
        ("$[[ inputs.text | truncate( 1 , 3 ) | truncate(1,1) ]]", "a:1"),
        ("$[[ inputs.number ]]", "a:3"),
        ("$[[ inputs.truth ]]", "a:true"),
        ("$[[ inputs.variable ]]-$[[ inputs.number ]]", "a:given-3"),
        ("$[[ inputs.variable | expand_vars | truncate(0,2) ]]", "a:gi"),
        ("$[[ inputs.number ]]$[[ inputs.truth ]]", "a:3true"),
        ("$[[ inputs.text ]", "a:$[[ inputs.text ]"),
        ("$[[ inputs.text | posix_escape ]]", None),
        ("$[[ inputs.gone ]]", None),
        ("$[[ variables.text ]]", None),
    ],
)
def test_each_form_of_an_input(pipeline: Pipeline, block: str, image: str | None) -> None:
    """docs.gitlab.com/ci/inputs/#specify-functions-to-manipulate-input-values"""
    inputs = "{text: {default: v-12}, number: {default: 3}, truth: {default: true}, variable: {default: $V}}"
    pipeline.write(f"spec: {{inputs: {inputs}}}\n---\njob: {{image: 'a:{block}', script: [x]}}\n")
    found = pipeline.json("--offline", "--variable", "V=given")
    assert [each["image"] for each in found["images"]] == ([image] if image else [])


def test_an_input_at_the_start_of_the_text_and_one_that_does_not_end(pipeline: Pipeline) -> None:
    pipeline.write(
        "spec: {inputs: {name: {default: job}}}\n---\n"
        "$[[ inputs.name ]]: {image: 'a:1', variables: {A: '$[[ b'}}\n$[[ inputs.name ]]-2: {image: 'b:1'}\n"
    )
    assert pipeline.images() == {"a:1": ["image of job"], "b:1": ["image of job-2"]}


@pytest.mark.parametrize(("levels", "known"), [(10, True), (11, False)])
def test_how_deep_variables_are_expanded(pipeline: Pipeline, levels: int, known: bool) -> None:
    variables = "".join(f"  V{n}: $V{n + 1}\n" for n in range(levels - 1))
    pipeline.write(f"variables:\n{variables}  V{levels - 1}: a:1\njob: {{image: $V0}}\n")
    assert list(pipeline.images()) == (["a:1"] if known else [])


@pytest.mark.parametrize(("length", "known"), [(8192, True), (8193, False)])
def test_the_length_of_a_text_with_variables_is_limited(pipeline: Pipeline, length: int, known: bool) -> None:
    pipeline.write(f"variables: {{A: '{'a' * length}'}}\njob: {{image: $A}}\n")
    assert ("variable-unknown" in pipeline.findings()) is not known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [", ", line 3: this is not valid YAML: did not find expected node content"),
        ("a:\n\tb: 1\n", ", line 2: this is not valid YAML: found character that cannot start any token"),
        (
            "a: 1\n  b: 2\n",
            ", line 2: this is not valid YAML: mapping values are not allowed in this context",
        ),
        ("a: 1\nb: \x01\n", ", line 2: this is not valid YAML"),
        ("a: 1\nb: *gone\n", ", line 2: this is not valid YAML"),
        ("a: 1\n\nb: !reference x\n", ", line 3: this is not valid YAML"),
        ("a: 1\nb: !reference [[x]]\n", ", line 2: this is not valid YAML"),
        ("a: 1\nb: !reference {x: y}\n", ", line 2: this is not valid YAML"),
        ("spec: {}\n---\na: 1\nb: [", ", line 5: this is not valid YAML: did not find expected node content"),
        ("a: !!int x\n", ": this is not valid YAML"),
        ("a: !!float x\n", ": this is not valid YAML"),
    ],
)
def test_the_place_where_a_text_is_not_valid_yaml(
    pipeline: Pipeline, doctor: Doctor, text: str, message: str
) -> None:
    pipeline.write(f"{text}\n" if text.endswith("[") else text)
    assert pipeline.run("--offline") == 2
    file = pipeline.directory / ".gitlab-ci.yml"
    assert doctor.errors == f"runner-doctor: {file}{message}\n"


@pytest.mark.parametrize(
    ("text", "images"),
    [
        (
            "&n job: {image: &i 'a:1'}\nother: {*n : x, image: *i}\n",
            {"a:1": ["image of job", "image of other"]},
        ),
        ("job: {image: {name: &i 'a:1', x: &l [*i]}}\n", {"a:1": ["image of job"]}),
        (".r: &r !reference [.i, x]\n.i: {x: 'a:1'}\njob: {image: *r}\n", {"a:1": ["image of job"]}),
        ("job: {image: ! 'a:1', 5: x, true: y, [a]: z}\n", {"a:1": ["image of job"]}),
        ("job: {image: !!str a:1, script: !!null x, x: !!bool yes}\n", {"a:1": ["image of job"]}),
        (
            ".t: &t {script: x}\n&k k: 1\njob: {<<: *t, *k : {image: 'no:1'}, services: ['a:1']}\n",
            {"a:1": ["service of job"]},
        ),
        ("job: {<<: x, image: 'a:1'}\n", {"a:1": ["image of job"]}),
        ("job: {<<: [{image: 'a:1'}, x]}\n", {}),
    ],
)
def test_forms_of_yaml(pipeline: Pipeline, text: str, images: dict[str, list[str]]) -> None:
    pipeline.write(text)
    assert {name: users for name, users in pipeline.images().items() if name != "alpine:3.22"} == images


@pytest.mark.parametrize(
    ("rules", "images"),
    [
        ("[x]", {"a:1", "b:1"}),
        ("[{exists: {project: a/b, paths: [Dockerfile]}}]", {"a:1", "b:1"}),
        ("[{exists: [$X]}]", {"a:1", "b:1"}),
        ("[{exists: ['Docker?ile']}]", {"a:1", "b:1"}),
        ("[{exists: ['[D]ockerfile']}]", {"a:1", "b:1"}),
        ("[{exists: ['{Dockerfile}']}]", {"a:1", "b:1"}),
        ("[{exists: ../Dockerfile}]", {"a:1"}),
        ("[{exists: /Dockerfile}]", {"b:1"}),
        ("[{exists: []}]", {"b:1"}),
        ("[]", {"b:1"}),
        ("x", {"b:1"}),
        ("[{exists: sub}]", {"a:1"}),
        ("[{exists: 'sub/**/*.txt'}]", {"b:1"}),
        ("[{exists: 'sub/*.txt'}]", {"a:1"}),
        ("[{exists: '**/c.txt'}]", {"b:1"}),
        ("[{exists: '*.txt'}]", {"a:1"}),
    ],
)
def test_files_in_the_rules_of_an_include(pipeline: Pipeline, rules: str, images: set[str]) -> None:
    """docs.gitlab.com/ci/yaml/includes/#include-with-rulesexists; what only GitLab can evaluate may match."""
    for path in ("Dockerfile", "sub/deep/c.txt"):
        pipeline.write("", path)
    pipeline.write("job: {image: 'a:1'}\n", "a.yml")
    pipeline.write("job: {image: 'b:1'}\n", "b.yml")
    pipeline.write(f"include: [a.yml, {{local: b.yml, rules: {rules}}}]\n")
    assert set(pipeline.images()) == images


def test_invalid_rules_are_left_out(pipeline: Pipeline) -> None:
    pipeline.write("job: {image: $A, variables: {A: 'a:1'}, rules: [x, {if: $X, variables: {A: 'b:1'}}]}\n")
    assert set(pipeline.images()) == {"b:1"}


def test_references_that_nest_too_deeply(pipeline: Pipeline, doctor: Doctor) -> None:
    deep = f"{'[' * 95}!reference [.r, s]{']' * 95}"
    chain = "".join(f".r{n}: {{s: {deep.replace('.r,', f'.r{n - 1},')}}}\n" for n in range(1, 10))
    pipeline.write(f".r0: {{s: {'[' * 95}x{']' * 95}}}\n{chain}job: {{image: a, x: !reference [.r9, s]}}\n")
    assert pipeline.run("--offline") in (0, 2)
    assert (
        not doctor.errors or "'job' is nested too deeply with the content of its !reference" in doctor.errors
    )
