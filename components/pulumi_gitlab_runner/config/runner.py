"""The `[[runners]]` section of `config.toml`: one runner.

Keys, types, defaults and versions are those of `RunnerConfig`, `RunnerCredentials` and `RunnerSettings` in
the runner's `common/config.go` (19.4). The sections of executors other than docker, docker-autoscaler,
instance and shell are not part of it.
"""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig
from pulumi_gitlab_runner.config.cache import CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.toml_table import toml_table


@toml_table()
class ArtifactConfig(TypedDict):
    """`[runners.artifact]`: the upload of artifacts."""

    upload_timeout: NotRequired[str]
    """Timeout of an upload, such as `1h`. Default: 1h. Since 18.10."""
    response_header_timeout: NotRequired[str]
    """Timeout for the headers of GitLab's response, such as `10m`. Default: 10m. Since 18.10."""


@toml_table()
class CustomBuildDirConfig(TypedDict):
    """`[runners.custom_build_dir]`: custom build directories of jobs."""

    enabled: NotRequired[bool]
    """Accept a job's `GIT_CLONE_PATH`. Default: true with the docker and instance executors. Since 11.10."""


@toml_table()
class MetricsRefereeConfig(TypedDict):
    """`[runners.referees.metrics]`: Prometheus metrics of a job, as an artifact."""

    prometheus_address: NotRequired[str]
    """Address of the Prometheus server. Since 12.7."""
    query_interval: NotRequired[int]
    """Seconds between two samples. Since 12.7."""
    queries: NotRequired[list[str]]
    """Queries in PromQL, each as `name:query`. Since 12.7."""


@toml_table()
class RefereesConfig(TypedDict):
    """`[runners.referees]`: job monitoring with referees."""

    metrics: NotRequired[MetricsRefereeConfig]
    """Prometheus metrics of a job, as an artifact. Since 12.7."""


@toml_table()
class JobQueuingDurationConfig(TypedDict):
    """`[[runners.monitoring.job_queuing_durations]]`: the acceptable queuing duration of jobs."""

    periods: NotRequired[list[str]]
    """Periods in which this entry applies, as cron expressions. Since 16.10."""
    timezone: NotRequired[str]
    """Time zone of `periods`, such as `Europe/Berlin`. Default: the host's. Since 16.10."""
    threshold: NotRequired[str]
    """Maximum acceptable queuing duration, such as `5m`. Since 16.10."""
    jobs_running_for_project: NotRequired[str]
    """Regular expression for the number of running jobs of the project. Since 16.10."""


@toml_table()
class MonitoringConfig(TypedDict):
    """`[runners.monitoring]`: thresholds of the runner's metrics."""

    job_queuing_durations: NotRequired[list[JobQueuingDurationConfig]]
    """Acceptable queuing durations; the last entry with a matching period applies. Since 16.10."""


@toml_table()
class InstanceConfig(TypedDict):
    """`[runners.instance]`: settings of the instance executor."""

    allowed_images: NotRequired[list[str]]
    """Images that jobs can use, as patterns; only with VM isolation. Since 15.8."""
    use_common_build_dir: NotRequired[bool]
    """Use one build directory for all jobs; only with VM isolation or a `max_use_count` of 1. Since 16.1."""


@toml_table()
class BootVerifyConfig(TypedDict):
    """`[runners.experimental.boot_verify]`: a trial job at the manager's start, in the default image."""

    enabled: NotRequired[bool]
    """Run the trial job before the manager reports that it is ready. Default: false. Since 19.2."""
    timeout: NotRequired[str]
    """Timeout of the trial job, such as `5m`. Default: 5m. Since 19.2."""
    acquire_min_backoff: NotRequired[str]
    """Minimum wait between attempts to get an instance. Default: 1s. Since 19.2."""
    acquire_max_backoff: NotRequired[str]
    """Maximum wait between attempts to get an instance. Default: 10s. Since 19.2."""


@toml_table()
class RunnerExperimentalConfig(TypedDict):
    """`[runners.experimental]`: settings that any release of the runner may change or remove."""

    boot_verify: NotRequired[BootVerifyConfig]
    """A trial job at the manager's start. Since 19.2."""


