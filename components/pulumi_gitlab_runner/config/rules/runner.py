"""Rules within one `[[runners]]` section."""

import difflib
from collections.abc import Iterator

from pulumi_gitlab_runner.config.feature_flags import DEPRECATED_FLAGS, FEATURE_FLAGS, REMOVED_FLAGS
from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.rules.environment import check_environment
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.runner_version import RunnerVersion
from pulumi_gitlab_runner.web_address import is_web_address

_DOCKER_EXECUTORS = ("docker", "docker-autoscaler")
_AUTOSCALED_EXECUTORS = ("docker-autoscaler", "instance")


def check_runner(runner: RunnerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    """Find missing and contradictory settings of a runner."""
    for key in ("url", "token", "executor"):
        if not runner.get(key):
            yield error(f"{path}.{key}", "the key is missing or empty", "every runner needs it")
    yield from _url(runner, path)
    yield from _sections(runner, path)
    yield from _feature_flags(runner, path, version)
    yield from _token_rotation(runner, path)
    yield from check_environment(runner.get("environment", []), f"{path}.environment")
    if bool(runner.get("tls_cert_file")) != bool(runner.get("tls_key_file")):
        yield error(path, "`tls_cert_file` and `tls_key_file` go together, and one is missing", "set both")


def _url(runner: RunnerConfig, path: str) -> Iterator[Finding]:
    url = runner.get("url", "")
    if not url or "$" in url:  # variables of the manager's environment, since 18.10
        return
    if not is_web_address(url):
        shown = without_password(url)
        yield error(f"{path}.url", f"`{shown}` is not a URL", "write it as `https://gitlab.example.com`")
    elif url.rstrip("/").endswith("/api/v4"):
        yield error(f"{path}.url", "the runner adds `/api/v4` itself", "leave `/api/v4` out")


def _sections(runner: RunnerConfig, path: str) -> Iterator[Finding]:
    executor = runner.get("executor", "")
    if executor in _DOCKER_EXECUTORS and "docker" not in runner:
        yield error(
            f"{path}.docker", f"the section is missing; no job of executor `{executor}` starts", "add it"
        )
    if executor in _AUTOSCALED_EXECUTORS and "autoscaler" not in runner:
        yield error(
            f"{path}.autoscaler", f"the section is missing; executor `{executor}` gets no instances", "add it"
        )
    if executor and executor not in _AUTOSCALED_EXECUTORS and "autoscaler" in runner:
        yield warning(
            f"{path}.autoscaler",
            f"executor `{executor}` ignores the section",
            "leave it out, or set `executor` to `docker-autoscaler`",
        )
    trial = runner.get("experimental", {}).get("boot_verify", {}).get("enabled")
    if trial and executor in _DOCKER_EXECUTORS and not runner.get("docker", {}).get("image"):
        at = f"{path}.experimental.boot_verify"
        yield error(at, "the trial job runs in the default image", "set `docker.image`")


def _feature_flags(runner: RunnerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    for name in runner.get("feature_flags", {}):
        at = f"{path}.feature_flags.{name}"
        flag, removed = FEATURE_FLAGS.get(name), REMOVED_FLAGS.get(name)
        since = flag.since if flag else removed.since if removed else None
        if since and version < RunnerVersion.parse(since):
            found = (
                f"the feature flag is new in GitLab Runner {since}, and {version} would silently ignore it"
            )
            yield error(at, found, f"leave it out, or declare runner version {since} or later")
        elif removed and version > RunnerVersion.parse(removed.last_in):
            found = f"the feature flag was removed after GitLab Runner {removed.last_in}"
            yield error(at, found, "leave it out")
        elif since is None:
            close = difflib.get_close_matches(name, FEATURE_FLAGS)
            fix = next((f"is `{each}` meant?" for each in close), "leave it out")
            yield error(at, "unknown feature flag, which the runner would silently ignore", fix)
        elif name in DEPRECATED_FLAGS:
            yield warning(at, "the feature flag is deprecated", "leave it out")


def _token_rotation(runner: RunnerConfig, path: str) -> Iterator[Finding]:
    expires = runner.get("token_expires_at", "")
    if not expires or expires.startswith("0001-01-01"):  # for the runner: never
        return
    if not runner.get("feature_flags", {}).get("FF_DISABLE_AUTOMATIC_TOKEN_ROTATION"):
        yield warning(
            f"{path}.token_expires_at",
            "the runner will renew its token and rewrite config.toml, against the declaration",
            "set `FF_DISABLE_AUTOMATIC_TOKEN_ROTATION` in `feature_flags`, or leave the expiry out",
        )
