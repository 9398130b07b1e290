"""The document of an EC2 Image Builder component that installs a machine image. It contains no secret."""

import hashlib
import json
from collections.abc import Sequence

from pulumi_gitlab_runner.host.readable_yaml import readable_yaml
from pulumi_gitlab_runner.host.scripts import script, shell_settings
from pulumi_gitlab_runner.host.user_data import INSTALLER
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

LONGEST_DOCUMENT = 16000
"""In characters: docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateComponent.html."""
_PROGRAM = "/usr/local/sbin/gitlab-runner-image"


def image_document(
    operating_system: OperatingSystem, runner_version: str, images: Sequence[str], hosts: Sequence[str]
) -> str:
    """The document of the component: how the image is built, and how the finished one is tested.

    The packages are installed by the scripts with which a host would do it at its boot. The tests run on an
    instance that Image Builder starts from the image: one that fails them is not distributed.

    Its form: docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html.

    Args:
        operating_system: of the image.
        runner_version: the version of gitlab-runner.
        images: the job images that are pulled, written out.
        hosts: the hosts of ECR registries that they are pulled from.
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
    """A version for what has this document: other content, other version.

    Image Builder keeps what it made of a version, so a component and a recipe never change under one. A part
    of a version is less than 2³⁰.
    """
    return f"1.0.{int(hashlib.sha256(document.encode()).hexdigest()[:7], 16)}"


def _running(name: str, argument: str) -> dict[str, object]:
    return {
        "name": name,
        "action": "ExecuteBash",
        "inputs": {"commands": [f"sh {_PROGRAM} {argument}"]},
    }
