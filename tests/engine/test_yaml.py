"""The program of `examples/yaml`, up and down under Pulumi's own language host for YAML."""

import json
from collections.abc import Iterator

import pytest

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.engine.canaries import PASSWORD, written_forms
from tests.engine.languages import require_language
from tests.engine.project import Project

pytestmark = pytest.mark.engine

EXAMPLE = CHECKOUT / "examples" / "yaml"


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The example, up; at the end it is taken down, and nothing of it may be left."""
    require_language(sandbox.engine, "yaml")
    shop = Project(
        tmp_path_factory.mktemp("yaml") / "it", sandbox, EXAMPLE, EXAMPLE / "Pulumi.dev.yaml", stack="yaml"
    )
    before = shop.what_there_is()
    shop.pulumi("config", "set", "--secret", "partnerPassword", PASSWORD)
    shop.up()
    yield shop
    shop.pulumi("destroy", "--yes", "--skip-preview")
    assert shop.what_there_is() == before


def test_the_runner_is_the_groups_that_the_program_made(shop: Project) -> None:
    runner = shop.gitlab("GET", f"runners/{shop.outputs()['runners']['shop']['id']}")
    assert (runner["groups"][0]["name"], runner["tag_list"]) == ("Shop", ["shop"])
    (variable,) = shop.gitlab("GET", f"groups/{runner['groups'][0]['id']}/variables")
    assert (variable["key"], variable["value"]) == ("WEB_IMAGE", shop.outputs()["images"]["shop/web"])


def test_the_host_is_in_the_programs_network(shop: Project) -> None:
    (vpc,) = shop.aws("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.20.0.0/16"]}])["Vpcs"]
    group = shop.outputs()["runners"]["shop"]["security_group"]
    (found,) = shop.aws("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["VpcId"] == vpc["VpcId"]


def test_the_password_arrives_and_is_not_shown(shop: Project) -> None:
    listed = shop.aws("ssm").get_paginator("describe_parameters").paginate()
    (name,) = [
        each["Name"]
        for page in listed
        for each in page["Parameters"]
        if each["Name"].startswith("/shop/yaml/") and each["Name"].endswith("/registries/partner")
    ]
    kept = shop.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    assert json.loads(kept) == {"username": "shop", "password": PASSWORD}
    shown = shop.printed + shop.pulumi("stack", "export").stdout
    assert "registry.partner.example" in shown
    assert not any(form in shown for form in written_forms(PASSWORD))


def test_it_stays_as_it_is(shop: Project) -> None:
    assert shop.up("--refresh", "--expect-no-changes") == set()
