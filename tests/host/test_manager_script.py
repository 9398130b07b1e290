"""`gitlab-runner-manager`, run with a directory in place of the container's root."""

import os
import subprocess
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.scripts import script

RUNNER = '#!/bin/sh\necho "$SSL_CERT_FILE $AWS_CA_BUNDLE"\n[ -z "$SSL_CERT_FILE" ] || cat "$SSL_CERT_FILE"\n'
PLACES = ("/srv/gitlab-runner", "/etc/gitlab-runner", "/etc/ssl", "/run/", "/usr/bin/gitlab-runner")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, content in {
        "srv/gitlab-runner/current/config.toml": "",
        "etc/ssl/certs/ca-certificates.crt": "public\n",
        "usr/bin/gitlab-runner": RUNNER,
        "run/here": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "usr/bin/gitlab-runner").chmod(0o755)
    return tmp_path


def start(root: Path, shell: list[str]) -> list[str]:
    """Run the script; return its output, in which the runner prints its environment."""
    text = script("gitlab-runner-manager.sh")
    for place in PLACES:
        text = text.replace(place, f"{root}{place}")
    # The credential service would run for ever beside the runner.
    text = text.replace("while true; do", "for once in 1; do").replace("/bin/sleep 5", ":")
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [*shell, "-c", text], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_authorities_for_all_hosts_are_trusted_beside_the_public_ones(root: Path, shell: list[str]) -> None:
    authorities = root / "srv/gitlab-runner/current/certificate-authorities"
    authorities.mkdir()
    for name in ("a", "b"):
        (authorities / f"{name}.crt").write_text(f"{name}\n")
    bundle = f"{root}/run/gitlab-runner-ca-bundle.crt"
    assert start(root, shell) == [f"{bundle} {bundle}", "public", "a", "b"]


def test_without_authorities_those_of_the_image_are_trusted(root: Path, shell: list[str]) -> None:
    assert start(root, shell) == [" "]


def test_the_runner_uses_the_current_configuration(root: Path, shell: list[str]) -> None:
    (root / "usr/bin/gitlab-runner").write_text('#!/bin/sh\necho "$*"\nreadlink "$3"\n')
    (root / "etc/gitlab-runner").mkdir()
    (root / "etc/gitlab-runner/config.toml").symlink_to("another")
    assert start(root, shell) == [
        f"run --config {root}/etc/gitlab-runner/config.toml",
        f"{root}/srv/gitlab-runner/current/config.toml",
    ]


def test_credentials_are_requested_before_the_runner_starts_and_renewed_beside_it(
    root: Path, shell: list[str]
) -> None:
    """The runner starts even if the credentials fail."""
    service = root / "srv/gitlab-runner/current/sbin/gitlab-runner-credentials"
    service.parent.mkdir()
    service.write_text('echo "$* $PATH"\nexit 1\n')
    first, *beside = start(root, shell)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    registries = f"--registries {root}/srv/gitlab-runner/current/registries {path}"
    assert first == f"once {registries}"
    assert sorted(beside) == [" ", f"serve {registries}"]
