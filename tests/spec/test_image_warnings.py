"""Warnings about images and hosts of registries that are valid, but probably not the intended ones."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.finding import Finding, Severity
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.image_warnings import image_warnings

from tests.spec.declaration import changed, declaration, output

STATIC = {"static": {"username": "me", "password": "pass-word-1"}}


def warnings(declared: Any) -> list[Finding]:
    """The warnings of a declaration."""
    return list(image_warnings(parse_stack(declared)))


def test_a_good_declaration_gives_no_warning() -> None:
    assert warnings(declaration()) == []


def test_an_image_without_the_name_of_its_registry() -> None:
    assert warnings(changed("runners/build/image", "ci/base:1")) == [
        Finding(
            Severity.WARNING,
            "stack.runners.build.image",
            "'ci/base:1' is an image of Docker Hub, and the registry 'team' has a repository of that name",
            "write team/ci/base:1 for that one, or docker.io/ci/base:1",
        )
    ]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("ci/base", True),
        ("platform/toolchain:1", True),
        ("docker.io/ci/base:1", False),
        ("index.docker.io/ci/base:1", False),
        ("team/ci/base:1", False),
        ("ci/bas:1", False),
        ("quay.io/ci/base:1", False),
        ("cached/app:1", False),
        ("redis:7", False),
    ],
)
def test_images_and_services(image: str, expected: bool) -> None:
    declared = changed("registries/cache", {"pull_through": "quay", "repositories": ["cached/app"]})
    declared["runners"]["build"]["services"] = [{"name": "alpine"}, {"name": image}]
    assert [each.path for each in warnings(declared)] == ["stack.runners.build.services[1].name"] * expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("index.docker.io", True),
        ("hub.docker.com", True),
        ("registry-1.docker.io", True),
        ("registry.hub.docker.com/me", True),
        ("docker.io", False),
        ("docker.io/me", False),
        ("docker.io.example.com", False),
    ],
)
def test_a_host_that_is_not_in_the_names_of_docker_hubs_images(host: str, expected: bool) -> None:
    found = warnings({"registries": {"own": {"host": host, **STATIC}}})
    assert [(each.path, each.fix) for each in found] == [
        ("stack.registries.own.host", "write docker.io")
    ] * expected


def test_values_that_are_known_later_give_no_warning() -> None:
    declared = changed("runners/build/image", output())
    declared["registries"]["own"] = {"host": output(), **STATIC}
    assert warnings(declared) == []
