"""What the sandbox's ECR answers where moto by itself answers something else."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(("given", "kept"), [({}, False), ({"scanOnPush": True}, True)])
def test_what_a_scanning_configuration_leaves_out_is_its_default(
    client: Callable[[str], Any], given: dict[str, bool], kept: bool
) -> None:
    ecr, name = client("ecr"), f"scans-{kept}".lower()
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": not kept})
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=given)
    (shown,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert shown["imageScanningConfiguration"] == {"scanOnPush": kept}
