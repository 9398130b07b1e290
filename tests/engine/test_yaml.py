"""The program of `examples/yaml`, deployed and destroyed with Pulumi's language host for YAML."""

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
    """The deployed example; destroyed at the end, with nothing left."""
    require_language(sandbox.engine, "yaml")
    shop = Project(
        tmp_path_factory.mktemp("yaml") / "it", sandbox, EXAMPLE, EXAMPLE / "Pulumi.dev.yaml", stack="yaml"
    )
    before = shop.snapshot()
    shop.pulumi("config", "set", "--secret", "partnerPassword", PASSWORD)
    shop.up()
    yield shop
    shop.pulumi("destroy", "--yes", "--skip-preview")
    assert shop.snapshot() == before


def test_the_runner_belongs_to_the_group_of_the_program(shop: Project) -> None:
    runner = shop.gitlab("GET", f"runners/{shop.outputs()['runners']['shop']['id']}")
    assert (runner["groups"][0]["name"], runner["tag_list"]) == ("Shop", ["shop"])
    (variable,) = shop.gitlab("GET", f"groups/{runner['groups'][0]['id']}/variables")
    assert (variable["key"], variable["value"]) == ("WEB_IMAGE", shop.outputs()["images"]["shop/web"])


def test_the_host_is_in_the_network_of_the_program(shop: Project) -> None:
    (vpc,) = shop.aws("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.20.0.0/16"]}])["Vpcs"]
    group = shop.outputs()["runners"]["shop"]["security_group"]
    (found,) = shop.aws("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["VpcId"] == vpc["VpcId"]


def test_the_password_is_stored_and_not_shown(shop: Project) -> None:
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


def test_a_second_update_changes_nothing(shop: Project) -> None:
    assert shop.up("--refresh", "--expect-no-changes") == set()
