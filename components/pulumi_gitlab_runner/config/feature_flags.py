"""The feature flags of GitLab Runner 19.4, from the runner's `helpers/featureflags/flags.go`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureFlag:
    """A feature flag of the runner.

    Attributes:
        default: The default value.
        deprecated: Whether the runner deprecates the flag.
    """

    default: bool
    deprecated: bool = False


FEATURE_FLAGS: dict[str, FeatureFlag] = {
    "FF_NETWORK_PER_BUILD": FeatureFlag(default=False),
    "FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY": FeatureFlag(default=False),
    "FF_USE_DIRECT_DOWNLOAD": FeatureFlag(default=True),
    "FF_USE_FASTZIP": FeatureFlag(default=True, deprecated=True),
    "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR": FeatureFlag(default=False),
    "FF_ENABLE_BASH_EXIT_CODE_CHECK": FeatureFlag(default=False),
    "FF_USE_WINDOWS_LEGACY_PROCESS_STRATEGY": FeatureFlag(default=False),
    "FF_USE_LEGACY_BASH_EVAL": FeatureFlag(default=False),
    "FF_USE_POWERSHELL_PATH_RESOLVER": FeatureFlag(default=False),
    "FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL": FeatureFlag(default=False),
    "FF_SCRIPT_SECTIONS": FeatureFlag(default=False),
    "FF_ENABLE_JOB_CLEANUP": FeatureFlag(default=False),
    "FF_KUBERNETES_HONOR_ENTRYPOINT": FeatureFlag(default=False),
    "FF_POSIXLY_CORRECT_ESCAPES": FeatureFlag(default=False),
    "FF_RESOLVE_FULL_TLS_CHAIN": FeatureFlag(default=False),
    "FF_DISABLE_POWERSHELL_STDIN": FeatureFlag(default=False),
    "FF_USE_POD_ACTIVE_DEADLINE_SECONDS": FeatureFlag(default=True),
    "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": FeatureFlag(default=False),
    "FF_SECRET_RESOLVING_FAILS_IF_MISSING": FeatureFlag(default=True),
    "FF_PRINT_POD_EVENTS": FeatureFlag(default=False),
    "FF_USE_GIT_BUNDLE_URIS": FeatureFlag(default=True),
    "FF_USE_GIT_NATIVE_CLONE": FeatureFlag(default=False),
    "FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR": FeatureFlag(default=False),
    "FF_USE_INIT_WITH_DOCKER_EXECUTOR": FeatureFlag(default=False),
    "FF_LOG_IMAGES_CONFIGURED_FOR_JOB": FeatureFlag(default=False),
    "FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO": FeatureFlag(default=True),
    "FF_CLEAN_UP_FAILED_CACHE_EXTRACT": FeatureFlag(default=False),
    "FF_USE_WINDOWS_JOB_OBJECT": FeatureFlag(default=False),
    "FF_TIMESTAMPS": FeatureFlag(default=True),
    "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": FeatureFlag(default=False),
    "FF_USE_LEGACY_GCS_CACHE_ADAPTER": FeatureFlag(default=False),
    "FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR": FeatureFlag(default=False),
    "FF_USE_LEGACY_S3_CACHE_ADAPTER": FeatureFlag(default=False),
    "FF_GIT_URLS_WITHOUT_TOKENS": FeatureFlag(default=False),
    "FF_WAIT_FOR_POD_TO_BE_REACHABLE": FeatureFlag(default=False),
    "FF_MASK_ALL_DEFAULT_TOKENS": FeatureFlag(default=True),
    "FF_EXPORT_HIGH_CARDINALITY_METRICS": FeatureFlag(default=False),
    "FF_USE_FLEETING_ACQUIRE_HEARTBEATS": FeatureFlag(default=False),
    "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY": FeatureFlag(default=True),
    "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": FeatureFlag(default=True),
    "FF_USE_GITALY_CORRELATION_ID": FeatureFlag(default=True),
    "FF_USE_GIT_PROACTIVE_AUTH": FeatureFlag(default=False),
    "FF_HASH_CACHE_KEYS": FeatureFlag(default=False),
    "FF_ENABLE_JOB_INPUTS_INTERPOLATION": FeatureFlag(default=True),
    "FF_USE_JOB_ROUTER": FeatureFlag(default=False),
    "FF_SCRIPT_TO_STEP_MIGRATION": FeatureFlag(default=False),
    "FF_USE_PARALLEL_CACHE_TRANSFER": FeatureFlag(default=False),
    "FF_USE_PARALLEL_ARTIFACT_TRANSFER": FeatureFlag(default=False),
    "FF_CONCRETE": FeatureFlag(default=False),
    "FF_USE_NATIVE_CONTAINER_STOP": FeatureFlag(default=False),
}
