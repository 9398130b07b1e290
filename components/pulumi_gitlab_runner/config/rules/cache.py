"""Rules within `[runners.cache]`."""

from collections.abc import Iterator

from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.runner import RunnerConfig


def check_cache(runner: RunnerConfig, path: str) -> Iterator[Finding]:
    """Find a cache that the runner cannot use, or does not use as declared."""
    cache = runner.get("cache")
    if cache is None:
        return
    path = f"{path}.cache"
    kind = cache.get("type", "")
    s3 = cache.get("s3", {})
    names = {
        "s3": ("bucket_name", s3.get("bucket_name")),
        "gcs": ("bucket_name", cache.get("gcs", {}).get("bucket_name")),
        "azure": ("container_name", cache.get("azure", {}).get("container_name")),
    }
    if not kind:
        yield error(f"{path}.type", "the key is missing or empty", "allowed are `s3`, `gcs`, `azure`")
    elif kind in names:
        key, name = names[kind]
        if not name:
            yield error(f"{path}.{kind}.{key}", "the key is missing or empty", f"a cache in {kind} needs it")
    # CacheS3Config.AuthType in the runner's cache/cacheconfig/cacheconfig.go.
    if s3.get("access_key") and not s3.get("server_address") and not s3.get("authentication_type"):
        yield warning(
            f"{path}.s3.access_key",
            "without `server_address` the access key is ignored, and the host's role is used",
            "leave the key out, or set `authentication_type` to `access-key`",
        )
