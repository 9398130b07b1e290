"""The operating systems that a runner host may have."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OperatingSystem:
    """An operating system of runner hosts, on x86-64 and arm64.

    Attributes:
        name: what a declaration calls it.
        installer: the script that knows its packages.
        data: what that script reads besides, by its path on the host.
        root_device: where its machine images have their disk.
    """

    name: str
    installer: str
    data: tuple[tuple[str, str], ...]
    root_device: str


AMAZON_LINUX_2023 = OperatingSystem(
    "amazon-linux-2023",
    "gitlab-runner-packages-dnf.sh",
    (("/etc/yum.repos.d/runner_gitlab-runner.repo", "gitlab-runner.repo"),),
    "/dev/xvda",
)
DEBIAN_12 = OperatingSystem("debian-12", "gitlab-runner-packages-apt.sh", (), "/dev/xvda")
UBUNTU_24_04 = OperatingSystem(
    "ubuntu-24.04",
    "gitlab-runner-packages-apt.sh",
    (("/usr/local/lib/aws-cli.asc", "aws-cli.asc"),),
    "/dev/sda1",
)
OPERATING_SYSTEMS = {each.name: each for each in (AMAZON_LINUX_2023, DEBIAN_12, UBUNTU_24_04)}
