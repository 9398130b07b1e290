"""Answers of the sandbox's ECR that differ from those of moto."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(("given", "kept"), [({}, False), ({"scanOnPush": True}, True)])
def test_an_omitted_value_of_a_scanning_configuration_is_its_default(
    client: Callable[[str], Any], given: dict[str, bool], kept: bool
) -> None:
    ecr, name = client("ecr"), f"scans-{kept}".lower()
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": not kept})
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=given)
    (shown,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert shown["imageScanningConfiguration"] == {"scanOnPush": kept}


@pytest.mark.parametrize("name", ["tool__chain", "team/tool--chain", "a.b/c_d"])
def test_a_repository_may_have_each_name_of_the_api(client: Callable[[str], Any], name: str) -> None:
    ecr = client("ecr")
    assert ecr.create_repository(repositoryName=name)["repository"]["repositoryName"] == name


@pytest.mark.parametrize("name", ["tool___chain", "team//chain", "a-"])
def test_other_names_of_repositories_are_refused(client: Callable[[str], Any], name: str) -> None:
    ecr = client("ecr")
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.create_repository(repositoryName=name)
