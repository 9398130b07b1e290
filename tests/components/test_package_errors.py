"""Wrong arguments from a program in another language: paths and names are those of the schema."""

from typing import Any

import pytest
from pulumi.errors import InputPropertiesError
from pulumi_gitlab_runner.package.provider import PackageProvider

from tests.components.recording import run


@pytest.fixture(scope="module")
def provider() -> PackageProvider:
    return PackageProvider()


def errors(provider: PackageProvider, component: str, inputs: dict[str, Any]) -> dict[str, str]:
    """The reason for each refused property."""
    with pytest.raises(InputPropertiesError) as raised:
        run(lambda: provider.construct("bad", f"gitlab-runner:index:{component}", inputs))
    return {str(each["property_path"]): str(each["reason"]) for each in raised.value.errors or ()}


@pytest.mark.parametrize(
    ("component", "inputs", "path", "reason"),
    [
        (
            "RunnerRegistration",
            {"group": 42, "maximumTimeout": 60},
            "maximumTimeout",
            "found 60 seconds; allowed: 600 to 2147483647 seconds",
        ),
        (
            "RunnerStack",
            {"runners": {"shop": {"group": 42, "host": {}, "maximumTimeout": 60}}},
            "runners.shop.maximumTimeout",
            "found 60 seconds; allowed: 600 to 2147483647 seconds",
        ),
        (
            "RunnerStack",
            {"runners": {"shop": {"group": 42, "host": {"instanceTyp": "t3.large"}}}},
            "runners.shop.host.instanceTyp",
            "did you mean 'instanceType'?",
        ),
        (
            "RunnerStack",
            {"ecrSettings": {"eu-west-1": {"replicateTo": [{"account": "210987654321"}]}}},
            "ecrSettings.eu-west-1.replicateTo[0]",
            "found no 'region'; allowed: 'region' is required",
        ),
        (
            "RunnerStack",
            {"registries": {"legacy": {"host": 5000.0, "static": {"username": "a", "password": "b" * 8}}}},
            "registries.legacy.host",
            "found 5000 (a whole number); allowed: text; put it in quotes",
        ),
        (
            "RunnerStack",
            {"gitlabUrl": "gitlab example", "runners": {"shop": {"group": 42, "host": {}}}},
            "gitlabUrl",
            "found 'gitlab example'; allowed: GitLab's address without /api/v4",
        ),
        (
            "RunnerStack",
            {"registries": {"hub": {"pullThrough": "docker-hub"}}},
            "registries.hub",
            "allowed: one of upstreamSecret and upstreamCredentials",
        ),
        ("CiVariables", {}, "bad", "found no 'variables'; allowed: 'variables' is required"),
    ],
)
def test_the_path_and_the_names_are_those_of_the_callers_language(
    provider: PackageProvider, component: str, inputs: dict[str, Any], path: str, reason: str
) -> None:
    found = errors(provider, component, inputs)
    assert list(found) == [path]
    assert reason in found[path]


def test_every_problem_has_its_own_path(provider: PackageProvider) -> None:
    inputs = {"repositories": {"shop/web": {"keepImages": 0}}, "allowPull": ["1"]}
    assert list(errors(provider, "EcrRepositories", inputs)) == [
        'repositories["shop/web"].keepImages',
        "allowPull[0]",
    ]
