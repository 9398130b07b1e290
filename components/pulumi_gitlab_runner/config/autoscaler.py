"""The `[runners.autoscaler]` section of `config.toml`: instances on demand through a fleeting plugin.

Keys, types, defaults and versions are those of `AutoscalerConfig` in the runner's `common/config.go` (19.4).
"""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.toml_table import toml_table


@toml_table()
class ConnectorConfig(TypedDict):
    """`[runners.autoscaler.connector_config]`: the connection of the manager to an instance.

    A value takes precedence over the one that the plugin reports.
    """

    os: NotRequired[str]
    """Operating system of the instance. Since 15.5."""
    arch: NotRequired[str]
    """Processor architecture of the instance. Since 15.5."""
    protocol: NotRequired[str]
    """`ssh`, `winrm` or `winrm+https`. Default: the protocol that the plugin reports. Since 15.5."""
    protocol_port: NotRequired[int]
    """Port. Default: 22 for ssh, 5985 for winrm, 5986 for winrm+https. Since 17.11."""
    username: NotRequired[str]
    """User to connect as, such as `ec2-user`. Since 15.5."""
    password: NotRequired[str]
    """Password of the user; a secret. Since 15.5."""
    key_path: NotRequired[str]
    """Absolute path of a private key on the manager's host. Since 15.5."""
    use_static_credentials: NotRequired[bool]
    """Use only the configured credentials; do not provision any. Default: false. Since 15.5."""
    keepalive: NotRequired[str]
    """Interval of keepalive messages, such as `30s`. Default: 30s. Since 15.5."""
    timeout: NotRequired[str]
    """Timeout of the connection attempt, such as `10m`. Default: 10m. Since 15.5."""
    use_external_addr: NotRequired[bool]
    """Connect to the public address of an instance that has one. Default: false. Since 15.9."""


@toml_table()
class AutoscalerPolicyConfig(TypedDict):
    """`[[runners.autoscaler.policy]]`: the idle capacity in some periods."""

    periods: NotRequired[list[str]]
    """Periods in which this policy applies, as cron expressions. Default: always. Since 15.5."""
    timezone: NotRequired[str]
    """Time zone of `periods`, such as `Europe/Berlin`. Default: the host's. Since 15.5."""
    idle_count: NotRequired[int]
    """Free job slots to keep ready. Default: 0. Since 15.5."""
    idle_time: NotRequired[str]
    """Time after which an idle instance is removed, such as `20m`; at least 1s. Since 15.5."""
    scale_factor: NotRequired[float]
    """Free job slots on top of `idle_count`, as a factor of the slots in use. Default: 0. Since 15.5."""
    scale_factor_limit: NotRequired[int]
    """Maximum number of free job slots from `scale_factor`. Default: no limit. Since 15.5."""
    preemptive_mode: NotRequired[bool]
    """Request jobs only when a slot is free. Default: true if `idle_count` is above 0. Since 18.1."""


@toml_table()
class ScaleThrottleConfig(TypedDict):
    """`[runners.autoscaler.scale_throttle]`: the rate limit of new instances."""

    limit: NotRequired[int]
    """New instances per second; -1 for no limit. Default: 100. Since 17.0."""
    burst: NotRequired[int]
    """Maximum burst of new instances. Default: `max_instances`, else `limit`. Since 17.0."""


@toml_table()
class StateStorageConfig(TypedDict):
    """`[runners.autoscaler.state_storage]`: the stored state of the instances; beta."""

    enabled: NotRequired[bool]
    """Keep instances when the manager restarts; otherwise it removes them. Default: false. Since 17.5."""
    dir: NotRequired[str]
    """Directory of the state. Default: `.taskscaler` beside `config.toml`. Since 17.5."""
    keep_instance_with_acquisitions: NotRequired[bool]
    """Keep instances that had jobs when the manager stopped. Default: false. Since 17.5."""


