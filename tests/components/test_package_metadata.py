"""The metadata of the package in its schema."""

import tomllib
from email.message import Message
from typing import Any

import pytest
from pulumi_gitlab_runner.package.metadata import registry_metadata

from sandbox.paths import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "components" / "pyproject.toml").read_text())["project"]


@pytest.fixture
def distribution() -> Message:
    """A distribution's core metadata, with the addresses of a repository."""
    message = Message()
    message["Summary"] = "Runners"
    message["License-Expression"] = "Apache-2.0"
    message["Keywords"] = "pulumi,gitlab"
    message["Author"] = "The authors"
    message["Project-URL"] = "Repository, https://git.example.com/platform/pulumi-gitlab-runner.git"
    message["Project-URL"] = "Homepage, https://runner.example.com"
    return message


def test_texts_and_urls_are_those_of_the_distribution(distribution: Message) -> None:
    found = registry_metadata({"name": "gitlab-runner"}, distribution)
    assert {name: each for name, each in found.items() if name not in ("language", "meta")} == {
        "name": "gitlab-runner",
        "displayName": "GitLab Runner",
        "description": "Runners",
        "keywords": ["pulumi", "category/cloud", "kind/component", "gitlab"],
        "license": "Apache-2.0",
        "publisher": "The authors",
        "repository": "https://git.example.com/platform/pulumi-gitlab-runner.git",
        "homepage": "https://runner.example.com",
    }
    assert (
        found["language"]["go"]["importBasePath"]
        == "git.example.com/platform/pulumi-gitlab-runner/sdk/go/gitlabrunner"
    )


def test_the_homepage_is_the_repository_by_default(distribution: Message) -> None:
    address = "https://git.example.com/runner"
    del distribution["Project-URL"]
    distribution["Project-URL"] = f"Repository, {address}"
    found = registry_metadata({}, distribution)
    assert (found["repository"], found["homepage"]) == (address, address)


def test_without_a_repository_the_import_path_has_no_host(distribution: Message) -> None:
    del distribution["Project-URL"]
    found = registry_metadata({}, distribution)
    assert not {"repository", "homepage"} & found.keys()
    first, _, _ = found["language"]["go"]["importBasePath"].partition("/")
    assert "." not in first  # Go interprets a first part with a dot as a host


def test_settings_of_a_language_from_the_analyzer_are_kept(distribution: Message) -> None:
    schema: dict[str, Any] = {"language": {"nodejs": {"respectSchemaVersion": True}}}
    found = registry_metadata(schema, distribution)["language"]
    assert found["nodejs"] == {
        "respectSchemaVersion": True,
        "packageName": "pulumi-gitlab-runner",
        "packageDescription": "Runners",
    }
    assert set(found) == {"nodejs", "python", "go", "csharp", "java"}
    assert schema == {"language": {"nodejs": {"respectSchemaVersion": True}}}


def test_the_installed_distributions_metadata_is_the_default() -> None:
    found = registry_metadata({})
    assert (found["description"], found["license"]) == (PROJECT["description"], PROJECT["license"])
    assert set(PROJECT["keywords"]) <= set(found["keywords"])


def test_the_settings_of_each_language(distribution: Message) -> None:
    found = registry_metadata({}, distribution)
    assert found["meta"] == {"supportPack": True}
    assert found["language"] == {
        "nodejs": {"packageName": "pulumi-gitlab-runner", "packageDescription": "Runners"},
        "python": {"packageName": "pulumi_gitlab_runner_sdk", "pyproject": {"enabled": True}},
        "go": {
            "importBasePath": "git.example.com/platform/pulumi-gitlab-runner/sdk/go/gitlabrunner",
            "generateResourceContainerTypes": True,
            "generateExtraInputTypes": True,
            "disableObjectDefaults": True,
        },
        "csharp": {"rootNamespace": "PulumiGitLabRunner", "namespaces": {"gitlab-runner": "GitLabRunner"}},
        "java": {"buildFiles": "gradle"},
    }


@pytest.mark.parametrize(
    ("keywords", "further"),
    [("", []), (None, []), ("a, b ,", ["a", "b"]), ("kind/component,category/cloud,pulumi,a", ["a"])],
)
def test_the_keywords_for_the_registry_appear_once(
    distribution: Message, keywords: str | None, further: list[str]
) -> None:
    del distribution["Keywords"]
    if keywords is not None:
        distribution["Keywords"] = keywords
    found = registry_metadata({"meta": {"a": 1}}, distribution)
    assert found["keywords"] == ["pulumi", "category/cloud", "kind/component", *further]
    assert found["meta"] == {"a": 1, "supportPack": True}
