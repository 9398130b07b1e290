"""The command line: help, version, explanations, completion, and the formats of reports."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pulumi_gitlab_runner.doctor.explanations import EXPLANATIONS
from pulumi_gitlab_runner.doctor.finding import FindingName
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from documentation.findings import findings_page
from tests.doctor.host_tree import Doctor, HostTree

COMMANDS = ["image", "job", "pin", "host", "online"]
FINDINGS_PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
# https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^./]|^\\.[^/]"},
                    "lines": {
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                        "required": ["begin"],
                    },
                },
            },
        },
    },
}
PIPELINE = """include: ci/more.yml
one: {image: "Bad/Name"}
two: {image: "$GONE"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "ci").mkdir()
    (tmp_path / ".gitlab-ci.yml").write_text(PIPELINE)
    (tmp_path / "ci" / "more.yml").write_text("\n\nthree: {image: 'Bad/Name'}\nfour: {image: 'Other/Name'}\n")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(doctor: Doctor, command: str) -> None:
    assert doctor.run(command, "--help") == 0
    examples = doctor.output.partition("examples:")[2].split("\n\n")[0]
    assert f"runner-doctor {command}" in examples


def test_version(doctor: Doctor) -> None:
    assert doctor.run("--version") == 0
    assert re.fullmatch(r"runner-doctor \d+\.\d+\S*\n", doctor.output)


@pytest.mark.parametrize("name", FindingName)
def test_every_finding_is_explained(doctor: Doctor, name: FindingName) -> None:
    explained = EXPLANATIONS[name]
    assert explained.page.startswith("https://")
    assert doctor.run("--explain", name) == 0
    shown = " ".join(doctor.output.split())
    assert shown == f"{name} {explained.what} To fix it: {explained.fix} See {explained.page}"