@toml_table()
class VmIsolationConfig(TypedDict):
    """`[runners.autoscaler.vm_isolation]`: a nested virtual machine for each job."""

    enabled: NotRequired[bool]
    """Run each job in a nested virtual machine. Default: false. Since 15.8."""
    nesting_host: NotRequired[str]
    """Address of the nesting daemon on the instance. Since 15.8."""
    nesting_config: NotRequired[dict[str, Any]]
    """Settings of the nesting daemon. Since 15.8."""
    image: NotRequired[str]
    """Default image of the nested virtual machine. Since 15.8."""
    connector_config: NotRequired[ConnectorConfig]
    """The connection to the nested virtual machine. Since 15.8."""


@toml_table()
class AutoscalerConfig(TypedDict):
    """`[runners.autoscaler]`: instances on demand. Only `policy` is reloaded without a restart."""

    plugin: NotRequired[str]
    """Fleeting plugin, such as `aws:1`. Since 15.5."""
    capacity_per_instance: NotRequired[int]
    """Jobs on an instance at a time. Default: 1. Since 15.5."""
    max_use_count: NotRequired[int]
    """Jobs on an instance until it is removed; 0 for no limit. Default: 0. Since 15.5."""
    max_instances: NotRequired[int]
    """Instances at a time; 0 for no limit. Default: 0. Since 15.5."""
    delete_instances_on_shutdown: NotRequired[bool]
    """Remove all instances when the manager stops. Default: false. Since 16.0."""
    instance_ready_command: NotRequired[str]
    """Command that checks whether an instance is ready; a failure removes it. Since 16.11."""
    instance_acquire_timeout: NotRequired[str]
    """Timeout of a job that waits for an instance, such as `15m`. Default: 15m. Since 18.1."""
    update_interval: NotRequired[str]
    """Interval at which the plugin is polled for changes. Default: 1m. Since 17.0."""
    update_interval_when_expecting: NotRequired[str]
    """Interval of the polling while a change is expected. Default: 2s. Since 17.0."""
    deletion_retry_interval: NotRequired[str]
    """Time after which a removal without effect is retried. Default: 1m. Since 18.3."""
    shutdown_deletion_interval: NotRequired[str]
    """Interval of removals and checks at shutdown. Default: 10s. Since 18.3."""
    shutdown_deletion_retries: NotRequired[int]
    """Attempts to remove all instances at shutdown. Default: 3. Since 18.3."""
    failure_threshold: NotRequired[int]
    """Failed health checks in a row after which an instance is replaced. Default: 3. Since 18.3."""
    reservation_throttling: NotRequired[bool]
    """Request no more jobs than slots can be reserved. Default: true. Since 18.7."""
    log_internal_ip: NotRequired[bool]
    """Show the instance's private address in job logs. Default: false. Since 18.2."""
    log_external_ip: NotRequired[bool]
    """Show the instance's public address in job logs. Default: false. Since 18.2."""
    instance_operation_time_buckets: NotRequired[list[float]]
    """Histogram buckets of all operation times below, in seconds. Since 15.5."""
    instance_creation_time_buckets: NotRequired[list[float]]
    """Histogram buckets of the time to create an instance, in seconds. Since 15.11."""
    instance_is_running_time_buckets: NotRequired[list[float]]
    """Histogram buckets of the time until an instance runs, in seconds. Since 15.11."""
    instance_deletion_time_buckets: NotRequired[list[float]]
    """Histogram buckets of the time to remove an instance, in seconds. Since 15.11."""
    instance_readiness_time_buckets: NotRequired[list[float]]
    """Histogram buckets of the time until an instance is ready, in seconds. Since 15.11."""
    instance_life_duration_buckets: NotRequired[list[float]]
    """Histogram buckets of the lifetime of an instance, in seconds. Since 15.11."""
    plugin_config: NotRequired[dict[str, Any]]
    """Settings of the plugin; for AWS `name`, the Auto Scaling group. Since 15.5."""
    connector_config: NotRequired[ConnectorConfig]
    """The connection of the manager to an instance. Since 15.5."""
    scale_throttle: NotRequired[ScaleThrottleConfig]
    """The rate limit of new instances. Since 17.0."""
    state_storage: NotRequired[StateStorageConfig]
    """The stored state of the instances. Since 17.5."""
    vm_isolation: NotRequired[VmIsolationConfig]
    """A nested virtual machine for each job. Since 15.8."""
    policy: NotRequired[list[AutoscalerPolicyConfig]]
    """Idle capacity; the last policy with a matching period applies. Since 15.5."""
