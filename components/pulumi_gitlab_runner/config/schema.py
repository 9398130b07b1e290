"""The schema of `config.toml` as data: the Go type and the first release of every key, and its limits.

Go types and releases were read from the configuration structs of all release tags up to 19.4. A struct that
moved to another Go package kept its keys: the release is the first in which a file may hold the key.
"""

from dataclasses import dataclass

from pulumi_gitlab_runner.config.autoscaler import (
    AutoscalerConfig,
    AutoscalerPolicyConfig,
    ConnectorConfig,
    ScaleThrottleConfig,
    StateStorageConfig,
    VmIsolationConfig,
)
from pulumi_gitlab_runner.config.cache import AzureCacheConfig, CacheConfig, GcsCacheConfig, S3CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig, ServiceConfig
from pulumi_gitlab_runner.config.forms import (
    ABSOLUTE_PATH,
    CAPABILITY,
    CPUS,
    CPUSET,
    DEVICE,
    DURATION,
    EXTENDED_PERIOD,
    EXTRA_HOST,
    IP_ADDRESS,
    IPC_MODE,
    MAC_ADDRESS,
    MEMORY,
    PATTERN,
    PERIOD,
    PID_MODE,
    TIME_ZONE,
    TIMESTAMP,
    ULIMIT,
    VOLUME,
    Form,
)
from pulumi_gitlab_runner.config.manager import (
    LogrotateConfig,
    MachineConfig,
    ManagerConfig,
    ManagerExperimentalConfig,
    SessionServerConfig,
    ShutdownDrainConfig,
    SnowplowBillingConfig,
    UsageLoggerConfig,
)
from pulumi_gitlab_runner.config.runner import (
    ArtifactConfig,
    BootVerifyConfig,
    CustomBuildDirConfig,
    InstanceConfig,
    JobQueuingDurationConfig,
    MetricsRefereeConfig,
    MonitoringConfig,
    RefereesConfig,
    RunnerConfig,
    RunnerExperimentalConfig,
)

PULL_POLICIES = ("always", "if-not-present", "never")
LOG_LEVELS = ("panic", "fatal", "error", "warn", "warning", "info", "debug", "trace")
"""github.com/sirupsen/logrus, ParseLevel."""
ENCRYPTIONS = ("S3", "AES256", "KMS", "aws:kms", "DSSE-KMS", "aws:kms:dsse")
"""`EncryptionType` in the runner's cache/cacheconfig/cacheconfig.go."""


@dataclass(frozen=True)
class Key:
    """A key of `config.toml`.

    Attributes:
        go_type: The type in the runner's source.
        since: The first release that supports the key, as `MAJOR.MINOR`.
        minimum: The smallest allowed number; None for no limit.
        maximum: The largest allowed number; None for no limit.
        allowed: The allowed texts, also for each item of a list; empty for any.
        ignores_case: Whether the runner accepts the allowed texts in upper and lower case.
        form: The format of the text, also for each item of a list or a table; None for any.
        instead: The replacement of a deprecated key; empty for any other key.
    """

    go_type: str
    since: str
    minimum: int | None = None
    maximum: int | None = None
    allowed: tuple[str, ...] = ()
    ignores_case: bool = False
    form: Form | None = None
    instead: str = ""


@dataclass(frozen=True)
class RemovedKey:
    """A key of earlier releases.

    Attributes:
        last_in: The last release that supported the key, as `MAJOR.MINOR`.
        fix: The fix.
    """

    last_in: str
    fix: str


