"""How a declaration of ECR's settings is read, with its defaults."""

from typing import Any

import pytest
from pulumi_gitlab_runner.images.retention import TagRule
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.ecr_settings import (
    CreationTemplate,
    EcrSettings,
    Replica,
    ReplicaSource,
    Scanning,
)
from pulumi_gitlab_runner.spec.registries import Repository

from tests.spec.declaration import ENVIRONMENT, changed, ecr_settings, output, problems_of, repositories

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"


def test_every_setting_of_a_repository() -> None:
    declared = {
        "keep_images": 50,
        "untagged_days": 3,
        "keep": [{"tags": ["release-*", "v*"], "images": 500}, {"tags": ["mr-*"], "days": 14}],
        "mutable_tags": ["latest", "cache-*"],
        "kms_key": KEY,
        "delete_images": True,
        "adopt": True,
    }
    assert repositories({"repositories": {"ci/base": declared}}, "images") == {
        "ci/base": Repository(
            "ci/base",
            keep_images=50,
            untagged_days=3,
            keep=(
                TagRule("release-*", images=500),
                TagRule("v*", images=500),
                TagRule("mr-*", days=14),
            ),
            mutable_tags=("latest", "cache-*"),
            kms_key=KEY,
            delete_images=True,
            adopt=True,
        )
    }


def test_a_repository_keeps_its_tags_and_its_images_by_default() -> None:
    (repository,) = repositories({"repositories": ["ci/base"]}, "images").values()
    assert (repository.mutable_tags, repository.delete_images, repository.adopt) == ((), False, False)


def test_a_key_may_be_known_later() -> None:
    key = output()
    declared = {"repositories": {"ci/base": {"kms_key": key}}}
    assert repositories(declared, "images")["ci/base"].kms_key is key


def test_every_setting_of_a_registry() -> None:
    declared = {
        "replicate_to": [
            {"region": "us-east-1"},
            {"region": "eu-west-1", "account": "210987654321", "prefixes": ["team/"]},
        ],
        "replicate_from": [{"account": "210987654321"}],
        "scanning": {"enhanced": True, "on_push": [], "continuous": ["team/*", "base"]},
        "creation_templates": {
            "hub": {"keep_images": 20},
            "ROOT": {"mutable_tags": [], "allow_pull": ["210987654321"], "tags": {"team": "ci"}},
        },
    }
    assert ecr_settings(declared, "eu-west-1", "ecr") == EcrSettings(
        replicate_to=(Replica("us-east-1"), Replica("eu-west-1", "210987654321", ("team/",))),
        replicate_from=(ReplicaSource("210987654321"),),
        scanning=Scanning(enhanced=True, on_push=(), continuous=("team/*", "base")),
        creation_templates={
            "hub": CreationTemplate("hub", keep_images=20, mutable_tags=("*",)),
            "ROOT": CreationTemplate("ROOT", ("210987654321",), {"team": "ci"}),
        },
    )


@pytest.mark.parametrize(
    ("template", "needed"),
    [({}, False), ({"tags": {"a": "b"}}, True), ({"kms_key": KEY}, True), ({"kms_key": output()}, True)],
)
def test_ecr_needs_a_role_to_tag_and_to_encrypt(template: dict[str, Any], *, needed: bool) -> None:
    made = ecr_settings({"creation_templates": {"hub": template}}, "eu-west-1", "ecr")
    assert made.creation_templates["hub"].needs_role is needed


SHARED = "arn:aws:ecr:us-east-1:210987654321:repository"


@pytest.mark.parametrize(
    ("caches", "repositories", "pulled", "cached"),
    [
        ([], ["tools"], [f"{SHARED}/tools"], []),
        (["hub"], ["tools"], [f"{SHARED}/tools"], [f"{SHARED}/hub/*"]),
        (["hub", "quay"], ["hub/library/redis"], [], [f"{SHARED}/hub/library/redis", f"{SHARED}/quay/*"]),
        (["hub"], ["hubs/a"], [f"{SHARED}/hubs/a"], [f"{SHARED}/hub/*"]),
    ],
)
def test_the_caches_of_another_account(
    caches: list[str], repositories: list[str], pulled: list[str], cached: list[str]
) -> None:
    ecr = {"account": "210987654321", "region": "us-east-1", "caches": caches}
    registry = parse_stack({"registries": {"shared": {"ecr": ecr, "repositories": repositories}}}).registries[
        "shared"
    ]
    access = registry.pull_access(ENVIRONMENT)
    assert (list(access.repositories), list(access.cached), access.owner) == (pulled, cached, "210987654321")
    assert registry.may_hold(repositories[0])
    assert not registry.may_hold("other")
    assert registry.may_hold("hub/anything") is (f"{SHARED}/hub/*" in cached)
    assert registry.is_cached("hub/anything") is ("hub" in caches)
    assert not registry.is_cached("hub")


def test_every_repository_is_scanned_on_push_by_default() -> None:
    assert ecr_settings({"scanning": {}}, None, "ecr").scanning == Scanning(
        enhanced=False, on_push=("*",), continuous=()
    )


def test_without_settings_a_registry_is_left_unchanged() -> None:
    settings = {"us-east-1": {"creation_templates": {"team": {}}}}
    assert problems_of(changed("ecr_settings", settings)) == []
    made = ecr_settings(settings["us-east-1"], "us-east-1", "ecr")
    assert (made.replicate_to, made.replicate_from, made.scanning) == ((), (), None)
