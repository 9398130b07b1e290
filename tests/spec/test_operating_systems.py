"""The facts about each operating system; spec/operating_systems.py names its publisher's documentation."""

from dataclasses import astuple

import pytest
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS

UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current"
TRUST = ("usr/local/share/ca-certificates", "/etc/ssl/certs/ca-certificates.crt")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (
            "amazon-linux-2023",
            (
                "gitlab-runner-packages-dnf.sh",
                (("/etc/yum.repos.d/runner_gitlab-runner.repo", "gitlab-runner.repo"),),
                "/dev/xvda",
                {
                    "x86_64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
                    "arm64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
                },
                "etc/pki/ca-trust/source/anchors",
                "/etc/pki/tls/certs/ca-bundle.crt",
                True,
            ),
        ),
        (
            "debian-12",
            (
                "gitlab-runner-packages-apt.sh",
                (),
                "/dev/xvda",
                {
                    "x86_64": "/aws/service/debian/release/12/latest/amd64",
                    "arm64": "/aws/service/debian/release/12/latest/arm64",
                },
                *TRUST,
                False,
            ),
        ),
        (
            "ubuntu-24.04",
            (
                "gitlab-runner-packages-apt.sh",
                (("/usr/local/lib/aws-cli.asc", "aws-cli.asc"),),
                "/dev/sda1",
                {
                    "x86_64": f"{UBUNTU}/amd64/hvm/ebs-gp3/ami-id",
                    "arm64": f"{UBUNTU}/arm64/hvm/ebs-gp3/ami-id",
                },
                *TRUST,
                True,
            ),
        ),
    ],
)
def test_the_facts_about_an_operating_system(name: str, known: tuple[object, ...]) -> None:
    assert astuple(OPERATING_SYSTEMS[name]) == (name, *known)


def test_there_are_no_other_operating_systems() -> None:
    assert list(OPERATING_SYSTEMS) == ["amazon-linux-2023", "debian-12", "ubuntu-24.04"]
