"""The components load no HTTP client before a registry is asked, and no CloudWatch before it is declared."""

import os
import subprocess
import sys

from tests.spec.declaration import CHECKOUT


def test_what_is_loaded() -> None:
    program = "import sys, pulumi_gitlab_runner.api; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "pulumi_gitlab_runner.aws.image_digests" in loaded
    assert not {"httpx", "pulumi_aws.cloudwatch.metric_alarm"} & loaded
