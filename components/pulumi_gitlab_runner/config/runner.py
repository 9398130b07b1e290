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
    """Limit of one upload, such as `1h`. Default: 1h. Since 18.10."""
    response_header_timeout: NotRequired[str]
    """Limit until GitLab begins to answer, such as `10m`. Default: 10m. Since 18.10."""


@toml_table()
class CustomBuildDirConfig(TypedDict):
    """`[runners.custom_build_dir]`: whether a job may choose where it is checked out."""

    enabled: NotRequired[bool]
    """Honour a job's `GIT_CLONE_PATH`. Default: true with the docker and instance executors. Since 11.10."""


@toml_table()
class MetricsRefereeConfig(TypedDict):
    """`[runners.referees.metrics]`: Prometheus metrics of a job, kept as an artifact."""

    prometheus_address: NotRequired[str]
    """Address of the Prometheus server. Since 12.7."""
    query_interval: NotRequired[int]
    """Seconds between two samples. Since 12.7."""
    queries: NotRequired[list[str]]
    """Queries in PromQL, each as `name:query`. Since 12.7."""


@toml_table()
class RefereesConfig(TypedDict):
    """`[runners.referees]`: watchers of a job."""

    metrics: NotRequired[MetricsRefereeConfig]
    """Prometheus metrics of a job, kept as an artifact. Since 12.7."""


@toml_table()
class JobQueuingDurationConfig(TypedDict):
    """`[[runners.monitoring.job_queuing_durations]]`: how long a job may wait for a runner."""

    periods: NotRequired[list[str]]
    """When this entry holds, as cron expressions. Since 16.10."""
    timezone: NotRequired[str]
    """Time zone of `periods`, such as `Europe/Berlin`. Default: the host's. Since 16.10."""
    threshold: NotRequired[str]
    """The longest acceptable wait, such as `5m`. Since 16.10."""
    jobs_running_for_project: NotRequired[str]
    """Regular expression on the number of jobs that the project runs already. Since 16.10."""


@toml_table()
class MonitoringConfig(TypedDict):
    """`[runners.monitoring]`: what counts as good service."""

    job_queuing_durations: NotRequired[list[JobQueuingDurationConfig]]
    """Acceptable waits; the last entry whose period holds decides. Since 16.10."""


@toml_table()
class InstanceConfig(TypedDict):
    """`[runners.instance]`: settings of the instance executor."""

    allowed_images: NotRequired[list[str]]
    """Images that a job may ask for, as patterns; only with VM isolation. Since 15.8."""
    use_common_build_dir: NotRequired[bool]
    """One build directory for all jobs; only with VM isolation or a `max_use_count` of 1. Since 16.1."""


@toml_table()
class BootVerifyConfig(TypedDict):
    """`[runners.experimental.boot_verify]`: a trial job at start, in the default image."""

    enabled: NotRequired[bool]
    """Run the trial job before the manager reports that it is ready. Default: false. Since 19.2."""
    timeout: NotRequired[str]
    """Limit of the trial job, such as `5m`. Default: 5m. Since 19.2."""
    acquire_min_backoff: NotRequired[str]
    """Shortest wait between attempts to get an instance. Default: 1s. Since 19.2."""
    acquire_max_backoff: NotRequired[str]
    """Longest wait between attempts to get an instance. Default: 10s. Since 19.2."""


@toml_table()
class RunnerExperimentalConfig(TypedDict):
    """`[runners.experimental]`: what the runner may change or take away in any release."""

    boot_verify: NotRequired[BootVerifyConfig]
    """A trial job at start. Since 19.2."""


