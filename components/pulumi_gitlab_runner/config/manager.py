"""The global section of `config.toml`: the runner manager.

Keys, types, defaults and versions are those of `Config` in the runner's `common/config.go` (19.4).
"""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.toml_table import toml_table


@toml_table()
class SessionServerConfig(TypedDict):
    """`[session_server]`: interactive web terminals for running jobs."""

    listen_address: NotRequired[str]
    """Address that the session server listens on, such as `[::]:8093`. Default: none. Since 11.3."""
    advertise_address: NotRequired[str]
    """Address at which GitLab reaches the session server. Default: `listen_address`. Since 11.3."""
    session_timeout: NotRequired[int]
    """Seconds that a session stays open after its job. Default: 1800. Since 11.3."""


@toml_table()
class ShutdownDrainConfig(TypedDict):
    """`[machine.shutdown_drain]`: removal of idle machines at shutdown, for the docker+machine executor."""

    enabled: NotRequired[bool]
    """Remove idle machines when the manager stops. Default: false. Since 18.10."""
    concurrency: NotRequired[int]
    """Machines removed at a time. Default: 3. Since 18.10."""
    max_retries: NotRequired[int]
    """Attempts for each machine. Default: 3. Since 18.10."""
    retry_backoff: NotRequired[str]
    """Wait between attempts, multiplied by the attempt, such as `5s`. Default: 5s. Since 18.10."""


@toml_table()
class MachineConfig(TypedDict):
    """`[machine]`: settings for all runners with the docker+machine executor."""

    shutdown_drain: NotRequired[ShutdownDrainConfig]
    """Removal of idle machines at shutdown. Since 18.10."""


@toml_table()
class LogrotateConfig(TypedDict):
    """`[experimental.usage_logger.logrotate]`: usage records in rotated files."""

    log_dir: NotRequired[str]
    """Directory of the files. Default: `usage-log` beside `config.toml`. Since 19.2."""
    max_backup_files: NotRequired[int]
    """Number of rotated files to keep. Default: 14. Since 19.2."""
    max_rotation_age: NotRequired[str]
    """Age at which a file is rotated, such as `24h`. Default: 24h. Since 19.2."""
    labels: NotRequired[dict[str, str]]
    """Labels added to every record. Since 19.2."""


@toml_table()
class SnowplowBillingConfig(TypedDict):
    """`[experimental.usage_logger.snowplow_billing]`: usage records sent to a billing collector."""

    collector_uri: NotRequired[str]
    """URI of the collector. Since 19.2."""
    app_id: NotRequired[str]
    """Name of the sending application. Since 19.2."""
    category: NotRequired[str]
    """Category of the events. Since 19.2."""
    realm: NotRequired[str]
    """Type of GitLab instance: `SaaS`, `Dedicated` or `SM`. Since 19.2."""
    deployment_type: NotRequired[str]
    """Type of deployment: `dedicated`, `.com` or `self-managed`. Since 19.2."""
    metadata: NotRequired[dict[str, str]]
    """Values added to every event. Since 19.2."""
    enable_oidc: NotRequired[bool]
    """Authenticate with an OIDC token of the cloud provider. Default: false. Since 19.2."""
    batch_delivery_duration_buckets: NotRequired[list[float]]
    """Histogram buckets of the delivery time, in seconds. Since 19.2."""
    skip_oidc_if_unsupported_cloud: NotRequired[bool]
    """Outside AWS and Google Cloud, send without authentication instead of failing. Since 19.2."""
    skip_runner_system_failure: NotRequired[bool]
    """Leave out jobs with a runner system failure. Default: true. Since 19.2."""


@toml_table()
class UsageLoggerConfig(TypedDict):
    """`[experimental.usage_logger]`: a usage record for each job."""

    enabled: NotRequired[bool]
    """Write usage records. Default: false. Since 17.9."""
    writers: NotRequired[list[str]]
    """Writers of the records: `logrotate`, `snowplow_billing`. Default: only logrotate. Since 19.2."""
    logrotate: NotRequired[LogrotateConfig]
    """Usage records in rotated files. Since 19.2."""
    snowplow_billing: NotRequired[SnowplowBillingConfig]
    """Usage records sent to a billing collector. Since 19.2."""
    log_dir: NotRequired[str]
    """Deprecated: use `logrotate.log_dir`. Since 17.9."""
    max_backup_files: NotRequired[int]
    """Deprecated: use `logrotate.max_backup_files`. Since 17.9."""
    max_rotation_age: NotRequired[str]
    """Deprecated: use `logrotate.max_rotation_age`. Since 17.9."""
    labels: NotRequired[dict[str, str]]
    """Deprecated: use `logrotate.labels`. Since 17.9."""


@toml_table()
class ManagerExperimentalConfig(TypedDict):
    """`[experimental]`: settings that any release of the runner may change or remove."""

    usage_logger: NotRequired[UsageLoggerConfig]
    """A usage record for each job. Since 17.9."""


@toml_table()
class ManagerConfig(TypedDict):
    """A whole `config.toml`: the runner manager and its runners."""

    concurrent: NotRequired[int]
    """Maximum number of concurrent jobs of all runners, at least 1. Default: 1. Since 1.1."""
    check_interval: NotRequired[int]
    """Seconds between two requests for jobs. Default: 3. Since 1.3."""
    log_level: NotRequired[str]
    """Log level: `panic`, `fatal`, `error`, `warning`, `info` or `debug`. Default: info. Since 9.1."""
    log_format: NotRequired[str]
    """Log format: `runner`, `text` or `json`. Default: runner. Since 11.4."""
    user: NotRequired[str]
    """User that jobs of the shell executor run as. Since 1.1."""
    sentry_dsn: NotRequired[str]
    """DSN of the Sentry project for the manager's errors. Default: the variable `SENTRY_DSN`. Since 1.4."""
    listen_address: NotRequired[str]
    """Address of the metrics and debug endpoint, such as `127.0.0.1:9252`. Default: none. Since 11.0."""
    connection_max_age: NotRequired[str]
    """Age at which a connection to GitLab is renewed, such as `15m`; 0 keeps it. Default: 15m. Since 16.9."""
    shutdown_timeout: NotRequired[int]
    """Timeout of a forceful shutdown, in seconds. Default: 30. Since 15.6."""
    labels: NotRequired[dict[str, str]]
    """Labels of every runner, at most 32. Since 18.5."""
    session_server: NotRequired[SessionServerConfig]
    """Interactive web terminals for running jobs. Since 11.3."""
    machine: NotRequired[MachineConfig]
    """Settings for all runners with the docker+machine executor. Since 18.10."""
    experimental: NotRequired[ManagerExperimentalConfig]
    """Settings that any release of the runner may change or remove. Since 17.9."""
    runners: NotRequired[list[RunnerConfig]]
    """The runners of this manager. Since 1.1."""
