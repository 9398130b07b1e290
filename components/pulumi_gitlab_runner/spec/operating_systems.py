"""The operating systems of runner hosts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OperatingSystem:
    """An operating system of runner hosts, on x86-64 and arm64.

    Attributes:
        name: its name in a declaration.
        installer: the script that installs its packages.
        data: the further files of that script, each as its path on the host and its name in `host/scripts`.
        root_device: the device name of the root disk of its AMIs.
        images: the public parameter with the ID of its newest AMI, by processor architecture.
        authorities: the directory of additional certificate authorities, relative to the root.
        ca_bundle: the path of its CA bundle.
        session_agent: whether its AMIs contain the agent of Systems Manager.
    """

    name: str
    installer: str
    data: tuple[tuple[str, str], ...]
    root_device: str
    images: Mapping[str, str]
    authorities: str
    ca_bundle: str
    session_agent: bool = True


_DEBIANS_TRUST = "usr/local/share/ca-certificates", "/etc/ssl/certs/ca-certificates.crt"
"""The directory and the CA bundle of Debian and Ubuntu: update-ca-certificates(8)."""


def _images(name: str, x86_64: str) -> dict[str, str]:
    return {"x86_64": name.format(x86_64), "arm64": name.format("arm64")}


AMAZON_LINUX_2023 = OperatingSystem(
    "amazon-linux-2023",
    "gitlab-runner-packages-dnf.sh",
    (("/etc/yum.repos.d/runner_gitlab-runner.repo", "gitlab-runner.repo"),),
    "/dev/xvda",
    # docs.aws.amazon.com/linux/al2023/ug/ec2.html
    _images("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}", "x86_64"),
    # update-ca-trust(8)
    "etc/pki/ca-trust/source/anchors",
    "/etc/pki/tls/certs/ca-bundle.crt",
)
DEBIAN_12 = OperatingSystem(
    "debian-12",
    "gitlab-runner-packages-apt.sh",
    (),
    "/dev/xvda",
    # wiki.debian.org/Cloud/AmazonEC2Image
    _images("/aws/service/debian/release/12/latest/{}", "amd64"),
    *_DEBIANS_TRUST,
    session_agent=False,
)
UBUNTU_24_04 = OperatingSystem(
    "ubuntu-24.04",
    "gitlab-runner-packages-apt.sh",
    (("/usr/local/lib/aws-cli.asc", "aws-cli.asc"),),
    "/dev/sda1",
    # documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images
    _images("/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id", "amd64"),
    *_DEBIANS_TRUST,
)
OPERATING_SYSTEMS = {each.name: each for each in (AMAZON_LINUX_2023, DEBIAN_12, UBUNTU_24_04)}