def test_the_page_of_findings_matches_the_code() -> None:
    """Print `findings_page()` to write it again."""
    assert FINDINGS_PAGE.read_text() == findings_page()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--explain", "gone"], "unknown finding 'gone', only: access-forbidden, "),
        (
            ["--explain", "no-credential"],
            "unknown finding 'no-credential', did you mean 'no-credentials'?",
        ),
        (["--completion", "tcsh"], "accepts bash, zsh or fish, not 'tcsh'"),
        (["job", "x", "--input", "novalue", "--hosted"], "--input accepts NAME=VALUE"),
        (["image", "a:1", "--format", "sarif"], "invalid choice: 'sarif'"),
        (["pin"], "the following arguments are required: FILE"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_usage_errors(doctor: Doctor, arguments: list[str], message: str) -> None:
    assert doctor.run(*arguments) == 2
    assert message in doctor.errors


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(doctor: Doctor, shell: str) -> None:
    assert doctor.run("--completion", shell) == 0
    assert "runner-doctor" in doctor.output


@pytest.mark.parametrize(
    ("line", "expected"), [("runner-doctor p", "pin"), ("runner-doctor pin --ch", "--check")]
)
def test_the_completion_of_a_line(line: str, expected: str, tmp_path: Path) -> None:
    """As bash does it: the answer is written to a file in place of descriptor 8."""
    answer = tmp_path / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    program = "from pulumi_gitlab_runner.doctor.command_line import main; main()"
    subprocess.run([sys.executable, "-c", program], env=environment, timeout=60, check=False)
    assert expected in answer.read_text()


def located(report: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    return {
        (each["check_name"], each["location"]["path"], each["location"]["lines"]["begin"]) for each in report
    }


@pytest.mark.parametrize("command", ["job", "pin"])
def test_code_quality(doctor: Doctor, project: Path, command: str) -> None:
    options = ["--hosted", "--offline"] if command == "job" else []
    file = str(project / ".gitlab-ci.yml")
    assert doctor.run(command, file, *options, "--format", "code-quality") == 1
    report = json.loads(doctor.output)
    Draft202012Validator(CODE_QUALITY).validate(report)
    assert len({each["fingerprint"] for each in report}) == len(report)
    if command == "job":
        assert located(report) == {
            ("image-name", ".gitlab-ci.yml", 2),
            ("variable-unknown", ".gitlab-ci.yml", 3),
            ("image-name", "ci/more.yml", 3),
            ("image-name", "ci/more.yml", 4),
        }
    else:
        lines = {(".gitlab-ci.yml", 2), (".gitlab-ci.yml", 3), ("ci/more.yml", 3), ("ci/more.yml", 4)}
        assert {each[1:] for each in located(report)} == lines


def test_the_same_mistake_twice_has_two_fingerprints(doctor: Doctor, project: Path) -> None:
    """GitLab shows findings with one fingerprint as one."""
    file = project / ".gitlab-ci.yml"
    file.write_text("one: {image: 'Bad/Name'}\ntwo: {image: 'Bad/Name'}\n")
    doctor.run("job", str(file), "--hosted", "--offline", "--format", "code-quality")
    report = json.loads(doctor.output)
    assert [each["location"]["lines"]["begin"] for each in report] == [1, 2]
    assert len({each["fingerprint"] for each in report}) == 2


def test_a_fingerprint_stays_when_lines_are_added_before_it(doctor: Doctor, project: Path) -> None:
    file = project / ".gitlab-ci.yml"
    fingerprints = []
    for text in (PIPELINE, f"# one more\n{PIPELINE}"):
        file.write_text(text)
        doctor.run("job", str(file), "--hosted", "--offline", "--format", "code-quality")
        fingerprints.append({each["fingerprint"] for each in json.loads(doctor.output)})
    assert fingerprints[0] == fingerprints[1]


@pytest.mark.parametrize("command", ["job", "pin"])
def test_sarif(doctor: Doctor, project: Path, command: str) -> None:
    options = ["--hosted", "--offline"] if command == "job" else []
    assert doctor.run(command, str(project / ".gitlab-ci.yml"), *options, "--format", "sarif") == 1
    log = json.loads(doctor.output)
    Sarif.model_validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    places = [
        (
            place["physicalLocation"]["artifactLocation"]["uri"],
            place["physicalLocation"]["region"]["startLine"],
        )
        for result in run["results"]
        for place in result["locations"]
    ]
    assert {(".gitlab-ci.yml", 2), ("ci/more.yml", 3)} <= set(places)


def test_reports_without_a_finding(doctor: Doctor, project: Path) -> None:
    (project / "well.yml").write_text("job: {image: 'a:1'}\n")
    arguments = ["job", str(project / "well.yml"), "--hosted", "--offline", "--format"]
    assert doctor.run(*arguments, "code-quality") == 0
    assert json.loads(doctor.output) == []
    assert doctor.run(*arguments, "sarif") == 0
    Sarif.model_validate(json.loads(doctor.output))


def test_the_summary_fits_80_columns(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    long = "registry.example.com:5000/" + "a-long-name/" * 12 + "image"
    file.write_text(f"one: {{image: 'a:1', services: ['{long}:1']}}\ntwo: {{image: 'a:1'}}\n")
    assert doctor.run("job", str(file), "--root", str(host.root), "--offline") == 0
    assert max(map(len, doctor.output.splitlines())) <= 80
    assert re.search(r"(?m)^✔ +2 +none +not asked +a:1$", doctor.output)


CONTROL_CHARACTERS = "\x1b[31m\x9b2J\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ["image", f"a{CONTROL_CHARACTERS}:1", "--hosted", "--offline"],
        ["image", "a:1", "--hosted", f"--no{CONTROL_CHARACTERS}"],
        ["job", f"{CONTROL_CHARACTERS}.yml", "--hosted"],
        ["host", "--root", f"/{CONTROL_CHARACTERS}"],
        ["--explain", CONTROL_CHARACTERS],
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_argument_prints_control_characters(doctor: Doctor, arguments: list[str], form: list[str]) -> None:
    doctor.run(*arguments, *form)
    assert all(each.isprintable() or each == "\n" for each in doctor.output + doctor.errors)


def test_no_pipeline_prints_control_characters(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    control_characters = "\\e[31m\\x9b\\u202E"
    file.write_text(
        f'include: [{{project: "{control_characters}"}}]\n'
        f'"job{control_characters}": {{image: "a{control_characters}", extends: ".x{control_characters}"}}\n'
        f'two: {{image: "$[[ {control_characters} ]]"}}\n'
    )
    for form in ("text", "json", "sarif", "code-quality"):
        for command in (["job", str(file), "--root", str(host.root), "--offline"], ["pin", str(file)]):
            doctor.run(*command, "--format", form)
            assert all(each.isprintable() or each == "\n" for each in doctor.output + doctor.errors)