@toml_table({"tls_ca_file": "tls-ca-file", "tls_cert_file": "tls-cert-file", "tls_key_file": "tls-key-file"})
class RunnerConfig(TypedDict):
    """`[[runners]]`: one runner. `url`, `token` and `executor` are required."""

    name: NotRequired[str]
    """Name of the runner in logs and metrics. Since 0.2."""
    url: NotRequired[str]
    """URL of GitLab, without `/api/v4`. Since 0.2."""
    id: NotRequired[int]
    """ID of the runner in GitLab. Since 15.3."""
    token: NotRequired[str]
    """Runner authentication token (`glrt-…`); a secret. Since 0.2."""
    token_obtained_at: NotRequired[str]
    """Time at which the token was obtained, such as `2026-11-01T00:00:00Z`. Since 15.3."""
    token_expires_at: NotRequired[str]
    """Time at which the token expires; without it, or `0001-01-01T00:00:00Z`: never rotated. Since 15.3."""
    tls_ca_file: NotRequired[str]
    """Path of the CA certificates that verify GitLab's certificate. Since 0.7."""
    tls_cert_file: NotRequired[str]
    """Path of the client certificate. Since 9.2."""
    tls_key_file: NotRequired[str]
    """Path of the client certificate's key. Since 9.2."""
    executor: NotRequired[str]
    """Executor: `docker`, `docker-autoscaler`, `instance` or `shell`. Since 0.2."""
    limit: NotRequired[int]
    """Maximum number of concurrent jobs of this runner; 0 for that of `concurrent`. Default: 0. Since 0.2."""
    output_limit: NotRequired[int]
    """Maximum size of a job's log, in kilobytes. Default: 4096. Since 0.5."""
    request_concurrency: NotRequired[int]
    """Maximum number of concurrent requests for jobs, at least 1. Default: 1. Since 9.0."""
    strict_check_interval: NotRequired[bool]
    """Wait `check_interval` also after a job was received. Default: false. Since 18.9."""
    unhealthy_requests_limit: NotRequired[int]
    """Failed requests after which the runner pauses. Default: 3. Since 15.7."""
    unhealthy_interval: NotRequired[str]
    """Duration of this pause, such as `60m`. Default: 60m. Since 15.7."""
    job_status_final_update_retry_limit: NotRequired[int]
    """Attempts to report a job's result. Default: 10. Since 17.9."""
    labels: NotRequired[dict[str, str]]
    """Labels of this runner, which override the manager's; at most 32 together. Since 18.5."""
    builds_dir: NotRequired[str]
    """Directory of checkouts, inside the job's container. Since 0.2."""
    cache_dir: NotRequired[str]
    """Directory of local caches, inside the job's container. Since 0.7."""
    clone_url: NotRequired[str]
    """URL of GitLab for clones, if it differs from `url`. Since 10.1."""
    environment: NotRequired[list[str]]
    """Variables as `KEY=value`, visible to every job and service; not for secrets. Since 0.2."""
    shell: NotRequired[str]
    """Shell of the job's script: `bash`, `sh`, `pwsh`, `powershell` or `cmd`. Since 0.2."""
    pre_get_sources_script: NotRequired[str]
    """Commands before the checkout. Since 15.9."""
    post_get_sources_script: NotRequired[str]
    """Commands after the checkout. Since 15.9."""
    pre_build_script: NotRequired[str]
    """Commands before the job's script. Since 1.6."""
    post_build_script: NotRequired[str]
    """Commands after the job's script, before `after_script`. Since 1.11."""
    prepare_timeout: NotRequired[str]
    """Timeout of the preparation, such as `10m`. Default: the job's timeout. Since 19.0."""
    get_sources_timeout: NotRequired[str]
    """Timeout of the checkout, such as `10m`. Default: the job's timeout. Since 19.1."""
    debug_trace_disabled: NotRequired[bool]
    """Ignore a job's `CI_DEBUG_TRACE`. Default: false. Since 11.10."""
    safe_directory_checkout: NotRequired[bool]
    """Add the checkout to Git's `safe.directory`, so that any user can own it. Since 16.3."""
    clean_git_config: NotRequired[bool]
    """Clean the Git configuration of a job. Default: true, except with the shell executor. Since 17.10."""
    proxy_exec: NotRequired[bool]
    """Run the script through the helper binary; experimental. Since 17.10."""
    step_runner_image: NotRequired[str]
    """Image that provides the step runner. Since 17.9."""
    use_slot_cgroups: NotRequired[bool]
    """Run each job in the cgroup of its slot. Default: false. Since 18.6."""
    slot_cgroup_template: NotRequired[str]
    """Name of the cgroup of a slot. Default: `gitlab-runner/slot-${slot}`. Since 18.6."""
    feature_flags: NotRequired[dict[str, bool]]
    """Feature flags of the runner, which override a job's variables. Since 13.11."""
    custom_build_dir: NotRequired[CustomBuildDirConfig]
    """Custom build directories of jobs. Since 11.10."""
    artifact: NotRequired[ArtifactConfig]
    """The upload of artifacts. Since 18.10."""
    referees: NotRequired[RefereesConfig]
    """Job monitoring with referees. Since 12.7."""
    monitoring: NotRequired[MonitoringConfig]
    """Thresholds of the runner's metrics. Since 16.10."""
    cache: NotRequired[CacheConfig]
    """The distributed cache. Since 1.1."""
    docker: NotRequired[DockerConfig]
    """Containers of jobs. Since 0.2."""
    autoscaler: NotRequired[AutoscalerConfig]
    """Instances of the docker-autoscaler and instance executors. Since 15.5."""
    instance: NotRequired[InstanceConfig]
    """Settings of the instance executor. Since 15.8."""
    experimental: NotRequired[RunnerExperimentalConfig]
    """Settings that any release of the runner may change or remove. Since 19.2."""
