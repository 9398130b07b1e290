"""Every finding: when it appears, and its text. A valid configuration has none."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.config.finding import Finding, Severity, error, warning
from pulumi_gitlab_runner.config.forms import PERIOD

VERSION = "19.4.0"


def build(**fields: Any) -> dict[str, Any]:
    """Return a valid runner with some fields replaced, or left out where None."""
    runner = {
        "name": "build",
        "url": "https://gitlab.example.com",
        "id": 11,
        "token": "glrt-build",
        "executor": "docker",
        "feature_flags": {"FF_NETWORK_PER_BUILD": True},
        "docker": {"image": "alpine:3.22"},
    }
    return {key: value for key, value in (runner | fields).items() if value is not None}


def burst(**autoscaler: Any) -> dict[str, Any]:
    """Return a valid runner on instances with some fields of its autoscaler replaced, or left out."""
    fields = {
        "plugin": "aws:1",
        "capacity_per_instance": 2,
        "max_instances": 5,
        "plugin_config": {"name": "burst"},
        "policy": [{"periods": ["* * * * *"], "idle_count": 1, "idle_time": "20m0s"}],
    } | autoscaler
    return build(
        name="burst",
        id=12,
        token="glrt-burst",
        executor="docker-autoscaler",
        autoscaler={key: value for key, value in fields.items() if value is not None},
    )


def manager(*runners: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a manager with room for its runners."""
    return {"concurrent": 20, "runners": list(runners)} | fields


def docker(flag: bool | None = True, **fields: Any) -> dict[str, Any]:
    """Return a manager with one runner whose containers have these fields."""
    flags = {} if flag is None else {"FF_NETWORK_PER_BUILD": flag}
    return manager(build(docker=fields, feature_flags=flags))


def plain_text(path: str, name: str) -> Finding:
    return warning(
        path,
        f"every job and service can read the variable `{name}`, and the host stores it in plain text",
        "define a secret as a masked CI variable of the projects that need it",
    )


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ({}, "16.9"),
        (manager(build()), "v16.9.1"),
        (manager(build(), burst()), VERSION),
        (manager(burst(), concurrent=10.0), VERSION),
        (manager(burst(state_storage={"enabled": True})), VERSION),
        (manager(build(url="$CI_SERVER_URL", token_expires_at="0001-01-01T00:00:00Z")), VERSION),
        (docker(memory="512m", cpus="1.5", dns=["10.0.0.2"], network_mtu=1450, enable_ipv6=True), VERSION),
        (docker(pull_policy=["always"], allowed_pull_policies=["always", "never"]), VERSION),
        (docker(services=[{"name": "host:5000/redis:7@sha256:0"}], allowed_images=["**/*@sha256:*"]), "16.9"),
        (manager(build(cache={"type": "s3", "s3": {"bucket_name": "team-cache"}})), VERSION),
        (
            manager(
                build(
                    cache={
                        "type": "s3",
                        "s3": {"bucket_name": "x", "access_key": "a", "server_address": "minio"},
                    }
                )
            ),
            VERSION,
        ),
    ],
)
def test_a_valid_configuration_has_no_findings(config: dict[str, Any], version: str) -> None:
    assert check(config, version) == []


