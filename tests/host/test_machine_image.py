"""The document by which Image Builder makes a machine image."""

import pytest
import yaml
from pulumi_gitlab_runner.host.machine_image import LONGEST_DOCUMENT, document_version, image_document
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.spec.machine_images import BUILT_SYSTEMS
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS

IMAGES = [f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/image-{number}:2026.11" for number in range(60)]


@pytest.mark.parametrize("name", BUILT_SYSTEMS)
def test_it_fits_with_many_images_and_brings_every_file(name: str) -> None:
    system = OPERATING_SYSTEMS[name]
    document = image_document(system, "19.3.0", IMAGES, ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"])
    assert len(document) < LONGEST_DOCUMENT
    # Image Builder would take it for an expression of its own.
    assert "{{" not in document
    files = yaml.safe_load(document)["phases"][0]["steps"][0]["inputs"]
    written = {each["path"]: each["content"] for each in files}
    assert {path: script(data) for path, data in system.data}.items() <= written.items()


def test_a_version_is_one_that_image_builder_takes() -> None:
    versions = {document_version(f"{number}") for number in range(1000)}
    assert len(versions) == 1000
    assert all(int(part) < 2**30 for version in versions for part in version.split("."))
