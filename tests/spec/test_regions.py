"""The form of the names of regions: all that AWS has are valid, and so are those that it may add."""

import json
from typing import Any

import boto3
import pytest
from pulumi_gitlab_runner.spec import AwsEnvironment, Problem
from pulumi_gitlab_runner.spec.regions import region_problems

from tests.spec.declaration import output, problems_of

ALLOWED = "an AWS region, such as eu-west-1"
ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.eu-central1.amazonaws.com"
KEY = f"arn:aws:kms:eu-central1:{ACCOUNT}:key/a"
SECRET = f"arn:aws:secretsmanager:eu-central1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
TEAM = {"ecr": {}, "repositories": ["ci/base"]}
LEGACY = {"host": "registry.example.com"}


def test_each_region_of_aws_passes() -> None:
    session = boto3.Session()
    regions = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    ]
    assert {"us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "mx-central-1", "cn-northwest-1"} <= set(
        regions
    )
    assert [each for each in regions if list(region_problems(each, "at"))] == []


@pytest.mark.parametrize("region", ["eu-west-12", "zz-northwest-9", "ussx-xx-central-1"])
def test_a_region_of_valid_form_passes(region: str) -> None:
    assert list(region_problems(region, "at")) == []


@pytest.mark.parametrize(
    ("region", "fix"),
    [
        ("eu-central1", "did you mean 'eu-central-1'?"),
        ("EU-Central-1", "did you mean 'eu-central-1'?"),
        ("eu_central_1", "did you mean 'eu-central-1'?"),
        (" eu central 1\n", "did you mean 'eu-central-1'?"),
        ("eu-central-1a", "did you mean 'eu-central-1'?"),
        ("us-gov-west1", "did you mean 'us-gov-west-1'?"),
        ("eu-west", "add the number, such as eu-west-1"),
        ("Europe", ""),
        ("global", ""),
        ("eu-west-0", ""),
        ("eu-west-123", ""),
        ("eu-1", ""),
        ("e-west-1", ""),
        ("eu-west-\u0661", ""),
        ("", ""),
    ],
)
def test_a_region_that_cannot_exist(region: str, fix: str) -> None:
    assert list(region_problems(region, "at")) == [Problem("at", repr(region), ALLOWED, fix)]


def host(**settings: Any) -> dict[str, Any]:
    return {"runners": {"build": {"group": 42, "image": "alpine:3.22", "host": settings}}}


@pytest.mark.parametrize(
    ("declaration", "path", "of"),
    [
        (
            {"registries": {"a": {**TEAM, "ecr": {"account": ACCOUNT, "region": "eu-central1"}}}},
            "registries.a.ecr.region",
            "",
        ),
        (
            {"ecr_settings": {"eu-central1": {"replicate_from": [{"account": ACCOUNT}]}}},
            "ecr_settings.eu-central1",
            "",
        ),
        (
            {"ecr_settings": {"eu-west-1": {"replicate_to": [{"region": "eu-central1"}]}}},
            "ecr_settings.eu-west-1.replicate_to[0].region",
            "",
        ),
        (
            {"registries": {"a": {**TEAM, "repositories": {"ci/base": {"kms_key": KEY}}}}},
            'registries.a.repositories["ci/base"].kms_key',
            "of the ARN",
        ),
        (
            {"registries": {"a": {**LEGACY, "static": {"secret": SECRET}}}},
            "registries.a.static.secret",
            "of the ARN",
        ),
        (
            {
                "registries": {
                    "a": {
                        **LEGACY,
                        "static": {"parameter": f"arn:aws:ssm:eu-central1:{ACCOUNT}:parameter/a", "key": KEY},
                    }
                }
            },
            "registries.a.static.parameter",
            "of the ARN",
        ),
        (
            {
                "registries": {
                    "hub": {
                        "pull_through": "docker-hub",
                        "upstream_secret": SECRET,
                        "repositories": ["library/redis"],
                    }
                }
            },
            "registries.hub.upstream_secret",
            "of the ARN",
        ),
        (
            {"registries": {"a": {"host": HOST, "helper": "/usr/bin/docker-credential-x"}}},
            "registries.a.host",
            f"of {HOST}",
        ),
        (
            {"runners": {"build": {"group": 42, "image": f"{HOST}/ci/base:1", "host": {}}}},
            "runners.build.image",
            f"of {HOST}",
        ),
        (
            {
                "registries": {"team": TEAM},
                "mirrors": {"m": {"registry": "team", "images": {"base": {"image": f"{HOST}/ci/base:1"}}}},
            },
            "mirrors.m.images.base.image",
            f"of {HOST}",
        ),
        (
            {
                "registries": {"team": TEAM},
                "machine_images": {"base": {"images": [f"{HOST}/ci/base:1"], "registries": ["team"]}},
            },
            "machine_images.base.images[0]",
            f"of {HOST}",
        ),
        (
            host(alarms={"topic": f"arn:aws:sns:eu-central1:{ACCOUNT}:alarms"}),
            "runners.build.host.alarms.topic",
            "of the ARN",
        ),
        (host(logs={"kms_key": KEY}), "runners.build.host.logs.kms_key", "of the ARN"),
        ({"cache": {"kms_key": KEY}}, "cache.kms_key", "of the ARN"),
    ],
)
def test_each_place_of_a_region(declaration: Any, path: str, of: str) -> None:
    found = f"the region 'eu-central1' {of}" if of else "'eu-central1'"
    expected = Problem(f"stack.{path}", found, ALLOWED, "did you mean 'eu-central-1'?")
    assert expected in problems_of(declaration)
    corrected = json.loads(json.dumps(declaration).replace("eu-central1", "eu-central-1"))
    environment = AwsEnvironment(ACCOUNT, "eu-central-1")
    assert not [each for each in problems_of(corrected, environment) if "region" in each.allowed]


def test_an_output_is_checked_when_it_is_known() -> None:
    region = output()
    assert problems_of({"registries": {"a": {**TEAM, "ecr": {"account": ACCOUNT, "region": region}}}}) == []
    (rule, *_) = region.rules
    assert list(rule("eu-central-1")) == []
    (problem,) = rule("eu-central1")
    assert (problem.path, problem.fix) == ("stack.registries.a.ecr.region", "did you mean 'eu-central-1'?")
