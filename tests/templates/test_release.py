"""The pipeline of this repository, which publishes a release."""

import re
import subprocess

import yaml
from pulumi_gitlab_runner import __version__

from sandbox.paths import CHECKOUT
from tests.templates.test_component import schema_errors

PIPELINE = CHECKOUT / ".gitlab-ci.yml"
JOBS = yaml.safe_load(PIPELINE.read_text())


def test_the_pipeline_matches_gitlabs_schema() -> None:
    assert schema_errors(PIPELINE) == ""


def test_only_the_tag_of_a_version_creates_a_release() -> None:
    for name in ("publish", "release"):
        (rule,) = JOBS[name]["rules"]
        pattern = re.fullmatch(r"\$CI_COMMIT_TAG =~ /(.+)/", rule["if"])
        assert pattern
        assert re.search(pattern[1], __version__)
        assert not re.search(pattern[1], f"v{__version__}")
    assert "test" in JOBS["release"]["needs"]


def test_a_tag_must_be_the_version_in_the_changelog() -> None:
    steps = [step for step in JOBS["publish"]["script"] if step.startswith(("version=", "test ", "grep "))]
    for tag, exit_code in ((__version__, 0), ("9.9.9", 1)):
        ended = subprocess.run(
            ["sh", "-e", "-c", "\n".join(steps)],
            cwd=CHECKOUT,
            env={"CI_COMMIT_TAG": tag, "PATH": "/usr/bin:/bin"},
        )
        assert ended.returncode == exit_code
