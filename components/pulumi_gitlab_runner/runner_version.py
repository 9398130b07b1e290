"""The release of gitlab-runner that a host gets where its declaration names none."""

DEFAULT_RUNNER_VERSION = "19.3.0"
