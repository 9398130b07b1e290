"""The stack of another project in `examples/python`, deployed and destroyed."""

import base64
import json
from collections.abc import Iterator

import pytest

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.engine.canaries import PASSWORD, written_forms
from tests.engine.project import Project

pytestmark = pytest.mark.engine

EXAMPLE = CHECKOUT / "examples" / "python"
FRANKFURT = "eu-central-1"


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The deployed example; destroyed at the end, with nothing left."""
    shop = Project(
        tmp_path_factory.mktemp("shop") / "it", sandbox, EXAMPLE, EXAMPLE / "Pulumi.dev.yaml", stack="dev"
    )
    before = shop.snapshot()
    shop.pulumi("config", "set", "--secret", "partnerPassword", PASSWORD)
    shop.up()
    yield shop
    shop.pulumi("destroy", "--yes", "--skip-preview")
    assert shop.snapshot() == before
    assert shop.aws("ecr", FRANKFURT).describe_repositories()["repositories"] == []


def test_separate_repositories_are_in_the_region_of_their_provider(shop: Project) -> None:
    ecr = shop.aws("ecr", FRANKFURT)
    repositories = ecr.describe_repositories()["repositories"]
    assert {each["repositoryName"]: each["imageTagMutability"] for each in repositories} == {
        "shop/web": "IMMUTABLE",
        "shop/worker": "IMMUTABLE",
    }
    policy = json.loads(ecr.get_repository_policy(repositoryName="shop/web")["policyText"])
    assert policy["Statement"][0]["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}
    assert shop.outputs()["images"]["shop/web"] == f"123456789012.dkr.ecr.{FRANKFURT}.amazonaws.com/shop/web"


def test_separate_variables_accept_secrets_and_outputs(shop: Project) -> None:
    values = {
        each["key"]: (each["value"], each["masked"]) for each in shop.gitlab("GET", "projects/8/variables")
    }
    credentials = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
    docker_auth, masked = values.pop("DOCKER_AUTH_CONFIG")
    assert masked
    assert json.loads(docker_auth) == {"auths": {"registry.partner.example": {"auth": credentials}}}
    assert values == {"WEB_IMAGE": (f"123456789012.dkr.ecr.{FRANKFURT}.amazonaws.com/shop/web", True)}


def test_the_stack_has_its_runner_and_the_password_of_its_registry(shop: Project) -> None:
    runner = shop.gitlab("GET", f"runners/{shop.outputs()['runners']['shop']['id']}")
    assert (runner["groups"][0]["id"], runner["tag_list"]) == (43, ["shop"])
    kept = shop.aws("ssm").get_parameter(Name="/shop/dev/shop/registries/partner", WithDecryption=True)
    assert json.loads(kept["Parameter"]["Value"]) == {"username": "shop", "password": PASSWORD}
    assert [each["repositoryName"] for each in shop.aws("ecr").describe_repositories()["repositories"]].count(
        "shop/ci"
    )


def test_the_password_is_not_shown(shop: Project) -> None:
    shown = shop.printed + shop.pulumi("stack", "export").stdout
    assert "registry.partner.example" in shown
    assert not any(form in shown for form in written_forms(PASSWORD))
