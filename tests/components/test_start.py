"""The components load no HTTP client before a registry is asked."""

import subprocess
import sys


def test_what_is_loaded() -> None:
    program = "import sys, pulumi_gitlab_runner.api; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pulumi_gitlab_runner.aws.image_digests" in loaded
    assert "httpx" not in loaded
