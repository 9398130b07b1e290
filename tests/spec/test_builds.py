"""Images that a stack builds: which declarations are refused, and how the others are read."""

from collections.abc import Mapping
from typing import Any

import pulumi_docker_build
import pytest
from pulumi_gitlab_runner.spec import Problem, parse_stack
from pulumi_gitlab_runner.spec.builds import PLATFORMS, Build

from tests.spec.declaration import declaration, output, problems_of

BASE = {"repository": "team/ci/base", "context": "images/base"}
OTHERS: dict[str, Any] = {
    "hub": {"pull_through": "quay"},
    "gallery": {"ecr_public": {}},
    "open": {"host": "registry.gitlab.com", "gitlab": {}},
}
AT = "stack.builds.base"
TAG = "a tag: up to 128 letters, digits and _.-"


def building(build: Mapping[str, Any] | None = None, /, **builds: Any) -> dict[str, Any]:
    """The good declaration with more registries, and a build that differs in some keys."""
    declared = declaration()
    declared["registries"] |= OTHERS
    declared["registries"]["team"]["repositories"]["ci/base"] = {"mutable_tags": ["latest", "cache-*"]}
    declared["builds"] = {"base": BASE | (build or {}), **builds}
    return declared


def test_every_key_reaches_the_build() -> None:
    declared = building(
        {
            "dockerfile": "ci.Dockerfile",
            "args": {"VERSION": "3"},
            "secrets": {"npm": "canary", "apt": output()},
            "target": "ci",
            "platforms": ["linux/amd64", "linux/arm64"],
            "tags": ["latest"],
            "cache": "cache-base",
        }
    )
    assert parse_stack(declared).builds == {
        "base": Build(
            repository="team/ci/base",
            context="images/base",
            dockerfile="ci.Dockerfile",
            args={"VERSION": "3"},
            secrets=("apt", "npm"),
            target="ci",
            platforms=("linux/amd64", "linux/arm64"),
            tags=("latest",),
            cache="cache-base",
        )
    }


def test_the_smallest_build() -> None:
    assert parse_stack(building()).builds == {"base": Build("team/ci/base", "images/base")}


def test_a_stack_has_no_builds_by_default() -> None:
    assert parse_stack(declaration()).builds == {}


@pytest.mark.parametrize("repository", ["legacy/team/app", "open/group/project"])
def test_a_build_may_push_to_other_registries(repository: str) -> None:
    assert problems_of(building({"repository": repository, "tags": ["latest"], "cache": "cache"})) == []


def test_the_platforms_are_those_of_the_provider() -> None:
    assert set(PLATFORMS) <= {each.value for each in pulumi_docker_build.Platform}


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        ({"context": ""}, Problem(f"{AT}.context", "an empty text", "a context")),
        (
            {"args": {"NPM_TOKEN": "canary"}},
            Problem(
                f"{AT}.args.NPM_TOKEN",
                "a build argument with the name of a secret",
                "arguments that are not secret: they can be read from the image",
                "declare it under 'secrets', and read it with RUN --mount=type=secret",
            ),
        ),
        (
            {"args": {"VERSION": output()}},
            Problem(
                f"{AT}.args.VERSION",
                "an Output",
                "text",
                "decides which resources exist, so it must be a plain value",
            ),
        ),
        (
            {"secrets": {"a b": "canary"}},
            Problem(
                f'{AT}.secrets["a b"]',
                "'a b'",
                "an id of letters, digits and _.-, as the Dockerfile names it",
            ),
        ),
        (
            {"secrets": {"npm": 5}},
            Problem(f"{AT}.secrets.npm", "a whole number", "text", "put it in quotes"),
        ),
        (
            {"platforms": ["linux/amd46"]},
            Problem(
                f"{AT}.platforms[0]", "'linux/amd46'", ", ".join(PLATFORMS), "did you mean 'linux/amd64'?"
            ),
        ),
        (
            {"platforms": ["linux/arm64", "linux/arm64"]},
            Problem(f"{AT}.platforms[1]", "'linux/arm64', a duplicate", "each platform once"),
        ),
        ({"repository": "legacy/a", "tags": ["a:b"]}, Problem(f"{AT}.tags[0]", "'a:b'", TAG)),
        ({"repository": "legacy/a", "cache": ""}, Problem(f"{AT}.cache", "''", TAG)),
        (
            {"repository": "legacy/a", "tags": ["content-1"]},
            Problem(
                f"{AT}.tags[0]",
                "'content-1'",
                "a tag that does not begin with 'content-', which is reserved",
            ),
        ),
        (
            {"tags": ["latest"], "cache": "latest"},
            Problem(f"{AT}.cache", "'latest'", "a tag that is not in 'tags'"),
        ),
        (
            {"tags": ["stable"]},
            Problem(
                f"{AT}.tags[0]",
                "'stable', an immutable tag",
                "tags that 'mutable_tags' of 'ci/base' allows",
                "declare it there: mutable_tags: [stable]",
            ),
        ),
        (
            {"cache": "build"},
            Problem(
                f"{AT}.cache",
                "'build', an immutable tag",
                "tags that 'mutable_tags' of 'ci/base' allows",
                "declare it there: mutable_tags: [build]",
            ),
        ),
        (
            {"repository": "taem/ci/base"},
            Problem(
                f"{AT}.repository",
                "'taem/ci/base'",
                "REGISTRY/REPOSITORY, with a declared registry: "
                "team, shared, legacy, vault, hub, gallery, open",
                "did you mean 'team'?",
            ),
        ),
        (
            {"repository": "team/ci/bas"},
            Problem(
                f"{AT}.repository",
                "the repository 'ci/bas' of the registry 'team'",
                "private/image, ci/base",
                "did you mean 'ci/base'?",
            ),
        ),
        (
            {"repository": "legacy/app:1"},
            Problem(f"{AT}.repository", "'legacy/app:1'", "a repository without a tag and a digest"),
        ),
        *(
            (
                {"repository": f"{registry}/platform/toolchain"},
                Problem(
                    f"{AT}.repository",
                    f"a repository of the registry {registry!r}",
                    "a registry that this stack can push to",
                    why,
                ),
            )
            for registry, why in {
                "shared": "the registry is another account's: build the image in a stack there",
                "hub": "ECR imports these images from the upstream registry",
                "gallery": "public.ecr.aws is only pulled from",
            }.items()
        ),
    ],
)
def test_a_bad_build_is_refused(build: dict[str, Any], problem: Problem) -> None:
    assert problems_of(building(build)) == [problem]


def test_two_builds_of_one_repository_are_refused() -> None:
    assert problems_of(building(again=BASE)) == [
        Problem(
            "stack.builds.again.repository",
            "'team/ci/base', which the build 'base' also pushes to",
            "a repository for each build",
        )
    ]


def test_a_key_that_is_missing_or_unknown_is_refused() -> None:
    (missing, unknown) = problems_of(building(tools={"repository": "team/private/image", "contxt": "."}))
    assert (missing.path, missing.found) == ("stack.builds.tools", "no 'context'")
    assert (unknown.path, unknown.fix) == ("stack.builds.tools.contxt", "did you mean 'context'?")
