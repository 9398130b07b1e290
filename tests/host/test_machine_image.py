"""The document from which Image Builder builds a machine image."""

import re

import pytest
import yaml
from pulumi_gitlab_runner.host.machine_image import LONGEST_DOCUMENT, document_version, image_document
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.spec.machine_images import BUILT_SYSTEMS
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS

IMAGES = [f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/image-{number}:2026.11" for number in range(60)]


@pytest.mark.parametrize("name", BUILT_SYSTEMS)
def test_the_document_fits_with_many_images_and_has_every_file(name: str) -> None:
    system = OPERATING_SYSTEMS[name]
    document = image_document(system, "19.3.0", IMAGES, ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"])
    assert len(document) < LONGEST_DOCUMENT
    # Each text can be read, and lines are not broken.
    assert len(re.findall(r"(?m)^      content: \|$", document)) == document.count("content: ")
    # Image Builder would interpret it as an expression.
    assert "{{" not in document
    files = yaml.safe_load(document)["phases"][0]["steps"][0]["inputs"]
    written = {each["path"]: each["content"] for each in files}
    assert {path: script(data) for path, data in system.data}.items() <= written.items()


def test_image_builder_accepts_every_version() -> None:
    versions = {document_version(f"{number}") for number in range(1000)}
    assert len(versions) == 1000
    assert all(int(part) < 2**30 for version in versions for part in version.split("."))


def test_the_whole_document() -> None:
    system = OPERATING_SYSTEMS["amazon-linux-2023"]
    document = yaml.safe_load(
        image_document(system, "19.3.0", ["b.example/i:1", "a.example/i:1"], ["b", "a"])
    )
    (written, built), (tested,) = (phase["steps"] for phase in document["phases"])
    assert list(document) == ["name", "schemaVersion", "phases"]
    assert (document["name"], document["schemaVersion"]) == ("GitLabRunner", 1.0)
    assert [phase["name"] for phase in document["phases"]] == ["build", "test"]
    assert (written["name"], written["action"]) == ("Files", "CreateFile")
    assert all(each["overwrite"] is True for each in written["inputs"])
    files = {each["path"]: each["content"] for each in written["inputs"]}
    assert files["/etc/gitlab-runner-image"] == (
        "RUNNER_VERSION=19.3.0\nIMAGES='b.example/i:1 a.example/i:1'\n"
        """LOGINS='{"credHelpers":{"a":"ecr-login","b":"ecr-login"}}'\n"""
    )
    program = "/usr/local/sbin/gitlab-runner-image"
    assert files[program] == script("gitlab-runner-image.sh")
    assert [built, tested] == [
        {"name": name, "action": "ExecuteBash", "inputs": {"commands": [f"sh {program} {argument}"]}}
        for name, argument in (("Build", "build"), ("Check", "check"))
    ]


def test_a_version_follows_from_the_document() -> None:
    # printf document | sha256sum | cut -c1-7: in decimal
    assert document_version("document") == "1.0.71090751"
