"""The document of an EC2 Image Builder component that installs a machine image. It contains no secret."""

import hashlib
import json
from collections.abc import Sequence

from pulumi_gitlab_runner.host.readable_yaml import readable_yaml
from pulumi_gitlab_runner.host.scripts import script, shell_settings
from pulumi_gitlab_runner.host.user_data import INSTALLER
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

LONGEST_DOCUMENT = 16000
"""The maximum length of a component document, in characters:
docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateComponent.html."""
_PROGRAM = "/usr/local/sbin/gitlab-runner-image"


def image_document(
    operating_system: OperatingSystem, runner_version: str, images: Sequence[str], hosts: Sequence[str]
) -> str:
    """The document of the component, with a build phase and a test phase.

    The scripts that install the packages are those of a host's boot. The tests run on an instance that Image
    Builder launches from the image: an image that fails them is not distributed.

    The format: docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html.

    Args:
        operating_system: the operating system of the image.
        runner_version: the version of gitlab-runner.
        images: the full references of the job images to pull.
        hosts: the hosts of the ECR registries of these images.
    """
    logins = {"credHelpers": dict.fromkeys(sorted(hosts), "ecr-login")}
    settings = {
        "RUNNER_VERSION": runner_version,
        "IMAGES": " ".join(images),
        "LOGINS": json.dumps(logins, separators=(",", ":")),
    }
    files = {
        "/etc/gitlab-runner-image": shell_settings(settings),
        INSTALLER: script(operating_system.installer),
        **{path: script(name) for path, name in operating_system.data},
        _PROGRAM: script("gitlab-runner-image.sh"),
    }
    written = {
        "name": "Files",
        "action": "CreateFile",
        "inputs": [{"path": path, "content": content, "overwrite": True} for path, content in files.items()],
    }
    document = {
        "name": "GitLabRunner",
        "schemaVersion": 1.0,
        "phases": [
            {"name": "build", "steps": [written, _running("Build", "build")]},
            {"name": "test", "steps": [_running("Check", "check")]},
        ],
    }
    return readable_yaml(document)


def document_version(document: str) -> str:
    """A version that is derived from the content of the document.

    A component or recipe of Image Builder cannot change without a new version. Each part of a version is less
    than 2³⁰.
    """
    return f"1.0.{int(hashlib.sha256(document.encode()).hexdigest()[:7], 16)}"


def _running(name: str, argument: str) -> dict[str, object]:
    return {
        "name": name,
        "action": "ExecuteBash",
        "inputs": {"commands": [f"sh {_PROGRAM} {argument}"]},
    }
