"""The boot time of a host without, over with, a machine image that contains its packages."""

import tempfile
from pathlib import Path

from bench.measure import Measure
from sandbox.errors import SandboxError
from sandbox.paths import sandbox_directory
from sandbox.services.aws.server import AwsServer
from tests.boot.debian_host import Host, boot_seconds, furnish
from tests.boot.debian_root import DebianRoot
from tests.host.instance_metadata import InstanceMetadata


def take() -> float:
    """The boot time of a new Debian, over the boot time from an image of it."""
    return _boot(from_image=False) / _boot(from_image=True)


def _boot(*, from_image: bool) -> float:
    """The time of a boot, in seconds."""
    with (
        tempfile.TemporaryDirectory() as directory,
        AwsServer() as aws,
        InstanceMetadata(Path(directory) / "metadata") as metadata,
    ):
        root = DebianRoot(sandbox_directory() / "debian-12", Path(directory) / "root")
        host = Host(root, aws)
        furnish(host, metadata, Path(directory))
        host.store_token()
        if from_image and (built := host.build_image()).returncode != 0:
            raise SandboxError(f"the image cannot be built: {built.stderr[-500:]}")
        host.place()
        done = host.boot()
        if done.returncode != 0:
            raise SandboxError(f"the host does not boot: {done.stderr[-500:]}")
        return boot_seconds(host.said())


BOOT_WITH_IMAGE_RATIO = Measure(
    "boot_with_image_ratio",
    "ratio",
    "boot of a host without, over with, a machine image that has its packages",
    take,
)
