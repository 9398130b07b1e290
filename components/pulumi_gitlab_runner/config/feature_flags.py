"""The feature flags of GitLab Runner 19.4, from `helpers/featureflags/flags.go` of all release tags."""

from typing import NamedTuple


class FeatureFlag(NamedTuple):
    """A feature flag.

    Attributes:
        default: The default value.
        since: The first release that supports the flag, as `MAJOR.MINOR`.
    """

    default: bool
    since: str


class RemovedFlag(NamedTuple):
    """A feature flag of earlier releases.

    Attributes:
        since: The first release that supported the flag, as `MAJOR.MINOR`.
        last_in: The last release that supported the flag, as `MAJOR.MINOR`.
    """

    since: str
    last_in: str


FEATURE_FLAGS = {
    "FF_NETWORK_PER_BUILD": FeatureFlag(False, "12.9"),
    "FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY": FeatureFlag(False, "12.9"),
    "FF_USE_DIRECT_DOWNLOAD": FeatureFlag(True, "13.0"),
    "FF_USE_FASTZIP": FeatureFlag(True, "13.6"),
    "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR": FeatureFlag(False, "13.7"),
    "FF_ENABLE_BASH_EXIT_CODE_CHECK": FeatureFlag(False, "13.9"),
    "FF_USE_WINDOWS_LEGACY_PROCESS_STRATEGY": FeatureFlag(False, "13.10"),
    "FF_USE_LEGACY_BASH_EVAL": FeatureFlag(False, "19.1"),
    "FF_USE_POWERSHELL_PATH_RESOLVER": FeatureFlag(False, "13.12"),
    "FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL": FeatureFlag(False, "14.2"),
    "FF_SCRIPT_SECTIONS": FeatureFlag(False, "14.2"),
    "FF_ENABLE_JOB_CLEANUP": FeatureFlag(False, "14.3"),
    "FF_KUBERNETES_HONOR_ENTRYPOINT": FeatureFlag(False, "14.5"),
    "FF_POSIXLY_CORRECT_ESCAPES": FeatureFlag(False, "14.9"),
    "FF_RESOLVE_FULL_TLS_CHAIN": FeatureFlag(False, "15.6"),
    "FF_DISABLE_POWERSHELL_STDIN": FeatureFlag(False, "15.6"),
    "FF_USE_POD_ACTIVE_DEADLINE_SECONDS": FeatureFlag(True, "15.10"),
    "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": FeatureFlag(False, "15.10"),
    "FF_SECRET_RESOLVING_FAILS_IF_MISSING": FeatureFlag(True, "16.0"),
    "FF_PRINT_POD_EVENTS": FeatureFlag(False, "16.5"),
    "FF_USE_GIT_BUNDLE_URIS": FeatureFlag(True, "16.6"),
    "FF_USE_GIT_NATIVE_CLONE": FeatureFlag(False, "18.0"),
    "FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR": FeatureFlag(False, "16.6"),
    "FF_USE_INIT_WITH_DOCKER_EXECUTOR": FeatureFlag(False, "16.7"),
    "FF_LOG_IMAGES_CONFIGURED_FOR_JOB": FeatureFlag(False, "16.7"),
    "FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO": FeatureFlag(True, "16.7"),
    "FF_CLEAN_UP_FAILED_CACHE_EXTRACT": FeatureFlag(False, "16.8"),
    "FF_USE_WINDOWS_JOB_OBJECT": FeatureFlag(False, "16.9"),
    "FF_TIMESTAMPS": FeatureFlag(True, "16.11"),
    "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": FeatureFlag(False, "17.0"),
    "FF_USE_LEGACY_GCS_CACHE_ADAPTER": FeatureFlag(False, "17.0"),
    "FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR": FeatureFlag(False, "17.2"),
    "FF_USE_LEGACY_S3_CACHE_ADAPTER": FeatureFlag(False, "17.5"),
    "FF_GIT_URLS_WITHOUT_TOKENS": FeatureFlag(False, "17.5"),
    "FF_WAIT_FOR_POD_TO_BE_REACHABLE": FeatureFlag(False, "17.6"),
    "FF_MASK_ALL_DEFAULT_TOKENS": FeatureFlag(True, "17.9"),
    "FF_EXPORT_HIGH_CARDINALITY_METRICS": FeatureFlag(False, "17.9"),
    "FF_USE_FLEETING_ACQUIRE_HEARTBEATS": FeatureFlag(False, "17.9"),
    "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY": FeatureFlag(True, "18.0"),
    "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": FeatureFlag(True, "18.0"),
    "FF_USE_GITALY_CORRELATION_ID": FeatureFlag(True, "18.1"),
    "FF_USE_GIT_PROACTIVE_AUTH": FeatureFlag(False, "18.10"),
    "FF_HASH_CACHE_KEYS": FeatureFlag(False, "18.4"),
    "FF_ENABLE_JOB_INPUTS_INTERPOLATION": FeatureFlag(True, "18.7"),
    "FF_USE_JOB_ROUTER": FeatureFlag(False, "18.8"),
    "FF_SCRIPT_TO_STEP_MIGRATION": FeatureFlag(False, "18.9"),
    "FF_USE_PARALLEL_CACHE_TRANSFER": FeatureFlag(False, "19.0"),
    "FF_USE_PARALLEL_ARTIFACT_TRANSFER": FeatureFlag(False, "19.0"),
    "FF_CONCRETE": FeatureFlag(False, "18.11"),
    "FF_SUSPENDABLE_ENVIRONMENTS": FeatureFlag(False, "19.0"),
    "FF_USE_NATIVE_CONTAINER_STOP": FeatureFlag(False, "19.1"),
}
DEPRECATED_FLAGS = ("FF_USE_FASTZIP",)
REMOVED_FLAGS = {
    "FF_RESET_HELPER_IMAGE_ENTRYPOINT": RemovedFlag("13.3", "13.12"),
    "FF_SHELL_EXECUTOR_USE_LEGACY_PROCESS_KILL": RemovedFlag("13.1", "13.12"),
    "FF_USE_GO_CLOUD_WITH_CACHE_ARCHIVER": RemovedFlag("13.6", "13.12"),
    "FF_SKIP_DOCKER_MACHINE_PROVISION_ON_CREATION_FAILURE": RemovedFlag("13.11", "14.2"),
    "FF_GITLAB_REGISTRY_HELPER_IMAGE": RemovedFlag("13.7", "14.10"),
    "FF_USE_IMPROVED_URL_MASKING": RemovedFlag("15.0", "16.10"),
    "FF_CMD_DISABLE_DELAYED_ERROR_LEVEL_EXPANSION": RemovedFlag("11.11", "16.11"),
    "FF_USE_NEW_SHELL_ESCAPE": RemovedFlag("14.3", "16.11"),
    "FF_RETRIEVE_POD_WARNING_EVENTS": RemovedFlag("16.3", "17.11"),
    "FF_USE_NATIVE_STEPS": RemovedFlag("17.6", "18.5"),
    "FF_SET_PERMISSIONS_BEFORE_CLEANUP": RemovedFlag("15.10", "19.2"),
    "FF_SKIP_NOOP_BUILD_STAGES": RemovedFlag("13.1", "19.2"),
    "FF_USE_NEW_BASH_EVAL_STRATEGY": RemovedFlag("13.12", "19.2"),
}
"""The flags of releases from 13.11 on, the first with `feature_flags` in config.toml."""
