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
