"""Settings of ECR that are refused: of repositories, of caches' credentials, and of a registry."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError, Problem

from tests.spec.declaration import changed, ecr_settings, problems_of, repositories

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
CREDENTIALS = {"username": "me", "access_token": "canary-4711"}
AT = 'images.repositories["ci/base"]'
PATTERN = "1 to 128 of a-z, A-Z, 0-9, '.', '_', '-', and '*' for any characters, {} times at most"
SETTINGS = "replicate_to, replicate_from, scanning, creation_templates"


def keep(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"keep": list(rules)}


REPOSITORIES: dict[str, tuple[dict[str, Any], Problem]] = {
    "a rule that keeps nothing": (
        keep({"tags": ["mr-*"]}),
        Problem(f"{AT}.keep[0]", "neither 'images' nor 'days'", "exactly one of images, days"),
    ),
    "a rule by number and by age": (
        keep({"tags": ["mr-*"], "images": 1, "days": 1}),
        Problem(f"{AT}.keep[0]", "images, days", "exactly one of images, days"),
    ),
    "a rule for no days": (
        keep({"tags": ["mr-*"], "days": 0}),
        Problem(f"{AT}.keep[0].days", "0", "1 or more"),
    ),
    "a rule without a tag": (
        keep({"tags": [], "days": 14}),
        Problem(f"{AT}.keep[0].tags", "no patterns", "at least one, such as release-*"),
    ),
    "two rules for a pattern": (
        keep({"tags": ["v*"], "images": 5}, {"tags": ["mr-*", "v*"], "days": 14}),
        Problem(
            f"{AT}.keep[1].tags[1]",
            f"'v*', which {AT}.keep[0].tags[0] already matches",
            "one rule for each pattern",
        ),
    ),
    "a rule for all tags beside keep_images": (
        keep({"tags": ["*"], "days": 14}),
        Problem(
            f"{AT}.keep[0].tags[0]", "'*', which keep_images already matches", "one rule for each pattern"
        ),
    ),
    "five wildcards of a rule": (
        keep({"tags": ["*a*b*c*d*"], "days": 14}),
        Problem(f"{AT}.keep[0].tags[0]", "'*a*b*c*d*'", PATTERN.format(4)),
    ),
    "more rules than ECR takes": (
        keep({"tags": [f"v{number}" for number in range(49)], "days": 14}),
        Problem(f"{AT}.keep", "49 patterns", "48 at most, as ECR allows 50 rules"),
    ),
    "an unknown key of a rule": (
        keep({"tag": "mr-*", "days": 14, "tags": ["mr-*"]}),
        Problem(
            f"{AT}.keep[0].tag",
            "the key 'tag', which is not known here",
            "tags, images, days",
            "did you mean 'tags'?",
        ),
    ),
    "three wildcards of a mutable tag": (
        {"mutable_tags": ["latest", "*-cache-*-*"]},
        Problem(f"{AT}.mutable_tags[1]", "'*-cache-*-*'", PATTERN.format(2)),
    ),
    "a mutable tag that is no tag": (
        {"mutable_tags": ["feature/*"]},
        Problem(f"{AT}.mutable_tags[0]", "'feature/*'", PATTERN.format(2)),
    ),
    "six mutable tags": (
        {"mutable_tags": list("abcdef")},
        Problem(f"{AT}.mutable_tags", "6 patterns", "5 at most", '["*"] is for all tags'),
    ),
    "an alias in the place of a key": (
        {"kms_key": "arn:aws:kms:eu-west-1:123456789012:alias/images"},
        Problem(
            f"{AT}.kms_key",
            "'arn:aws:kms:eu-west-1:123456789012:alias/images'",
            "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID",
            "ECR returns the key of an alias, which would show as a change",
        ),
    ),
}


@pytest.mark.parametrize(("settings", "problem"), REPOSITORIES.values(), ids=REPOSITORIES)
def test_a_bad_repository_has_exactly_this_problem(settings: dict[str, Any], problem: Problem) -> None:
    with pytest.raises(DeclarationError) as raised:
        repositories({"repositories": {"ci/base": settings}}, "images")
    assert list(raised.value.problems) == [problem]


def test_a_key_must_be_in_the_region_of_its_repository() -> None:
    registry = {"ecr": {"region": "us-east-1"}, "repositories": {"ci/base": {"kms_key": KEY}}}
    assert problems_of(changed("registries/other", registry)) == [
        Problem(
            'stack.registries.other.repositories["ci/base"].kms_key',
            "a key in eu-west-1",
            "a key in us-east-1, the region of the repository",
        )
    ]


CACHES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two kinds of credentials": (
        {"pull_through": "docker-hub", "upstream_secret": SECRET_ARN, "upstream_credentials": CREDENTIALS},
        Problem(
            "stack.registries.hub",
            "upstream_secret, upstream_credentials, for docker-hub",
            "one of upstream_secret and upstream_credentials",
            "ECR caches docker-hub only with credentials; without credentials: ecr-public, kubernetes, quay",
        ),
    ),
    "credentials that ECR does not use": (
        {"pull_through": "quay", "upstream_credentials": CREDENTIALS},
        Problem(
            "stack.registries.hub.upstream_credentials",
            "'upstream_credentials', for quay",
            "no 'upstream_credentials': ECR pulls from quay without credentials",
        ),
    ),
    "an empty token": (
        {"pull_through": "ghcr", "upstream_credentials": {"username": "me", "access_token": ""}},
        Problem(
            "stack.registries.hub.upstream_credentials", "an empty value", "'username' and 'access_token'"
        ),
    ),
    "credentials of a registry of another kind": (
        {"ecr_public": {}, "upstream_credentials": CREDENTIALS},
        Problem(
            "stack.registries.hub.upstream_credentials",
            "'upstream_credentials', together with 'ecr_public'",
            "'upstream_credentials' only together with pull_through",
            "only a pull-through cache has an upstream",
        ),
    ),
    "a token of a wrong type, which is not shown": (
        {"pull_through": "ghcr", "upstream_credentials": {"username": "me", "access_token": 4711}},
        Problem(
            "stack.registries.hub.upstream_credentials.access_token",
            "a whole number",
            "text",
            "put it in quotes",
        ),
    ),
}


@pytest.mark.parametrize(("registry", "problem"), CACHES.values(), ids=CACHES)
def test_a_bad_cache_has_exactly_this_problem(registry: dict[str, Any], problem: Problem) -> None:
    found = problems_of(changed("registries/hub", registry))
    assert found == [problem]
    assert "4711" not in str(found)


OF_A_REGISTRY: dict[str, tuple[dict[str, Any], Problem]] = {
    "nothing": ({}, Problem("ecr", "no settings", f"at least one of {SETTINGS}")),
    "the registry itself": (
        {"replicate_to": [{"region": "eu-west-1"}]},
        Problem("ecr.replicate_to[0]", "the registry itself", "another region or another account"),
    ),
    "no region": (
        {"replicate_to": [{"region": "Frankfurt"}]},
        Problem("ecr.replicate_to[0].region", "'Frankfurt'", "an AWS region, such as eu-west-1"),
    ),
    "no account to copy to": (
        {"replicate_to": [{"region": "us-east-1", "account": "4711"}]},
        Problem("ecr.replicate_to[0].account", "'4711'", "an AWS account, 12 digits"),
    ),
    "no account to copy from": (
        {"replicate_from": [{"account": "4711"}]},
        Problem("ecr.replicate_from[0].account", "'4711'", "an AWS account, 12 digits"),
    ),
    "a pattern in the place of a prefix": (
        {"replicate_to": [{"region": "us-east-1", "prefixes": ["ci/", "team/*"]}]},
        Problem(
            "ecr.replicate_to[0].prefixes[1]",
            "'team/*'",
            "2 to 256 characters: the prefix of repository names, such as team/",
            "a prefix contains no '*'",
        ),
    ),
    "a list without prefixes": (
        {"replicate_from": [{"account": "210987654321", "prefixes": []}]},
        Problem(
            "ecr.replicate_from[0].prefixes", "0 prefixes", "1 to 100; without the key, every repository"
        ),
    ),
    "too many destinations": (
        {"replicate_to": [{"region": "us-east-1", "account": f"{n:012}"} for n in range(26)]},
        Problem("ecr.replicate_to", "26 registries", "25 at most"),
    ),
    "too many rules": (
        {"replicate_to": [{"region": "us-east-1", "prefixes": [f"team{n}/"]} for n in range(11)]},
        Problem("ecr.replicate_to", "11 different lists of prefixes", "10 at most"),
    ),
    "continuous scanning by ECR itself": (
        {"scanning": {"continuous": ["*"]}},
        Problem(
            "ecr.scanning.continuous",
            "continuous scanning",
            "'continuous' together with enhanced: true",
            "basic scanning by ECR scans an image once, when it is pushed",
        ),
    ),
    "no filter": (
        {"scanning": {"on_push": ["Team/*"]}},
        Problem(
            "ecr.scanning.on_push[0]",
            "'Team/*'",
            "1 to 255 of a-z, 0-9, '.', '_', '-', '/' and '*', as in team/*",
        ),
    ),
    "too many filters": (
        {"scanning": {"on_push": [f"team{number}/*" for number in range(101)]}},
        Problem("ecr.scanning.on_push", "101 filters", "100 at most"),
    ),
    "a prefix that ends with a slash": (
        {"creation_templates": {"hub/": {}}},
        Problem(
            'ecr.creation_templates["hub/"]',
            "'hub/'",
            "2 to 256 characters: the prefix of repository names, without '/' at the end, or ROOT",
        ),
    ),
    "a number of images": (
        {"creation_templates": {"hub": {"keep_images": 0}}},
        Problem("ecr.creation_templates.hub.keep_images", "0", "1 or more"),
    ),
    "a key of another region": (
        {"creation_templates": {"hub": {"kms_key": KEY.replace("eu-west-1", "us-east-1")}}},
        Problem(
            "ecr.creation_templates.hub.kms_key",
            "a key in us-east-1",
            "a key in eu-west-1, the region of the repository",
        ),
    ),
    "an account that may pull": (
        {"creation_templates": {"hub": {"allow_pull": ["4711"]}}},
        Problem("ecr.creation_templates.hub.allow_pull[0]", "'4711'", "an AWS account, 12 digits"),
    ),
    "a tag of AWS's own": (
        {"creation_templates": {"hub": {"tags": {"aws:team": "ci"}}}},
        Problem(
            'ecr.creation_templates.hub.tags["aws:team"]',
            "'aws:team'",
            "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not aws:…",
        ),
    ),
    "adoption of what does not exist yet": (
        {"creation_templates": {"hub": {"adopt": True}}},
        Problem(
            "ecr.creation_templates.hub.adopt",
            "the key 'adopt', which is not known here",
            "keep_images, untagged_days, keep, mutable_tags, kms_key, allow_pull, tags",
        ),
    ),
}


@pytest.mark.parametrize(("settings", "problem"), OF_A_REGISTRY.values(), ids=OF_A_REGISTRY)
def test_bad_settings_of_a_registry_have_exactly_this_problem(
    settings: dict[str, Any], problem: Problem
) -> None:
    with pytest.raises(DeclarationError) as raised:
        ecr_settings(settings, "eu-west-1", "ecr")
    assert list(raised.value.problems) == [problem]


def test_the_settings_of_a_stack_are_checked_in_their_region() -> None:
    settings = {"eu-west-1": {"replicate_to": [{"region": "eu-west-1"}]}, "Frankfurt": {"scanning": {}}}
    assert [(each.path, each.found) for each in problems_of(changed("ecr_settings", settings))] == [
        ("stack.ecr_settings.eu-west-1.replicate_to[0]", "the registry itself"),
        ("stack.ecr_settings.Frankfurt", "'Frankfurt'"),
    ]