@toml_table({"tls_ca_file": "tls-ca-file", "tls_cert_file": "tls-cert-file", "tls_key_file": "tls-key-file"})
class RunnerConfig(TypedDict):
    """`[[runners]]`: one runner. `url`, `token` and `executor` are needed."""

    name: NotRequired[str]
    """Name of the runner in logs and metrics. Since 0.2."""
    url: NotRequired[str]
    """Address of GitLab, without `/api/v4`. Since 0.2."""
    id: NotRequired[int]
    """Identifier of the runner in GitLab. Since 15.3."""
    token: NotRequired[str]
    """Runner authentication token (`glrt-…`); a secret. Since 0.2."""
    token_obtained_at: NotRequired[str]
    """When the token was obtained, as `2026-11-01T00:00:00Z`. Since 15.3."""
    token_expires_at: NotRequired[str]
    """When the token expires; unset, or `0001-01-01T00:00:00Z`, means never rotated. Since 15.3."""
    tls_ca_file: NotRequired[str]
    """Path of the certificates that GitLab's certificate is checked against. Since 0.7."""
    tls_cert_file: NotRequired[str]
    """Path of the client certificate. Since 9.2."""
    tls_key_file: NotRequired[str]
    """Path of the client certificate's key. Since 9.2."""
    executor: NotRequired[str]
    """How jobs run: `docker`, `docker-autoscaler`, `instance` or `shell`. Since 0.2."""
    limit: NotRequired[int]
    """Jobs of this runner at a time; 0 leaves it to `concurrent`. Default: 0. Since 0.2."""
    output_limit: NotRequired[int]
    """Limit of a job's log, in kilobytes. Default: 4096. Since 0.5."""
    request_concurrency: NotRequired[int]
    """Requests for jobs at a time, at least 1. Default: 1. Since 9.0."""
    strict_check_interval: NotRequired[bool]
    """Wait `check_interval` also after a job was received. Default: false. Since 18.9."""
    unhealthy_requests_limit: NotRequired[int]
    """Failed requests after which the runner pauses. Default: 3. Since 15.7."""
    unhealthy_interval: NotRequired[str]
    """How long it pauses then, such as `60m`. Default: 60m. Since 15.7."""
    job_status_final_update_retry_limit: NotRequired[int]
    """Attempts to report a job's result. Default: 10. Since 17.9."""
    labels: NotRequired[dict[str, str]]
    """Labels of this runner; they win over the manager's, at most 32 together. Since 18.5."""
    builds_dir: NotRequired[str]
    """Directory of checkouts, inside the job's container. Since 0.2."""
    cache_dir: NotRequired[str]
    """Directory of local caches, inside the job's container. Since 0.7."""
    clone_url: NotRequired[str]
    """Address of GitLab for clones, where it differs from `url`. Since 10.1."""
    environment: NotRequired[list[str]]
    """Variables as `KEY=value`, seen by every job and service. No place for secrets. Since 0.2."""
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
    """Limit of the preparation, such as `10m`. Default: the job's own. Since 19.0."""
    get_sources_timeout: NotRequired[str]
    """Limit of the checkout, such as `10m`. Default: the job's own. Since 19.1."""
    debug_trace_disabled: NotRequired[bool]
    """Refuse a job's `CI_DEBUG_TRACE`. Default: false. Since 11.10."""
    safe_directory_checkout: NotRequired[bool]
    """Add the checkout to Git's `safe.directory`, so that its owner does not matter. Since 16.3."""
    clean_git_config: NotRequired[bool]
    """Clean Git's configuration around a job. Default: true, except with the shell executor. Since 17.10."""
    proxy_exec: NotRequired[bool]
    """Run the script through the helper binary; experimental. Since 17.10."""
    step_runner_image: NotRequired[str]
    """Image that provides the step runner. Since 17.9."""
    use_slot_cgroups: NotRequired[bool]
    """Put each job into a cgroup of its slot. Default: false. Since 18.6."""
    slot_cgroup_template: NotRequired[str]
    """Name of that cgroup. Default: `gitlab-runner/slot-${slot}`. Since 18.6."""
    feature_flags: NotRequired[dict[str, bool]]
    """Feature flags of the runner; they win over a job's variables. Since 13.11."""
    custom_build_dir: NotRequired[CustomBuildDirConfig]
    """Whether a job may choose where it is checked out. Since 11.10."""
    artifact: NotRequired[ArtifactConfig]
    """The upload of artifacts. Since 18.10."""
    referees: NotRequired[RefereesConfig]
    """Watchers of a job. Since 12.7."""
    monitoring: NotRequired[MonitoringConfig]
    """Thresholds of good service. Since 16.10."""
    cache: NotRequired[CacheConfig]
    """The distributed cache. Since 1.1."""
    docker: NotRequired[DockerConfig]
    """Containers of jobs. Since 0.2."""
    autoscaler: NotRequired[AutoscalerConfig]
    """Instances of the docker-autoscaler and instance executors. Since 15.5."""
    instance: NotRequired[InstanceConfig]
    """Settings of the instance executor. Since 15.8."""
    experimental: NotRequired[RunnerExperimentalConfig]
    """What the runner may change or take away in any release. Since 19.2."""