@pytest.mark.parametrize(
    ("config", "findings"),
    [
        # Types. No value is shown.
        (manager(concurrent="4"), [error("concurrent", "found text", "allowed is a whole number")]),
        (manager(concurrent=1.5), [error("concurrent", "found a number", "allowed is a whole number")]),
        (manager(concurrent=True), [error("concurrent", "found true or false", "allowed is a whole number")]),
        (manager(concurrent=None), [error("concurrent", "found nothing", "allowed is a whole number")]),
        (manager(build(token=1)), [error("runners[0].token", "found a whole number", "allowed is text")]),
        (manager(build(docker=[])), [error("runners[0].docker", "found a list", "allowed is a table")]),
        (docker(dns="10.0.0.2"), [error("runners[0].docker.dns", "found text", "allowed is a list")]),
        (
            docker(privileged="no"),
            [error("runners[0].docker.privileged", "found text", "allowed is true or false")],
        ),
        (
            docker(ulimit={"nofile": 9}),
            [error("runners[0].docker.ulimit.nofile", "found a whole number", "allowed is text")],
        ),
        (
            manager(burst(policy=[{"scale_factor": "x"}])),
            [error("runners[0].autoscaler.policy[0].scale_factor", "found text", "allowed is a number")],
        ),
        (
            {1: 2, "labels": {3: "x"}},
            [
                error("labels[3]", "found a whole number", "allowed is text"),
                error(
                    "1",
                    "unknown key",
                    "allowed are `check_interval`, `concurrent`, `connection_max_age`, `experimental`, "
                    "`labels`, `listen_address`, `log_format`, `log_level`, `machine`, `runners`, "
                    "`sentry_dsn`, `session_server`, `shutdown_timeout`, `user`",
                ),
            ],
        ),
        # Keys.
        (manager(concurent=4), [error("concurent", "unknown key", "is `concurrent` meant?")]),
        (
            manager(build(**{"tls-ca-fil": "/ca.pem"})),
            [error("runners[0].tls-ca-fil", "unknown key", "is `tls_ca_file` meant?")],
        ),
        (
            manager(build(cache={"type": "s3", "s3": {"bucket_name": "x", "RollARN": "y"}})),
            [error("runners[0].cache.s3.RollARN", "unknown key", "is `role_arn` meant?")],
        ),
        (
            docker(services=[{"name": "redis:7", "alais": "x"}]),
            [error("runners[0].docker.services[0].alais", "unknown key", "is `alias` meant?")],
        ),
        (
            manager(build(pre_clone_script="true")),
            [
                error(
                    "runners[0].pre_clone_script",
                    "the key was removed after GitLab Runner 16.11",
                    "use `pre_get_sources_script`",
                )
            ],
        ),
        (
            manager(build(kubernetes={})),
            [error("runners[0].kubernetes", "the key belongs to another executor", "leave it out")],
        ),
        (
            docker(helper_image_autoset_arch_and_os=True),
            [
                error(
                    "runners[0].docker.helper_image_autoset_arch_and_os",
                    "the key belongs to another executor",
                    "leave it out",
                )
            ],
        ),
        (
            {"experimental": {"usage_logger": {"log_dir": "/var/log"}}},
            [
                warning(
                    "experimental.usage_logger.log_dir", "the key is deprecated", "use `logrotate.log_dir`"
                )
            ],
        ),
        # Values of one key.
        (manager(build(), concurrent=0), [error("concurrent", "0 is too small", "allowed is 1 or more")]),
        (
            docker(services_limit=-2),
            [error("runners[0].docker.services_limit", "-2 is too small", "allowed is -1 or more")],
        ),
        (
            manager(log_format="xml"),
            [error("log_format", "`xml` is not known", "allowed are `runner`, `text`, `json`")],
        ),
        (
            docker(pull_policy=["allways"], allowed_pull_policies=["allways"]),
            [
                error(
                    "runners[0].docker.pull_policy[0]",
                    "`allways` is not known",
                    "allowed are `always`, `if-not-present`, `never`",
                ),
                error(
                    "runners[0].docker.allowed_pull_policies[0]",
                    "`allways` is not known",
                    "allowed are `always`, `if-not-present`, `never`",
                ),
            ],
        ),
        (
            docker(memory="2 gigs"),
            [
                error(
                    "runners[0].docker.memory",
                    "`2 gigs` is not understood",
                    "allowed is a number that is not negative with the unit b, k, m, g, t or p, such as "
                    "`512m` (the runner manager exits on anything else)",
                )
            ],
        ),
        (
            docker(service_memory_swap="-1"),
            [
                error(
                    "runners[0].docker.service_memory_swap",
                    "`-1` is not understood",
                    "allowed is a number that is not negative with the unit b, k, m, g, t or p, such as "
                    "`512m` (the runner manager exits on anything else)",
                )
            ],
        ),
        (
            docker(dns=["dns.example.com"]),
            [
                error(
                    "runners[0].docker.dns[0]",
                    "`dns.example.com` is not understood",
                    "allowed is an IP address",
                )
            ],
        ),
        (
            manager(connection_max_age="15"),
            [
                error(
                    "connection_max_age",
                    "`15` is not understood",
                    "allowed is a duration such as `90s`, `20m` or `1h30m`",
                )
            ],
        ),
        (
            manager(burst(connector_config={"key_path": "~/key"})),
            [
                error(
                    "runners[0].autoscaler.connector_config.key_path",
                    "`~/key` is not understood",
                    "allowed is an absolute path; the runner does not expand `~`",
                )
            ],
        ),
        (
            manager(build(token_obtained_at="yesterday")),
            [
                error(
                    "runners[0].token_obtained_at",
                    "`yesterday` is not understood",
                    "allowed is a point in time with its zone, such as `2026-11-01T00:00:00Z`",
                )
            ],
        ),
        # The manager.
        (
            manager(build(), burst(), concurrent=1),
            [
                warning(
                    "concurrent",
                    "1 is less than one job for each of 2 runners: some can remain without jobs",
                    "set it to 2 or more",
                ),
                warning(
                    "concurrent",
                    "a limit of 1 leaves instances of runners[1] without jobs: they have capacity for "
                    "10 jobs (`max_instances` times `capacity_per_instance`)",
                    "increase it to 10 or more, or lower `max_instances`",
                ),
            ],
        ),
        (
            manager(build(limit=5), concurrent=4),
            [
                warning(
                    "runners[0].limit",
                    "5 jobs exceed `concurrent`, the limit of the whole manager, 4",
                    "increase `concurrent` to 5, or lower `limit`",
                )
            ],
        ),
        (
            manager(burst() | {"limit": 4}),
            [
                warning(
                    "runners[0].limit",
                    "a limit of 4 leaves instances of runners[0] without jobs: they have capacity for "
                    "10 jobs (`max_instances` times `capacity_per_instance`)",
                    "increase it to 10 or more, or lower `max_instances`",
                )
            ],
        ),
        (
            manager(build(), build(name="other")),
            [
                error(
                    "runners[1].token",
                    "the token is that of runners[0], and the two would share their state",
                    "register a separate runner in GitLab",
                )
            ],
        ),
        (
            manager(burst(), burst() | {"token": "glrt-other"}),
            [
                error(
                    "runners[1].autoscaler.plugin_config.name",
                    "the group `burst` is that of runners[0], which would end its instances",
                    "give each runner a separate group",
                )
            ],
        ),
        (
            manager(labels={"a": "x"}),
            [
                error(
                    "labels.a",
                    "the name of the label is not valid",
                    "allowed are 3 to 65 letters, digits, `.`, `_` and `-`, the first a letter, a digit "
                    "or `_`",
                )
            ],
        ),
        (
            manager(build(labels={"team": "a b"})),
            [
                error(
                    "runners[0].labels.team",
                    "the value of the label is not valid",
                    "allowed are 1 to 256 letters, digits, `.`, `_` and `-`",
                )
            ],
        ),
        (
            manager(
                build(labels={f"own{number}": "x" for number in range(17)}),
                labels={f"all{number}": "x" for number in range(16)},
            ),
            [error("runners[0].labels", "too many labels", "allowed are 32, the manager's included")],
        ),
        # A runner.
        (
            manager(build(url="")),
            [error("runners[0].url", "the key is missing or empty", "every runner needs it")],
        ),
        (
            manager(build(token=None)),
            [error("runners[0].token", "the key is missing or empty", "every runner needs it")],
        ),
        (
            manager(build(executor=None)),
            [error("runners[0].executor", "the key is missing or empty", "every runner needs it")],
        ),
        (
            manager(build(executor="kubernetes")),
            [
                error(
                    "runners[0].executor",
                    "`kubernetes` is not known",
                    "allowed are `docker`, `docker-autoscaler`, `instance`, `shell`",
                )
            ],
        ),
        (
            manager(build(url="gitlab.example.com")),
            [
                error(
                    "runners[0].url",
                    "`gitlab.example.com` is not a URL",
                    "write it as `https://gitlab.example.com`",
                )
            ],
        ),
        (
            manager(build(url="https://gitlab.example.com/api/v4/")),
            [error("runners[0].url", "the runner adds `/api/v4` itself", "leave `/api/v4` out")],
        ),
        (
            manager(build(docker=None)),
            [
                error(
                    "runners[0].docker",
                    "the section is missing; no job of executor `docker` starts",
                    "add it",
                )
            ],
        ),
        (
            manager(build(executor="docker-autoscaler")),
            [
                error(
                    "runners[0].autoscaler",
                    "the section is missing; executor `docker-autoscaler` gets no instances",
                    "add it",
                )
            ],
        ),
        (
            manager(burst() | {"executor": "docker"}),
            [
                warning(
                    "runners[0].autoscaler",
                    "executor `docker` ignores the section",
                    "leave it out, or set `executor` to `docker-autoscaler`",
                )
            ],
        ),
        (
            manager(build(docker={}, experimental={"boot_verify": {"enabled": True}})),
            [
                error(
                    "runners[0].experimental.boot_verify",
                    "the trial job runs in the default image",
                    "set `docker.image`",
                )
            ],
        ),
        (
            manager(build(tls_cert_file="/cert.pem")),
            [
                error(
                    "runners[0]",
                    "`tls_cert_file` and `tls_key_file` go together, and one is missing",
                    "set both",
                )
            ],
        ),
        (
            manager(build(token_expires_at="2027-01-01T00:00:00Z")),
            [
                warning(
                    "runners[0].token_expires_at",
                    "the runner will renew its token and rewrite config.toml, against the declaration",
                    "set `FF_DISABLE_AUTOMATIC_TOKEN_ROTATION` in `feature_flags`, or leave the expiry out",
                )
            ],
        ),
        # Feature flags and variables.
        (
            manager(build(feature_flags={"FF_NETWORK_PER_BUILD": True, "FF_TIMESTAMP": True})),
            [
                error(
                    "runners[0].feature_flags.FF_TIMESTAMP",
                    "unknown feature flag, which the runner would silently ignore",
                    "is `FF_TIMESTAMPS` meant?",
                )
            ],
        ),
        (
            manager(build(feature_flags={"FF_NETWORK_PER_BUILD": True, "turbo": True})),
            [
                error(
                    "runners[0].feature_flags.turbo",
                    "unknown feature flag, which the runner would silently ignore",
                    "leave it out",
                )
            ],
        ),
        (
            manager(build(feature_flags={"FF_NETWORK_PER_BUILD": True, "FF_USE_FASTZIP": False})),
            [
                warning(
                    "runners[0].feature_flags.FF_USE_FASTZIP",
                    "the feature flag is deprecated",
                    "leave it out",
                )
            ],
        ),
        (
            manager(build(environment=["A=1", "FF_NETWORK_PER_BUILD=1"])),
            [
                warning(
                    "runners[0].environment[1]",
                    "any job can override the variable `FF_NETWORK_PER_BUILD`",
                    "set the flag in `feature_flags`",
                )
            ],
        ),
        (
            manager(build(environment=["hunter2"])),
            [error("runners[0].environment[0]", "the entry is not a variable", "write it as `KEY=value`")],
        ),
        (
            docker(services=[{"name": "redis:7", "environment": ["DOCKER_AUTH_CONFIG={hunter2}"]}]),
            [
                error(
                    "runners[0].docker.services[0].environment[0]",
                    "`DOCKER_AUTH_CONFIG` would show its credentials to every job and service",
                    "name the registry in the runner's `registries`; on a host without a stack, move it to "
                    ".docker/config.json in the home of the runner's process: no job can read it there",
                    "any job can print the credentials",
                )
            ],
        ),
        (
            docker(
                services=[
                    {"name": "postgres:17", "environment": ["POSTGRES_USER=a", "POSTGRES_PASSWORD=b"]},
                    {"name": "app:1", "environment": ["APP_PASSWORD=b"]},
                ]
            ),
            [plain_text("runners[0].docker.services[1].environment[0]", "APP_PASSWORD")],
        ),
        (
            manager(build(environment=["POSTGRES_PASSWORD=b"])),
            [plain_text("runners[0].environment[0]", "POSTGRES_PASSWORD")],
        ),
        # Containers.
        (
            docker(flag=None),
            [
                warning(
                    "runners[0].docker",
                    "all jobs share the network `bridge`, on which container links lead to their services; "
                    "services cannot reach the job or one another, and jobs can reach each other's",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags`",
                )
            ],
        ),
        (
            docker(flag=False, network_mode="ci"),
            [
                warning(
                    "runners[0].docker.network_mode",
                    "all jobs share the network `ci`; services cannot reach the job or one another, and "
                    "jobs can reach each other's",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags`",
                )
            ],
        ),
        (
            docker(network_mode="host", network_mtu=1450),
            [
                error(
                    "runners[0].docker.network_mode",
                    "the network `host` disables the network per job, which `FF_NETWORK_PER_BUILD` enables",
                    "leave `network_mode` out, or set the flag to false",
                ),
                error(
                    "runners[0].docker.network_mtu",
                    "the key is ignored without a network per job",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags` and leave `network_mode` out",
                ),
            ],
        ),
        (
            docker(flag=False, network_mtu=1450, enable_ipv6=True),
            [
                warning(
                    "runners[0].docker",
                    "all jobs share the network `bridge`, on which container links lead to their services; "
                    "services cannot reach the job or one another, and jobs can reach each other's",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags`",
                ),
                error(
                    "runners[0].docker.network_mtu",
                    "the key is ignored without a network per job",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags` and leave `network_mode` out",
                ),
                error(
                    "runners[0].docker.enable_ipv6",
                    "the key is ignored without a network per job",
                    "set `FF_NETWORK_PER_BUILD` in `feature_flags` and leave `network_mode` out",
                ),
            ],
        ),
        (
            docker(pull_policy=["always", "never"], allowed_pull_policies=["always"]),
            [
                error(
                    "runners[0].docker.pull_policy",
                    "`never` is not among `allowed_pull_policies`, so that jobs fail",
                    "allowed are `always`",
                )
            ],
        ),
        (
            docker(allowed_pull_policies=["never"]),
            [
                error(
                    "runners[0].docker.pull_policy",
                    "`always` is not among `allowed_pull_policies`, so that jobs fail",
                    "allowed are `never`",
                )
            ],
        ),
        (
            docker(pull_policy=["if-not-present"]),
            [
                warning(
                    "runners[0].docker.pull_policy",
                    "with `if-not-present`, a job can run private images that other jobs have pulled",
                    "use `always`, unless all projects can have access to all images",
                )
            ],
        ),
        (
            docker(allowed_images=["**", "!*/kali*"]),
            [
                error(
                    "runners[0].docker.allowed_images[1]",
                    "`!*/kali*` excludes nothing; the first pattern that matches allows the image",
                    "list what is allowed",
                )
            ],
        ),
        (
            docker(allowed_services=["**@sha256:*"]),
            [
                error(
                    "runners[0].docker.allowed_services[0]",
                    "`**@sha256:*` matches no image with a `/` in its name",
                    "write `**/*@sha256:*`",
                )
            ],
        ),
        (
            docker(image="base", privileged=True, allowed_privileged_images=["docker:*"]),
            [
                warning(
                    "runners[0].docker.allowed_privileged_images",
                    "a job without `image` runs in the default image without privileges",
                    "set `image` in these jobs",
                )
            ],
        ),
        (
            docker(log_options={"env": "CI_JOB_ID", "max-size": "1m"}),
            [
                error(
                    "runners[0].docker.log_options.max-size",
                    "every job would fail with this option",
                    "allowed are `env`, `labels`",
                )
            ],
        ),
        (
            docker(services=[{"name": "docker:27-dind"}, {"name": "x.io/docker:dind-rootless@sha256:0"}]),
            [
                warning(
                    f"runners[0].docker.services[{index}].name",
                    f"Docker in Docker, `{name}`, does not start without privileges",
                    "set `services_privileged`, with `allowed_privileged_services`; or build images with "
                    "Buildah or BuildKit's rootless mode",
                )
                for index, name in enumerate(["docker:27-dind", "x.io/docker:dind-rootless"])
            ],
        ),
        (docker(services=[{"name": "docker:27-dind"}], services_privileged=True), []),
        (docker(services=[{"name": "docker:27-dind"}], privileged=True), []),
        (
            docker(services=[{"name": "docker:dind"}], privileged=True, services_privileged=False),
            [
                warning(
                    "runners[0].docker.services[0].name",
                    "Docker in Docker, `docker:dind`, does not start without privileges",
                    "set `services_privileged`, with `allowed_privileged_services`; or build images with "
                    "Buildah or BuildKit's rootless mode",
                )
            ],
        ),
        (
            docker(
                services=[{"name": "docker:27-dind@sha256:0"}, {"name": "x.io/docker:dind"}],
                services_privileged=True,
                allowed_privileged_services=["docker:*dind*"],
            ),
            [
                warning(
                    "runners[0].docker.services[1].name",
                    "Docker in Docker, `x.io/docker:dind`, does not start without privileges, and no pattern "
                    "of `allowed_privileged_services` matches it",
                    "set `services_privileged`, with `allowed_privileged_services`; or build images with "
                    "Buildah or BuildKit's rootless mode",
                )
            ],
        ),
        (docker(services=[{"name": "my-docker:dind"}, {"name": "docker:27-cli"}]), []),
        (
            docker(services=[{"alias": "cache"}]),
            [
                error(
                    "runners[0].docker.services[0].name",
                    "the key is missing or empty",
                    "every service needs an image",
                )
            ],
        ),
        # Instances.
        (
            manager(burst(plugin=None)),
            [
                error(
                    "runners[0].autoscaler.plugin",
                    "the key is missing or empty",
                    "name a fleeting plugin, such as `aws:1`",
                )
            ],
        ),
        (
            manager(burst(plugin="fleeting-plugin-aws", plugin_config=None)),
            [
                error(
                    "runners[0].autoscaler.plugin_config.name",
                    "the key is missing or empty",
                    "name the Auto Scaling group",
                )
            ],
        ),
        (
            manager(burst(plugin_config={"name": "burst", "region": "eu-west-1"})),
            [
                warning(
                    "runners[0].autoscaler.plugin_config.region",
                    "some versions of the AWS plugin ignore the region here",
                    "set `AWS_REGION` in the environment of the manager's unit",
                )
            ],
        ),
        (
            manager(burst(max_instances=None)),
            [
                warning(
                    "runners[0].autoscaler.max_instances",
                    "the number of instances has no limit",
                    "set a limit",
                )
            ],
        ),
        (
            manager(
                {key: value for key, value in burst(state_storage={"enabled": True}).items() if key != "id"}
            ),
            [
                warning(
                    "runners[0].autoscaler.state_storage",
                    "the state of instances is stored under the `id` of the runner, which is not set",
                    "set `id` of the runner",
                )
            ],
        ),
        (
            manager(burst(policy=[{"idle_time": "500ms"}])),
            [
                error(
                    "runners[0].autoscaler.policy[0].idle_time",
                    "`500ms` is too short",
                    "allowed is `1s` or more",
                )
            ],
        ),
        (
            manager(burst(policy=[{}, {"periods": ["* * * * *", "* 25 * * *"]}])),
            [
                error(
                    "runners[0].autoscaler.policy[1].periods[1]",
                    "`* 25 * * *` is not understood",
                    f"allowed is {PERIOD.allowed}",
                )
            ],
        ),
        # The cache.
        (
            manager(build(cache={})),
            [
                error(
                    "runners[0].cache.type", "the key is missing or empty", "allowed are `s3`, `gcs`, `azure`"
                )
            ],
        ),
        (
            manager(build(cache={"type": "azure"})),
            [
                error(
                    "runners[0].cache.azure.container_name",
                    "the key is missing or empty",
                    "a cache in azure needs it",
                )
            ],
        ),
        (
            manager(
                build(
                    cache={
                        "type": "s3",
                        "s3": {"bucket_name": "x", "access_key": "a", "secret_key": "hunter2"},
                    }
                )
            ),
            [
                warning(
                    "runners[0].cache.s3.access_key",
                    "without `server_address` the access key is ignored, and the host's role is used",
                    "leave the key out, or set `authentication_type` to `access-key`",
                )
            ],
        ),
    ],
)
def test_the_findings_of_a_configuration(config: dict[Any, Any], findings: list[Finding]) -> None:
    found = check(config, VERSION)
    assert found == findings
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("config", "version", "findings"),
    [
        (
            docker(log_options={"env": "CI_JOB_ID"}),
            "18.8.3",
            [
                error(
                    "runners[0].docker.log_options",
                    "the key is new in GitLab Runner 18.9, and 18.8 would silently ignore it",
                    "leave it out, or declare runner version 18.9 or later",
                )
            ],
        ),
        (docker(log_options={"env": "CI_JOB_ID"}), "18.9.0", []),
        (docker(volume_keep=True), "18.10.0", []),  # 18.10 comes after 18.9
        (
            docker(services=[{"name": "host:5000/redis@sha256:0"}]),
            "17.0.1",
            [
                error(
                    "runners[0].docker.services[0].name",
                    "GitLab Runner 17.0 would run `host:5000/redis:latest` in place of the digest",
                    "name the tag too, or declare runner version 17.1 or later",
                )
            ],
        ),
        (docker(services=[{"name": "host:5000/redis@sha256:0"}]), "17.1", []),
        (manager(burst()), "16.11", []),
        (
            manager(burst()),
            "16.10",
            [
                error(
                    "runners[0].autoscaler.plugin",
                    "GitLab Runner 16.10 cannot install `aws:1`",
                    "name a program on its PATH, or declare runner version 16.11 or later",
                )
            ],
        ),
    ],
)
def test_the_findings_of_a_version(config: dict[str, Any], version: str, findings: list[Finding]) -> None:
    assert check(config, version) == findings


LIMITS = {
    "as many jobs as runners": (manager(build(), build(token="x"), concurrent=2), ""),
    "fewer jobs than runners": (manager(build(), build(token="x"), concurrent=1), "concurrent"),
    "a limit of all jobs": (manager(build(limit=4), concurrent=4), ""),
    "a limit of one more": (manager(build(limit=5), concurrent=4), "runners[0].limit"),
    "jobs for all instances": (manager(burst() | {"limit": 10}, concurrent=10), ""),
    "jobs for fewer": (manager(burst() | {"limit": 9}, concurrent=10), "runners[0].limit"),
    "one job an instance": (manager(burst(capacity_per_instance=None), concurrent=5), ""),
    "no capacity is one": (manager(burst(capacity_per_instance=0), concurrent=5), ""),
    "one job less than that": (manager(burst(capacity_per_instance=0), concurrent=4), "concurrent"),
    "one job less": (manager(burst(capacity_per_instance=None), concurrent=4), "concurrent"),
    "one job unless declared": ({"runners": [burst(capacity_per_instance=1, max_instances=1)]}, ""),
    "two instances for it": ({"runners": [burst(capacity_per_instance=1, max_instances=2)]}, "concurrent"),
    "32 labels": (
        manager(
            build(labels={f"own{n}": "x" for n in range(16)}), labels={f"all{n}": "x" for n in range(16)}
        ),
        "",
    ),
    "a label of 3": (manager(labels={"_-.": "-"}), ""),
    "a label of 2": (manager(labels={"ab": "x"}), "labels.ab"),
    "a label of 65": (manager(labels={"a" * 65: "x" * 256}), ""),
    "a label of 66": (manager(labels={"a" * 66: "x"}), "labels." + "a" * 66),
    "a label that starts so": (manager(labels={".ab": "x"}), "labels..ab"),
    "a text of 257": (manager(labels={"abc": "x" * 257}), "labels.abc"),
    "an empty text": (manager(labels={"abc": ""}), "labels.abc"),
    "an instance": (manager(burst(max_instances=1)), ""),
    "no instance": (manager(burst(max_instances=0)), "runners[0].autoscaler.max_instances"),
    "idle for a second": (manager(burst(policy=[{"idle_time": "1s"}])), ""),
    "idle for less": (
        manager(burst(policy=[{"idle_time": "999ms"}])),
        "runners[0].autoscaler.policy[0].idle_time",
    ),
    "no plugin of AWS": (manager(burst(plugin="googlecloud:1", plugin_config={"region": "x"})), ""),
    "a plugin of AWS": (
        manager(burst(plugin="registry.example.com/fleeting-plugin-aws:1", plugin_config=None)),
        "runners[0].autoscaler.plugin_config.name",
    ),
    "a cache of Google's": (manager(build(cache={"type": "gcs", "gcs": {"bucket_name": "x"}})), ""),
    "a cache of Google's, nameless": (
        manager(build(cache={"type": "gcs"})),
        "runners[0].cache.gcs.bucket_name",
    ),
    "a cache of Amazon's, nameless": (
        manager(build(cache={"type": "s3"})),
        "runners[0].cache.s3.bucket_name",
    ),
    "a cache of Azure's": (manager(build(cache={"type": "azure", "azure": {"container_name": "x"}})), ""),
    "an access key that is asked for": (
        manager(
            build(
                cache={
                    "type": "s3",
                    "s3": {"bucket_name": "x", "access_key": "a", "authentication_type": "access-key"},
                }
            )
        ),
        "",
    ),
    "a trial job with an image": (manager(build(experimental={"boot_verify": {"enabled": True}})), ""),
    "no trial job": (manager(build(docker={}, experimental={"boot_verify": {"enabled": False}})), ""),
    "a trial job of a shell": (
        manager(build(executor="shell", docker=None, experimental={"boot_verify": {"enabled": True}})),
        "",
    ),
    "plain HTTP": (manager(build(url="http://gitlab.example.com/")), ""),
    "a group of the API's name": (manager(build(url="https://gitlab.example.com/api/v4/git")), ""),
    "a pair of files": (manager(build(tls_cert_file="/c.pem", tls_key_file="/k.pem")), ""),
    "a key alone": (manager(build(tls_key_file="/k.pem")), "runners[0]"),
    "an expiry without renewal": (
        manager(
            build(
                token_expires_at="2027-01-01T00:00:00Z",
                feature_flags={"FF_NETWORK_PER_BUILD": True, "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True},
            )
        ),
        "",
    ),
    "instances of another executor": (
        manager(burst() | {"executor": "instance"}),
        "",
    ),
    "an executor without instances": (manager(build(executor="instance")), "runners[0].autoscaler"),
    "no containers": (
        manager({key: each for key, each in burst().items() if key != "docker"}),
        "runners[0].docker",
    ),
    "a variable without a name": (manager(build(environment=["=x"])), "runners[0].environment[0]"),
    "an empty variable": (manager(build(environment=["X="])), ""),
    "a secret": (manager(build(environment=["MY_TOKEN=x"])), "runners[0].environment[0]"),
    "a secret in small letters": (manager(build(environment=["db_password=x"])), "runners[0].environment[0]"),
    "what begins like a secret": (manager(build(environment=["TOKEN_FILE=x"])), ""),
    "all images": (docker(image="a", privileged=True, allowed_privileged_images=["**"]), ""),
    "all short images": (docker(image="a", privileged=True, allowed_privileged_images=["*"]), ""),
    "no default image": (docker(privileged=True, allowed_privileged_images=["docker:*"]), ""),
    "no privileges": (docker(image="a", allowed_privileged_images=["docker:*"]), ""),
    "policies that may be": (docker(pull_policy=["never"], allowed_pull_policies=["never", "always"]), ""),
    "a policy that may be asked for": (
        docker(allowed_pull_policies=["always", "if-not-present"]),
        "runners[0].docker.pull_policy",
    ),
    "options that jobs take": (docker(log_options={"env": "A", "labels": "b"}), ""),
    **{
        f"patterns of {key}": (docker(**{key: ["!a"]}), f"runners[0].docker.{key}[0]")
        for key in (
            "allowed_images",
            "allowed_services",
            "allowed_privileged_images",
            "allowed_privileged_services",
        )
    },
}


@pytest.mark.parametrize(("config", "path"), LIMITS.values(), ids=LIMITS)
def test_limits_from_both_sides(config: dict[Any, Any], path: str) -> None:
    assert [each.path for each in check(config, VERSION)] == ([path] if path else [])


def test_unknown_keys_do_not_hide_the_rest() -> None:
    config = manager(build(url="", colour="blue"))
    assert [finding.path for finding in check(config, VERSION)] == ["runners[0].colour", "runners[0].url"]


def test_rules_over_several_keys_need_valid_types() -> None:
    config = manager(build(url="", limit="4", colour="blue"))
    assert [finding.path for finding in check(config, VERSION)] == ["runners[0].limit", "runners[0].colour"]


@pytest.mark.parametrize("version", ["", "latest", "19", "x19.4"])
def test_an_invalid_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 18\.11\.0"):
        check({}, version)


def test_a_finding_is_one_line() -> None:
    (finding,) = check({"concurrent": 0}, VERSION)
    assert finding.severity is Severity.ERROR
    assert str(finding) == "concurrent: 0 is too small; allowed is 1 or more"


@pytest.mark.parametrize(
    ("name", "version", "found"),
    [
        ("FF_CONCRETE", "18.11.0", ""),
        ("FF_CONCRETE", "18.10.9", "the feature flag is new in GitLab Runner 18.11"),
        ("FF_SUSPENDABLE_ENVIRONMENTS", "19.0.0", ""),
        ("FF_SKIP_NOOP_BUILD_STAGES", "19.2.3", ""),
        ("FF_SKIP_NOOP_BUILD_STAGES", "19.3.0", "the feature flag was removed after GitLab Runner 19.2"),
        ("FF_USE_NATIVE_STEPS", "17.5.0", "the feature flag is new in GitLab Runner 17.6"),
        ("FF_USE_NATIVE_STEPS", "18.5.0", ""),
    ],
)
def test_the_releases_of_a_feature_flag(name: str, version: str, found: str) -> None:
    flags = {"FF_NETWORK_PER_BUILD": True, name: True}
    findings = check(manager(build(feature_flags=flags)), version)
    assert [each.path for each in findings] == ([f"runners[0].feature_flags.{name}"] if found else [])
    assert all(each.found.startswith(found) for each in findings)