KEYS: dict[type, dict[str, Key]] = {
    ManagerConfig: {
        "concurrent": Key("int", "1.1", minimum=1),
        "check_interval": Key("int", "1.3"),
        "log_level": Key("*string", "9.1", allowed=LOG_LEVELS, ignores_case=True),
        "log_format": Key("*string", "11.4", allowed=("runner", "text", "json")),
        "user": Key("string", "1.1"),
        "sentry_dsn": Key("*string", "1.4"),
        "listen_address": Key("string", "11.0"),
        "connection_max_age": Key("*time.Duration", "16.9", form=DURATION),
        "shutdown_timeout": Key("int", "15.6"),
        "labels": Key("Labels", "18.5"),
        "session_server": Key("SessionServer", "11.3"),
        "machine": Key("*MachineConfig", "18.10"),
        "experimental": Key("*Experimental", "17.9"),
        "runners": Key("[]*RunnerConfig", "1.1"),
    },
    SessionServerConfig: {
        "listen_address": Key("string", "11.3"),
        "advertise_address": Key("string", "11.3"),
        "session_timeout": Key("int", "11.3"),
    },
    MachineConfig: {
        "shutdown_drain": Key("*DockerMachineShutdownDrain", "18.10"),
    },
    ShutdownDrainConfig: {
        "enabled": Key("bool", "18.10"),
        "concurrency": Key("int", "18.10"),
        "max_retries": Key("int", "18.10"),
        "retry_backoff": Key("time.Duration", "18.10", form=DURATION),
    },
    ManagerExperimentalConfig: {
        "usage_logger": Key("UsageLogger", "17.9"),
    },
    UsageLoggerConfig: {
        "enabled": Key("bool", "17.9"),
        "writers": Key("[]string", "19.2", allowed=("logrotate", "snowplow_billing")),
        "logrotate": Key("LogrotateConfig", "19.2"),
        "snowplow_billing": Key("SnowplowConfig", "19.2"),
        "log_dir": Key("string", "17.9", instead="logrotate.log_dir"),
        "max_backup_files": Key("*int64", "17.9", instead="logrotate.max_backup_files"),
        "max_rotation_age": Key("*time.Duration", "17.9", form=DURATION),
        "labels": Key("map[string]string", "17.9", instead="logrotate.labels"),
    },
    LogrotateConfig: {
        "log_dir": Key("string", "19.2"),
        "max_backup_files": Key("*int64", "19.2"),
        "max_rotation_age": Key("*time.Duration", "19.2", form=DURATION),
        "labels": Key("map[string]string", "19.2"),
    },
    SnowplowBillingConfig: {
        "collector_uri": Key("string", "19.2"),
        "app_id": Key("string", "19.2"),
        "category": Key("string", "19.2"),
        "realm": Key("string", "19.2"),
        "deployment_type": Key("string", "19.2"),
        "metadata": Key("map[string]string", "19.2"),
        "enable_oidc": Key("bool", "19.2"),
        "batch_delivery_duration_buckets": Key("[]float64", "19.2"),
        "skip_oidc_if_unsupported_cloud": Key("*bool", "19.2"),
        "skip_runner_system_failure": Key("*bool", "19.2"),
    },
    RunnerConfig: {
        "name": Key("string", "0.2"),
        "url": Key("string", "0.2"),
        "id": Key("int64", "15.3"),
        "token": Key("string", "0.2"),
        "token_obtained_at": Key("time.Time", "15.3", form=TIMESTAMP),
        "token_expires_at": Key("time.Time", "15.3", form=TIMESTAMP),
        "tls_ca_file": Key("string", "0.7"),
        "tls_cert_file": Key("string", "9.2"),
        "tls_key_file": Key("string", "9.2"),
        "executor": Key("string", "0.2", allowed=("docker", "docker-autoscaler", "instance", "shell")),
        "limit": Key("int", "0.2", minimum=0),
        "output_limit": Key("int", "0.5"),
        "request_concurrency": Key("int", "9.0", minimum=1),
        "strict_check_interval": Key("*bool", "18.9"),
        "unhealthy_requests_limit": Key("int", "15.7"),
        "unhealthy_interval": Key("*time.Duration", "15.7", form=DURATION),
        "job_status_final_update_retry_limit": Key("int", "17.9"),
        "labels": Key("Labels", "18.5"),
        "builds_dir": Key("string", "0.2"),
        "cache_dir": Key("string", "0.7"),
        "clone_url": Key("string", "10.1"),
        "environment": Key("[]string", "0.2"),
        "shell": Key("string", "0.2", allowed=("bash", "sh", "pwsh", "powershell", "cmd")),
        "pre_get_sources_script": Key("string", "15.9"),
        "post_get_sources_script": Key("string", "15.9"),
        "pre_build_script": Key("string", "1.6"),
        "post_build_script": Key("string", "1.11"),
        "prepare_timeout": Key("*time.Duration", "19.0", form=DURATION),
        "get_sources_timeout": Key("*time.Duration", "19.1", form=DURATION),
        "debug_trace_disabled": Key("bool", "11.10"),
        "safe_directory_checkout": Key("*bool", "16.3"),
        "clean_git_config": Key("*bool", "17.10"),
        "proxy_exec": Key("*bool", "17.10"),
        "step_runner_image": Key("string", "17.9"),
        "use_slot_cgroups": Key("bool", "18.6"),
        "slot_cgroup_template": Key("string", "18.6"),
        "feature_flags": Key("map[string]bool", "13.11"),
        "custom_build_dir": Key("CustomBuildDir", "11.10"),
        "artifact": Key("ArtifactConfig", "18.10"),
        "referees": Key("*referees.Config", "12.7"),
        "monitoring": Key("*runner.Monitoring", "16.10"),
        "cache": Key("*cacheconfig.Config", "1.1"),
        "docker": Key("*DockerConfig", "0.2"),
        "autoscaler": Key("*AutoscalerConfig", "15.5"),
        "instance": Key("*InstanceConfig", "15.8"),
        "experimental": Key("*RunnerExperimental", "19.2"),
    },
    ArtifactConfig: {
        "upload_timeout": Key("*time.Duration", "18.10", form=DURATION),
        "response_header_timeout": Key("*time.Duration", "18.10", form=DURATION),
    },
    CustomBuildDirConfig: {
        "enabled": Key("*bool", "11.10"),
    },
    RefereesConfig: {
        "metrics": Key("*MetricsRefereeConfig", "12.7"),
    },
    MetricsRefereeConfig: {
        "prometheus_address": Key("string", "12.7"),
        "query_interval": Key("int", "12.7"),
        "queries": Key("[]string", "12.7"),
    },
    MonitoringConfig: {
        "job_queuing_durations": Key("JobQueuingDurations", "16.10"),
    },
    JobQueuingDurationConfig: {
        "periods": Key("[]string", "16.10", form=EXTENDED_PERIOD),
        "timezone": Key("string", "16.10", form=TIME_ZONE),
        "threshold": Key("time.Duration", "16.10", form=DURATION),
        "jobs_running_for_project": Key("string", "16.10", form=PATTERN),
    },
    InstanceConfig: {
        "allowed_images": Key("[]string", "15.8"),
        "use_common_build_dir": Key("bool", "16.1"),
    },
    RunnerExperimentalConfig: {
        "boot_verify": Key("*BootVerify", "19.2"),
    },
    BootVerifyConfig: {
        "enabled": Key("bool", "19.2"),
        "timeout": Key("time.Duration", "19.2", form=DURATION),
        "acquire_min_backoff": Key("time.Duration", "19.2", form=DURATION),
        "acquire_max_backoff": Key("time.Duration", "19.2", form=DURATION),
    },
    DockerConfig: {
        "image": Key("string", "0.2"),
        "host": Key("string", "0.2"),
        "tls_cert_path": Key("string", "0.3"),
        "tls_verify": Key("bool", "0.6"),
        "hostname": Key("string", "0.2"),
        "runtime": Key("string", "10.4"),
        "user": Key("string", "15.5"),
        "allowed_users": Key("[]string", "16.8"),
        "group_add": Key("[]string", "16.6"),
        "pull_policy": Key("StringOrArray", "1.1", allowed=PULL_POLICIES),
        "allowed_pull_policies": Key("[]DockerPullPolicy", "15.1", allowed=PULL_POLICIES),
        "allowed_images": Key("[]string", "0.5"),
        "allowed_services": Key("[]string", "0.5"),
        "privileged": Key("bool", "0.2"),
        "services_privileged": Key("*bool", "15.7"),
        "allowed_privileged_images": Key("[]string", "16.1"),
        "allowed_privileged_services": Key("[]string", "16.1"),
        "disable_entrypoint_overwrite": Key("bool", "11.4"),
        "memory": Key("string", "10.7", form=MEMORY),
        "memory_swap": Key("string", "10.7", form=MEMORY),
        "memory_reservation": Key("string", "10.7", form=MEMORY),
        "oom_kill_disable": Key("bool", "11.4"),
        "oom_score_adjust": Key("int", "12.6", minimum=-1000, maximum=1000),
        "cpus": Key("string", "9.3", form=CPUS),
        "cpu_shares": Key("int64", "12.6"),
        "cpuset_cpus": Key("string", "1.3", form=CPUSET),
        "cpuset_mems": Key("string", "17.0", form=CPUSET),
        "cgroup_parent": Key("string", "16.10"),
        "gpus": Key("string", "13.9"),
        "shm_size": Key("int64", "9.1", minimum=0),
        "cap_add": Key("[]string", "1.1", form=CAPABILITY),
        "cap_drop": Key("[]string", "1.1", form=CAPABILITY),
        "security_opt": Key("[]string", "1.4"),
        "services_security_opt": Key("[]string", "15.10"),
        "devices": Key("[]string", "1.1", form=DEVICE),
        "device_cgroup_rules": Key("[]string", "15.1"),
        "services_devices": Key("map[string][]string", "17.10", form=DEVICE),
        "userns_mode": Key("string", "9.3", allowed=("host",)),
        "pid_mode": Key("string", "19.1", form=PID_MODE),
        "ipcmode": Key("string", "15.7", form=IPC_MODE),
        "isolation": Key("string", "15.8", allowed=("default", "hyperv", "process")),
        "network_mode": Key("string", "1.1"),
        "network_mtu": Key("int", "16.5"),
        "enable_ipv6": Key("bool", "15.5"),
        "mac_address": Key("string", "15.8", form=MAC_ADDRESS),
        "dns": Key("[]string", "1.3", form=IP_ADDRESS),
        "dns_search": Key("[]string", "1.3"),
        "extra_hosts": Key("[]string", "0.2", form=EXTRA_HOST),
        "links": Key("[]string", "0.2"),
        "services_limit": Key("*int", "16.9", minimum=-1),
        "service_memory": Key("string", "16.9", form=MEMORY),
        "service_memory_swap": Key("string", "16.9", form=MEMORY),
        "service_memory_reservation": Key("string", "16.9", form=MEMORY),
        "service_cpus": Key("string", "16.9", form=CPUS),
        "service_cpu_shares": Key("int64", "16.9"),
        "service_cpuset_cpus": Key("string", "16.9", form=CPUSET),
        "service_cgroup_parent": Key("string", "16.10"),
        "service_slot_cgroup_template": Key("string", "18.6"),
        "service_gpus": Key("string", "17.10"),
        "wait_for_services_timeout": Key("int", "0.2"),
        "disable_cache": Key("bool", "0.2"),
        "cache_dir": Key("string", "0.2"),
        "volumes": Key("[]string", "0.2", form=VOLUME),
        "volumes_from": Key("[]string", "1.6"),
        "volume_driver": Key("string", "1.9"),
        "volume_keep": Key("bool", "18.10"),
        "helper_image": Key("string", "10.2"),
        "helper_image_flavor": Key("string", "14.0"),
        "tmpfs": Key("map[string]string", "10.0"),
        "services_tmpfs": Key("map[string]string", "9.4"),
        "sysctls": Key("DockerSysCtls", "9.5"),
        "ulimit": Key("map[string]string", "16.2", form=ULIMIT),
        "container_labels": Key("map[string]string", "14.10"),
        "log_options": Key("map[string]string", "18.9"),
        "volume_driver_ops": Key("map[string]string", "15.5"),
        "services": Key("[]Service", "0.2"),
    },
    ServiceConfig: {
        "name": Key("string", "12.5"),
        "alias": Key("string", "12.9"),
        "command": Key("[]string", "13.6"),
        "entrypoint": Key("[]string", "13.6"),
        "environment": Key("[]string", "15.10"),
        "suspend_data_path": Key("string", "19.4"),
    },
    AutoscalerConfig: {
        "plugin": Key("string", "15.5"),
        "capacity_per_instance": Key("int", "15.5"),
        "max_use_count": Key("int", "15.5"),
        "max_instances": Key("int", "15.5"),
        "delete_instances_on_shutdown": Key("bool", "16.0"),
        "instance_ready_command": Key("string", "16.11"),
        "instance_acquire_timeout": Key("time.Duration", "18.1", form=DURATION),
        "update_interval": Key("time.Duration", "17.0", form=DURATION),
        "update_interval_when_expecting": Key("time.Duration", "17.0", form=DURATION),
        "deletion_retry_interval": Key("time.Duration", "18.3", form=DURATION),
        "shutdown_deletion_interval": Key("time.Duration", "18.3", form=DURATION),
        "shutdown_deletion_retries": Key("int", "18.3"),
        "failure_threshold": Key("int", "18.3"),
        "reservation_throttling": Key("*bool", "18.7"),
        "log_internal_ip": Key("bool", "18.2"),
        "log_external_ip": Key("bool", "18.2"),
        "instance_operation_time_buckets": Key("[]float64", "15.5"),
        "instance_creation_time_buckets": Key("[]float64", "15.11"),
        "instance_is_running_time_buckets": Key("[]float64", "15.11"),
        "instance_deletion_time_buckets": Key("[]float64", "15.11"),
        "instance_readiness_time_buckets": Key("[]float64", "15.11"),
        "instance_life_duration_buckets": Key("[]float64", "15.11"),
        "plugin_config": Key("AutoscalerSettingsMap", "15.5"),
        "connector_config": Key("ConnectorConfig", "15.5"),
        "scale_throttle": Key("AutoscalerScaleThrottle", "17.0"),
        "state_storage": Key("AutoscalerStateStorage", "17.5"),
        "vm_isolation": Key("VMIsolation", "15.8"),
        "policy": Key("[]AutoscalerPolicyConfig", "15.5"),
    },
    StateStorageConfig: {
        "enabled": Key("bool", "17.5"),
        "dir": Key("string", "17.5"),
        "keep_instance_with_acquisitions": Key("bool", "17.5"),
    },
    ScaleThrottleConfig: {
        "limit": Key("int", "17.0"),
        "burst": Key("int", "17.0"),
    },
    VmIsolationConfig: {
        "enabled": Key("bool", "15.8"),
        "nesting_host": Key("string", "15.8"),
        "nesting_config": Key("AutoscalerSettingsMap", "15.8"),
        "image": Key("string", "15.8"),
        "connector_config": Key("ConnectorConfig", "15.8"),
    },
    ConnectorConfig: {
        "os": Key("string", "15.5"),
        "arch": Key("string", "15.5"),
        "protocol": Key("string", "15.5", allowed=("ssh", "winrm", "winrm+https")),
        "protocol_port": Key("int", "17.11"),
        "username": Key("string", "15.5"),
        "password": Key("string", "15.5"),
        "key_path": Key("string", "15.5", form=ABSOLUTE_PATH),
        "use_static_credentials": Key("bool", "15.5"),
        "keepalive": Key("time.Duration", "15.5", form=DURATION),
        "timeout": Key("time.Duration", "15.5", form=DURATION),
        "use_external_addr": Key("bool", "15.9"),
    },
    AutoscalerPolicyConfig: {
        "periods": Key("[]string", "15.5", form=PERIOD),
        "timezone": Key("string", "15.5", form=TIME_ZONE),
        "idle_count": Key("int", "15.5", minimum=0),
        "idle_time": Key("time.Duration", "15.5", form=DURATION),
        "scale_factor": Key("float64", "15.5", minimum=0),
        "scale_factor_limit": Key("int", "15.5"),
        "preemptive_mode": Key("*bool", "18.1"),
    },
    CacheConfig: {
        "type": Key("string", "1.1", allowed=("s3", "gcs", "azure")),
        "path": Key("string", "1.9"),
        "shared": Key("bool", "1.9"),
        "max_uploaded_archive_size": Key("int64", "15.6"),
        "s3": Key("*CacheS3Config", "11.3"),
        "gcs": Key("*CacheGCSConfig", "11.3"),
        "azure": Key("*CacheAzureConfig", "13.4"),
    },
    S3CacheConfig: {
        "server_address": Key("string", "11.3"),
        "access_key": Key("string", "11.3"),
        "secret_key": Key("string", "11.3"),
        "session_token": Key("string", "16.8"),
        "bucket_name": Key("string", "11.3"),
        "bucket_location": Key("string", "11.3"),
        "insecure": Key("bool", "11.3"),
        "authentication_type": Key("S3AuthType", "14.4", allowed=("iam", "access-key"), ignores_case=True),
        "server_side_encryption": Key("string", "15.3", allowed=ENCRYPTIONS, ignores_case=True),
        "server_side_encryption_key_id": Key("string", "15.3"),
        "dual_stack": Key("*bool", "17.5"),
        "path_style": Key("*bool", "17.5"),
        "accelerate": Key("bool", "17.5"),
        "role_arn": Key("string", "17.8"),
        "upload_role_arn": Key("string", "17.5"),
        "assume_role_max_concurrency": Key("int", "18.11"),
        "disable_assume_role_credentials_caching": Key("bool", "18.11"),
    },
    GcsCacheConfig: {
        "credentials_file": Key("string", "11.3"),
        "bucket_name": Key("string", "11.3"),
        "universe_domain": Key("string", "18.9"),
        "access_id": Key("string", "11.3"),
        "private_key": Key("string", "11.3"),
    },
    AzureCacheConfig: {
        "container_name": Key("string", "13.4"),
        "storage_domain": Key("string", "13.4"),
        "account_name": Key("string", "13.4"),
        "account_key": Key("string", "13.4"),
    },
}

REMOVED_KEYS: dict[type, dict[str, RemovedKey]] = {
    ManagerConfig: {
        "metrics_server": RemovedKey("11.11", "use `listen_address`"),
    },
    RunnerConfig: {
        "clean_environment": RemovedKey("0.3", "leave it out"),
        "disable_verbose": RemovedKey("1.0", "leave it out"),
        "tls-skip-verify": RemovedKey("0.7", "give GitLab's certificates in `tls_ca_file`"),
        "pre_clone_script": RemovedKey("16.11", "use `pre_get_sources_script`"),
        "post_clone_script": RemovedKey("16.11", "use `post_get_sources_script`"),
    },
    DockerConfig: {
        "disable_pull": RemovedKey("0.2", "use `pull_policy`"),
        "image_ttl": RemovedKey("1.0", "use `pull_policy`"),
        "registry": RemovedKey("0.5", "write the registry's host into the image"),
    },
}

OTHER_EXECUTORS_KEYS: dict[type, tuple[str, ...]] = {
    RunnerConfig: ("ssh", "parallels", "virtualbox", "machine", "kubernetes", "custom"),
    # The runner's documentation lists it under [runners.docker]; its source does not.
    DockerConfig: ("helper_image_autoset_arch_and_os",),
}
