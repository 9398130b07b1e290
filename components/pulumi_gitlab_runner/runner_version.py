"""The release of gitlab-runner that a host gets where its declaration names none."""

import re

DEFAULT_RUNNER_VERSION = "19.3.0"
RUNNER_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
"""The versions that a declaration may name."""
