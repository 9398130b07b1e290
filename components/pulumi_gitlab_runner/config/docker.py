"""The `[runners.docker]` section of `config.toml`: the containers of jobs and their services.

Keys, types, defaults and versions are those of `DockerConfig` in the runner's `common/config.go` (19.4).
The names of the service keys are in the singular or the plural, as in the runner.
"""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.toml_table import toml_table


@toml_table()
class ServiceConfig(TypedDict):
    """`[[runners.docker.services]]`: a service container of every job. `name` is required."""

    name: NotRequired[str]
    """Image of the service. Since 12.5."""
    alias: NotRequired[str]
    """Additional host names of the service, separated by spaces or commas. Since 12.9."""
    command: NotRequired[list[str]]
    """Command that overrides the image's. Since 13.6."""
    entrypoint: NotRequired[list[str]]
    """Entrypoint that overrides the image's. Since 13.6."""
    environment: NotRequired[list[str]]
    """Variables of this service as `KEY=value`. Since 15.10."""
    suspend_data_path: NotRequired[str]
    """Path of data that survives a suspended job; kubernetes only. Since 19.4."""


@toml_table()
class DockerConfig(TypedDict):
    """`[runners.docker]`: the containers of jobs and their services."""

    image: NotRequired[str]
    """Default image of jobs. Since 0.2."""
    host: NotRequired[str]
    """Address of the Docker Engine. Default: `unix:///var/run/docker.sock`. Since 0.2."""
    tls_cert_path: NotRequired[str]
    """Directory of `ca.pem`, `cert.pem` and `key.pem` for a connection with TLS. Since 0.3."""
    tls_verify: NotRequired[bool]
    """Use TLS and check the Docker Engine's certificate. Default: false. Since 0.6."""
    hostname: NotRequired[str]
    """Host name of the job's container. Since 0.2."""
    runtime: NotRequired[str]
    """Container runtime, such as `runc`. Since 10.4."""
    user: NotRequired[str]
    """User that the job runs as. Default: the image's. Since 15.5."""
    allowed_users: NotRequired[list[str]]
    """Users that jobs can choose. Default: any. Since 16.8."""
    group_add: NotRequired[list[str]]
    """Additional groups of the container's process. Since 16.6."""
    pull_policy: NotRequired[list[str]]
    """How images are pulled, in order: `always`, `if-not-present`, `never`. Default: always. Since 1.1."""
    allowed_pull_policies: NotRequired[list[str]]
    """Pull policies that jobs can choose. Default: those of `pull_policy`. Since 15.1."""
    allowed_images: NotRequired[list[str]]
    """Images that jobs can use, as patterns. Default: any. Since 0.5."""
    allowed_services: NotRequired[list[str]]
    """Service images that jobs can use, as patterns. Default: any. Since 0.5."""
    privileged: NotRequired[bool]
    """Run jobs with full access to the host. Default: false. Since 0.2."""
    services_privileged: NotRequired[bool]
    """Run services with full access to the host. Default: the value of `privileged`. Since 15.7."""
    allowed_privileged_images: NotRequired[list[str]]
    """Images that can run in privileged mode, as patterns. Default: all. Since 16.1."""
    allowed_privileged_services: NotRequired[list[str]]
    """Service images that can run in privileged mode, as patterns. Default: all. Since 16.1."""
    disable_entrypoint_overwrite: NotRequired[bool]
    """Do not let jobs override the image's entrypoint. Default: false. Since 11.4."""
    memory: NotRequired[str]
    """Memory limit, such as `512m`. Since 10.7."""
    memory_swap: NotRequired[str]
    """Limit of memory and swap together, such as `1g`. Since 10.7."""
    memory_reservation: NotRequired[str]
    """Soft memory limit, such as `256m`. Since 10.7."""
    oom_kill_disable: NotRequired[bool]
    """Do not kill processes when the container is out of memory. Default: false. Since 11.4."""
    oom_score_adjust: NotRequired[int]
    """OOM score adjustment; a positive value is killed earlier. Default: 0. Since 12.6."""
    cpus: NotRequired[str]
    """Number of processors, such as `1.5`. Since 9.3."""
    cpu_shares: NotRequired[int]
    """Relative weight of processor time. Default: 1024. Since 12.6."""
    cpuset_cpus: NotRequired[str]
    """Processors to run on, such as `0,1`. Since 1.3."""
    cpuset_mems: NotRequired[str]
    """Memory nodes to use, such as `0,1`. Since 17.0."""
    cgroup_parent: NotRequired[str]
    """Parent cgroup of the job's container. Since 16.10."""
    gpus: NotRequired[str]
    """GPUs, as in `docker run --gpus`. Since 13.9."""
    shm_size: NotRequired[int]
    """Size of `/dev/shm`, in bytes. Since 9.1."""
    cap_add: NotRequired[list[str]]
    """Linux capabilities to add. Since 1.1."""
    cap_drop: NotRequired[list[str]]
    """Linux capabilities to drop. Since 1.1."""
    security_opt: NotRequired[list[str]]
    """Security options; a seccomp profile is read on the manager's host since 19.0. Since 1.4."""
    services_security_opt: NotRequired[list[str]]
    """Security options of services. Since 15.10."""
    devices: NotRequired[list[str]]
    """Host devices in the containers of jobs. Since 1.1."""
    device_cgroup_rules: NotRequired[list[str]]
    """Device rules of the job's cgroup. Since 15.1."""
    services_devices: NotRequired[dict[str, list[str]]]
    """Host devices in the containers of services, by image pattern. Since 17.10."""
    userns_mode: NotRequired[str]
    """User namespace, such as `host`. Since 9.3."""
    pid_mode: NotRequired[str]
    """Process namespace, such as `host`. Since 19.1."""
    ipcmode: NotRequired[str]
    """IPC namespace, such as `host`. Since 15.7."""
    isolation: NotRequired[str]
    """Isolation on Windows: `default`, `hyperv` or `process`. Since 15.8."""
    network_mode: NotRequired[str]
    """Docker network of all jobs; disables the network per job. Since 1.1."""
    network_mtu: NotRequired[int]
    """MTU of the job's network, in bytes; requires `FF_NETWORK_PER_BUILD`. Since 16.5."""
    enable_ipv6: NotRequired[bool]
    """Enable IPv6 in the job's network; requires `FF_NETWORK_PER_BUILD`. Default: false. Since 15.5."""
    mac_address: NotRequired[str]
    """MAC address of the job's container. Since 15.8."""
    dns: NotRequired[list[str]]
    """Addresses of DNS servers. Default: the host's. Since 1.3."""
    dns_search: NotRequired[list[str]]
    """DNS search domains. Since 1.3."""
    extra_hosts: NotRequired[list[str]]
    """Additional host names as `NAME:ADDRESS`. Since 0.2."""
    links: NotRequired[list[str]]
    """Links to other containers of the host as `CONTAINER:ALIAS`. Since 0.2."""
    services_limit: NotRequired[int]
    """Maximum number of services of a job; -1 for no limit. Default: -1. Since 16.9."""
    service_memory: NotRequired[str]
    """Memory limit of a service, such as `512m`. Since 16.9."""
    service_memory_swap: NotRequired[str]
    """Limit of memory and swap of a service together. Since 16.9."""
    service_memory_reservation: NotRequired[str]
    """Soft memory limit of a service. Since 16.9."""
    service_cpus: NotRequired[str]
    """Number of processors of a service, such as `1.5`. Since 16.9."""
    service_cpu_shares: NotRequired[int]
    """Relative weight of a service's processor time. Default: 1024. Since 16.9."""
    service_cpuset_cpus: NotRequired[str]
    """Processors that a service runs on. Since 16.9."""
    service_cgroup_parent: NotRequired[str]
    """Parent cgroup of services. Since 16.10."""
    service_slot_cgroup_template: NotRequired[str]
    """Cgroup of a service's slot. Since 18.6."""
    service_gpus: NotRequired[str]
    """GPUs of services. Since 17.10."""
    wait_for_services_timeout: NotRequired[int]
    """Seconds to wait for services to respond; -1 not to wait. Default: 30. Since 0.2."""
    disable_cache: NotRequired[bool]
    """Create no cache volumes. Default: false. Since 0.2."""
    cache_dir: NotRequired[str]
    """Directory of caches on the host. Since 0.2."""
    volumes: NotRequired[list[str]]
    """Volumes, as in `docker run --volume`. Since 0.2."""
    volumes_from: NotRequired[list[str]]
    """Containers whose volumes are mounted, as `CONTAINER[:ro|rw]`. Since 1.6."""
    volume_driver: NotRequired[str]
    """Volume driver. Since 1.9."""
    volume_keep: NotRequired[bool]
    """Keep volumes after a job. Default: false. Since 18.10."""
    helper_image: NotRequired[str]
    """Helper image that overrides the runner's. Since 10.2."""
    helper_image_flavor: NotRequired[str]
    """Flavour of the helper image, such as `alpine` or `ubuntu`. Default: alpine. Since 14.0."""
    tmpfs: NotRequired[dict[str, str]]
    """Mount options of tmpfs file systems, by path. Since 10.0."""
    services_tmpfs: NotRequired[dict[str, str]]
    """Mount options of tmpfs file systems of services, by path. Since 9.4."""
    sysctls: NotRequired[dict[str, str]]
    """Kernel parameters of the container. Since 9.5."""
    ulimit: NotRequired[dict[str, str]]
    """Ulimits by name, such as `nofile` with `1024:2048`. Since 16.2."""
    container_labels: NotRequired[dict[str, str]]
    """Labels of all containers. Since 14.10."""
    log_options: NotRequired[dict[str, str]]
    """Options of the json-file log driver: only `env` and `labels`. Since 18.9."""
    volume_driver_ops: NotRequired[dict[str, str]]
    """Options of the volume driver. Since 15.5."""
    services: NotRequired[list[ServiceConfig]]
    """Services of every job. Since 0.2."""
