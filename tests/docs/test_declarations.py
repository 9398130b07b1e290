"""The library accepts each declaration in the documentation.

A block of YAML is a stack's file, a declaration, or some keys of one; the registries and runners that it
refers to are then those of `CONTEXT`. A comment in the line before names another kind: `part: PATH` for the
value at a path of a declaration, `.gitlab-ci.yml` for a part of a pipeline.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.stack_file import without_secrets
from pulumi_gitlab_runner.typed_dicts import fields_of

from tests.docs.documents import Block, blocks
from tests.spec.declaration import problems_of
from tests.templates.test_component import schema_errors

SECRETS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
CONTEXT: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "team": {
            "ecr": {},
            "repositories": {"ci/base": {"mutable_tags": ["latest", "cache"]}, "private/image": {}},
        },
        "shared": {
            "ecr": {"account": "210987654321", "region": "us-east-1"},
            "repositories": ["platform/toolchain"],
        },
        "legacy": {
            "host": "registry.example.com:5000",
            "static": {"username": "ci", "password": "pass-word-1"},
        },
        "hub": {
            "pull_through": "docker-hub",
            "upstream_secret": f"{SECRETS}:ecr-pullthroughcache/hub-AbCdEf",
        },
    },
    "runners": {"build": {"group": 42, "registries": ["team"], "host": {}}},
}
WHOLE = "gitlab-runner:stack"
YAML = [block for block in blocks() if block.language == "yaml" and block.mark != ".gitlab-ci.yml"]
PIPELINES = [block for block in blocks() if block.mark == ".gitlab-ci.yml"]


@pytest.mark.parametrize("block", YAML, ids=lambda block: block.name)
def test_the_library_accepts_each_block(block: Block) -> None:
    written = yaml.safe_load(block.text)
    if path := block.mark.removeprefix("part: ") if block.mark.startswith("part: ") else "":
        written = _at(path.split("."), written)
    written = written.get("config", written)
    declared = written.get(WHOLE, written)
    unknown = declared.keys() - fields_of(StackDeclaration).keys()
    assert not unknown, "say what it is in a comment before it: `part: PATH` or `.gitlab-ci.yml`"
    complete = declared if "config" in block.text.split(":")[0] else _completed(declared)
    assert problems_of(without_secrets(_with_certificates(complete), "stack")) == []


def test_the_pipelines_match_gitlabs_schema(tmp_path: Path) -> None:
    files = [tmp_path / f"{index}.yml" for index in range(len(PIPELINES))]
    for file, block in zip(files, PIPELINES, strict=True):
        file.write_text(block.text)
    assert files
    assert schema_errors(*files) == ""


def _at(path: list[str], value: Any) -> Any:
    return _at(path[:-1], {path[-1]: value}) if path else value


def _completed(declared: dict[str, Any]) -> dict[str, Any]:
    """Some keys of a declaration, with all that they refer to; a runner needs a scope and a host."""
    whole = deepcopy(CONTEXT) | declared
    whole["registries"] = CONTEXT["registries"] | declared.get("registries", {})
    whole["runners"] = CONTEXT["runners"] | {
        name: ({} if {"group", "project", "instance"} & runner.keys() else {"group": 42})
        | ({} if {"host", "host_of", "fleet"} & runner.keys() else {"host": {}})
        | runner
        for name, runner in declared.get("runners", {}).items()
    }
    return whole


def _with_certificates(value: Any) -> Any:
    """The value with a valid certificate for each one that a page shortens."""
    if isinstance(value, dict):
        return {key: _with_certificates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_certificates(each) for each in value]
    shortened = isinstance(value, str) and value.startswith("-----BEGIN CERTIFICATE-----")
    return trustme.CA().cert_pem.bytes().decode() if shortened else value
