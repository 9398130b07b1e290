"""The operating systems that a runner host may have."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OperatingSystem:
    """An operating system of runner hosts, on x86-64 and arm64.

    Attributes:
        name: what a declaration calls it.
        installer: the script that knows its packages.
        data: what that script reads besides, by its path on the host.
        root_device: where its machine images have their disk.
        images: the public parameter that names its newest machine image, by processor architecture.
        authorities: the directory of certificate authorities that are added to its own, below the root.
        ca_bundle: the file of all that it trusts.
        session_agent: whether these come with the agent of Session Manager.
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
"""update-ca-certificates(8)."""


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
