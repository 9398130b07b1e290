"""The files of the host of the sandbox's runner, as they are rendered."""

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.host import scripts
from pulumi_gitlab_runner.host.files import HostFile, files_as_json, host_files, metrics_port, runner_numbers
from pulumi_gitlab_runner.host.manager_config import manager_config
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.user_data import user_data, without_comments, worker_user_data
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS
from pulumi_gitlab_runner.spec.registries import CredentialSource, StaticRegistry

from tests.host.sandbox_host import PARAMETERS, files_of_build, sandbox_files
from tests.spec.declaration import ENVIRONMENT

GITLAB = "https://gitlab.example.com"
UNIT_SETTINGS = "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"


def test_every_file_and_its_mode() -> None:
    assert {path: file.mode for path, file in sandbox_files().items()} == {
        "etc/docker/daemon.json": "0644",
        "etc/gitlab-runner/config.toml": "0600",
        "etc/gitlab-runner/registries": "0600",
        "etc/gitlab-runner/reporting": "0600",
        "etc/systemd/system/gitlab-runner-apply.service": "0644",
        "etc/systemd/system/gitlab-runner-apply.timer": "0644",
        "etc/systemd/system/gitlab-runner-credentials.service": "0644",
        "etc/systemd/system/gitlab-runner-drain.service": "0644",
        "etc/systemd/system/gitlab-runner-health.service": "0644",
        "etc/systemd/system/gitlab-runner-health.timer": "0644",
        "etc/systemd/system/gitlab-runner-logs.service": "0644",
        "etc/systemd/system/gitlab-runner-logs.timer": "0644",
        "etc/systemd/system/gitlab-runner-prune.service": "0644",
        "etc/systemd/system/gitlab-runner-prune.timer": "0644",
        "etc/systemd/system/gitlab-runner-renew.service": "0644",
        "etc/systemd/system/gitlab-runner-renew.timer": "0644",
        UNIT_SETTINGS: "0644",
        "root/.docker/config.json": "link",
        "usr/local/lib/gitlab-runner-host.sh": "0644",
        **{
            f"usr/local/lib/gitlab-runner-host/gitlab_runner_credentials/{module}.py": "0644"
            for module in (
                *("__init__", "__main__", "asking", "files", "journal", "questions", "service", "table"),
            )
        },
        "usr/local/sbin/gitlab-runner-apply": "0755",
        "usr/local/sbin/gitlab-runner-credentials": "0755",
        "usr/local/sbin/gitlab-runner-drain": "0755",
        "usr/local/sbin/gitlab-runner-firewall": "0755",
        "usr/local/sbin/gitlab-runner-health": "0755",
        "usr/local/sbin/gitlab-runner-logs": "0755",
        "usr/local/sbin/gitlab-runner-prune": "0755",
        "usr/local/sbin/gitlab-runner-renew": "0755",
        "usr/local/sbin/gitlab-runner-turn": "0755",
    }


def test_every_unit_runs_a_program_of_the_host() -> None:
    rendered = sandbox_files()
    programs = {
        path: re.findall(r"^ExecStart=/(\S+)(?: \w+)?$", file.content, re.M)
        for path, file in rendered.items()
        if path.endswith(".service")
    }
    assert len(programs) == 7
    for (program,) in programs.values():
        assert rendered[program].mode == "0755"


def test_every_timer_has_its_service() -> None:
    timers = [path for path in sandbox_files() if path.endswith(".timer")]
    assert len(timers) == 5
    assert {path.replace(".timer", ".service") for path in timers} <= set(sandbox_files())


def test_the_boot_enables_every_installable_unit() -> None:
    boot = script("gitlab-runner-boot.sh")
    enabled = set(re.findall(r"gitlab-runner-\w+\.(?:timer|service)", boot))
    assert " --no-block gitlab-runner-credentials.service\n" in boot  # the boot waits for no credential
    installable = {
        path.rpartition("/")[2]
        for path, file in sandbox_files().items()
        if path.endswith((".timer", ".service")) and "[Install]" in file.content
    }
    assert enabled == installable


def test_every_script_reaches_a_host() -> None:
    delivered = {file.content for file in sandbox_files().values()}
    arguments = dict.fromkeys(("bucket", "key", "region", "tokens", "runner_version"), "any")
    boots = [user_data(**arguments, operating_system=system) for system in OPERATING_SYSTEMS.values()]
    for text in (worker_user_data("{}"), *boots):
        delivered |= {file["content"] for file in yaml.safe_load(text)["write_files"]}
    # The scripts of a Docker host, and of the build of a machine image.
    elsewhere = ("gitlab-runner-deliver.sh", "gitlab-runner-manager.sh", "gitlab-runner-image.sh")
    delivered |= {script(name) for name in elsewhere}
    names = [each.name for each in files(scripts).iterdir() if each.is_file() and each.name != "__init__.py"]
    assert len(names) > 10
    bare = {without_comments(content) for content in delivered}
    assert [name for name in names if without_comments(script(name)) not in bare] == []


def test_config_toml() -> None:
    assert tomllib.loads(sandbox_files()["etc/gitlab-runner/config.toml"].content) == {
        "concurrent": 4,
        "check_interval": 3,
        "runners": [
            {
                "name": "build",
                "url": "https://gitlab.example.com",
                "id": "@RUNNER_ID_build@",
                "token": "@RUNNER_TOKEN_build@",
                "executor": "docker",
                "limit": 4,
                "feature_flags": {
                    "FF_NETWORK_PER_BUILD": True,
                    "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True,
                },
                "docker": {
                    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:2026.11",
                    "privileged": False,
                    "pull_policy": ["always"],
                    "volumes": ["/cache"],
                    "services": [
                        {"name": "postgres:latest", "alias": "db"},
                        {"name": "redis:latest", "alias": "cache"},
                    ],
                },
            }
        ],
    }


@pytest.mark.parametrize(("version", "known"), [("16.11.0", False), ("17.0.0", True)])
def test_a_flag_is_only_set_for_releases_that_support_it(version: str, *, known: bool) -> None:
    stack = parse_stack({"runners": {"build": {"group": 42, "host": {"runner_version": version}}}})
    files = host_files(ManagerInputs(stack.managers["build"], {}, ENVIRONMENT, GITLAB), PARAMETERS)
    (entry,) = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)["runners"]
    assert ("FF_DISABLE_AUTOMATIC_TOKEN_ROTATION" in entry["feature_flags"]) is known


def test_declared_settings_of_config_toml_override_the_defaults() -> None:
    runner = {
        "group": 42,
        "services": [{"name": "redis:7"}],
        "config": {
            "tls_ca_file": "/etc/ssl/ca.pem",
            "output_limit": 8192.0,
            "feature_flags": {"FF_TIMESTAMPS": False},
            "docker": {"memory": "2g", "network_mtu": 1450, "volumes": ["/builds"]},
        },
        "host": {"config": {"check_interval": 10, "session_server": {"listen_address": "[::]:8093"}}},
    }
    stack = parse_stack({"runners": {"build": runner}})
    files = host_files(ManagerInputs(stack.managers["build"], {}, ENVIRONMENT, GITLAB), PARAMETERS)
    config = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)
    (entry,) = config.pop("runners")
    assert config == {
        "concurrent": 4,
        "check_interval": 10,
        "session_server": {"listen_address": "[::]:8093"},
    }
    assert entry["feature_flags"] == {
        "FF_NETWORK_PER_BUILD": True,
        "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True,
        "FF_TIMESTAMPS": False,
    }
    assert entry["docker"] == {
        "image": "alpine:latest",
        "privileged": False,
        "pull_policy": ["always"],
        "services": [{"name": "redis:7"}],
        "memory": "2g",
        "network_mtu": 1450,
        "volumes": ["/builds"],
    }
    assert (entry["tls-ca-file"], entry["output_limit"]) == ("/etc/ssl/ca.pem", 8192)


def two_runners() -> dict[str, HostFile]:
    """The files of a host whose manager serves two runners, with different registries."""
    declared = {
        "registries": {
            "team": {"ecr": {}, "repositories": ["ci/base"]},
            "gallery": {"ecr_public": {}},
        },
        "runners": {
            "build": {
                "group": 42,
                "registries": ["team"],
                "maximum_timeout": 600,
                "host": {"concurrent": 5},
            },
            "release": {
                "project": 7,
                "limit": 1,
                "image": "gallery/docker/library/alpine:3",
                "registries": ["gallery"],
                "maximum_timeout": 9000,
                "host_of": "build",
            },
        },
    }
    return files_of_build(declared, runner_ids={"build": 11, "release": 12})


def test_config_toml_has_a_section_for_each_runner_of_the_manager() -> None:
    config = tomllib.loads(two_runners()["etc/gitlab-runner/config.toml"].content)
    assert config["concurrent"] == 5
    assert [(each["name"], each["id"], each["limit"]) for each in config["runners"]] == [
        ("build", 11, 5),
        ("release", 12, 1),
    ]
    assert [each["token"] for each in config["runners"]] == [
        "@RUNNER_TOKEN_build@",
        "@RUNNER_TOKEN_release@",
    ]
    assert [each["docker"]["image"] for each in config["runners"]] == [
        "alpine:latest",
        "public.ecr.aws/docker/library/alpine:3",
    ]


def test_a_host_has_the_registries_of_all_its_runners() -> None:
    files = two_runners()
    hosts = ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws"]
    lines = files["etc/gitlab-runner/registries"].content.splitlines()[1:]
    assert [line.split()[0] for line in lines] == hosts


def with_fleet_and_cache(**cache: Any) -> dict[str, HostFile]:
    """The files of the host of a manager that has a fleet, and of a stack that has a cache."""
    fleet = {"instance_types": ["c7i.large"], "max_instances": 3, "jobs_per_instance": 2}
    stack = parse_stack({"runners": {"build": {"group": 42, "fleet": fleet}}, "cache": cache}, ENVIRONMENT)
    manager = stack.managers["build"]
    inputs = ManagerInputs(manager, {}, ENVIRONMENT, GITLAB, cache_bucket="bucket", runner_ids={"build": 23})
    return host_files(inputs, PARAMETERS)


def test_a_manager_with_a_fleet_runs_its_jobs_there() -> None:
    config = tomllib.loads(with_fleet_and_cache()["etc/gitlab-runner/config.toml"].content)
    (entry,) = config["runners"]
    assert (config["concurrent"], entry["limit"], entry["executor"]) == (6, 6, "docker-autoscaler")
    assert config["shutdown_timeout"] == 60
    assert entry["autoscaler"]["plugin_config"]["name"] == "gitlab-runner-sandbox-build"


def test_fleet_settings_that_need_a_restart_are_in_a_separate_file() -> None:
    files = with_fleet_and_cache()
    (settings,) = json.loads(files["etc/gitlab-runner/fleet.json"].content)
    assert settings["id"] == 23
    assert settings["max_instances"] == 3
    assert "policy" not in settings
    assert "etc/gitlab-runner/fleet.json" not in two_runners()


def test_the_plugin_is_installed_before_a_manager_with_a_fleet_starts() -> None:
    line = "ExecStartPre=/usr/bin/gitlab-runner fleeting install\n"
    assert line in with_fleet_and_cache()[UNIT_SETTINGS].content
    assert line not in two_runners()[UNIT_SETTINGS].content


def test_a_manager_with_a_fleet_waits_for_the_previous_one_without_a_timeout() -> None:
    settings = with_fleet_and_cache()[UNIT_SETTINGS].content
    assert " gitlab-runner-turn\nTimeoutStartSec=infinity\n" in settings
    assert "gitlab-runner-turn" not in two_runners()[UNIT_SETTINGS].content


@pytest.mark.parametrize(("shared", "prefix"), [(False, "runners/build"), (True, "shared")])
def test_the_cache_is_below_the_prefix_of_the_runner(shared: bool, prefix: str) -> None:
    config = tomllib.loads(with_fleet_and_cache(shared=shared)["etc/gitlab-runner/config.toml"].content)
    cache = config["runners"][0]["cache"]
    assert (cache["Path"], cache["s3"]["BucketName"]) == (prefix, "bucket")


def test_a_stopping_unit_waits_for_the_longest_job_of_any_runner() -> None:
    assert "TimeoutStopSec=10200\n" in two_runners()[UNIT_SETTINGS].content


def test_a_network_for_each_job_is_a_feature_flag_that_no_job_can_switch_off() -> None:
    text = sandbox_files()["etc/gitlab-runner/config.toml"].content
    _, section, rest = text.partition("[runners.feature_flags]\n")
    assert section
    assert "FF_NETWORK_PER_BUILD = true" in rest.split("\n\n")[0]
    assert "environment" not in tomllib.loads(text)["runners"][0]


def test_everything_that_a_service_declares_reaches_config_toml() -> None:
    service = {
        "name": "team/ci/base:1",
        "alias": "a b",
        "entrypoint": ["/bin/sh"],
        "command": ["-c", "serve"],
        "environment": ["A=b"],
    }
    stack = parse_stack(
        {
            "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
            "runners": {"build": {"group": 42, "registries": ["team"], "services": [service], "host": {}}},
        }
    )
    config = manager_config(ManagerInputs(stack.managers["build"], stack.registries, ENVIRONMENT, GITLAB))
    assert config["runners"][0]["docker"]["services"] == [
        {**service, "name": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1"}
    ]


def test_a_public_image_is_unchanged() -> None:
    stack = parse_stack({"runners": {"build": {"group": 42, "host": {}}}})
    config = manager_config(ManagerInputs(stack.managers["build"], {}, ENVIRONMENT, GITLAB))
    (runner,) = config["runners"]
    assert runner["docker"]["image"] == "alpine:latest"
    assert "services" not in runner["docker"]
    assert "id" not in runner


DIGEST = "sha256:" + "0123456789abcdef" * 4


def config_with(declared: dict[str, Any], digests: dict[str, str]) -> dict[str, Any]:
    """The `[runners.docker]` section of a runner whose images have these digests."""
    stack = parse_stack(
        {
            "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
            "runners": {"build": {"group": 42, "registries": ["team"], "host": {}, **declared}},
        }
    )
    inputs = ManagerInputs(
        stack.managers["build"], stack.registries, ENVIRONMENT, GITLAB, digests, runner_ids={"build": 11}
    )
    config = manager_config(inputs)
    section: dict[str, Any] = dict(config["runners"][0]["docker"])
    return section


def test_images_are_pinned_to_the_digests_that_are_known() -> None:
    declared = {"image": "team/ci/base:1", "services": [{"name": "team/ci/base"}, {"name": "redis:7"}]}
    docker = config_with(declared, {"team/ci/base:1": DIGEST, "team/ci/base": DIGEST})
    base = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base"
    assert docker["image"] == f"{base}:1@{DIGEST}"
    assert [each["name"] for each in docker["services"]] == [f"{base}:latest@{DIGEST}", "redis:7"]
    assert "allowed_images" not in docker
    assert "allowed_services" not in docker


def test_a_runner_that_requires_digests_allows_nothing_else() -> None:
    docker = config_with({"image": "team/ci/base:1", "require_digests": True}, {})
    assert docker["allowed_images"] == docker["allowed_services"] == ["**/*@sha256:*"]


def test_the_docker_configuration_of_the_managers_process_is_a_file_in_memory() -> None:
    link = sandbox_files()["root/.docker/config.json"]
    assert (link.mode, link.content) == ("link", "../../run/gitlab-runner-credentials/config.json")
    unit = sandbox_files()["etc/systemd/system/gitlab-runner-credentials.service"].content
    for setting in ("RuntimeDirectory=gitlab-runner-credentials", "RuntimeDirectoryMode=0700"):
        assert f"\n{setting}\n" in unit


def test_the_credential_source_of_each_registry() -> None:
    assert sandbox_files()["etc/gitlab-runner/registries"].content.splitlines()[1:] == [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com helper /usr/bin/docker-credential-ecr-login",
        "210987654321.dkr.ecr.us-east-1.amazonaws.com helper /usr/bin/docker-credential-ecr-login",
        "registry.example.com:5000 parameter eu-west-1 /gitlab-runner/sandbox/build/registries/legacy",
    ]


def test_a_secret_of_another_region_is_read_there() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ci/partner-AbCdEf"
    registry = StaticRegistry("partner", "registry.partner.example", secret=arn)
    source = registry.credential_source(ENVIRONMENT, CredentialSource("parameter", ("eu-west-1", "/its/own")))
    assert source
    assert (source.kind, source.place) == ("secret", ("us-east-1", arn))


def test_every_kind_of_registry_has_its_source() -> None:
    arn = "arn:aws:ssm:us-east-1:210987654321:parameter/ci/own"
    declared = {
        "team": {"ecr": {}, "repositories": ["ci/base"]},
        "hub": {"pull_through": "quay"},
        "gallery": {"ecr_public": {}},
        "own": {"host": "own.example", "static": {"parameter": arn}},
        "gitlab": {"host": "registry.gitlab.com", "gitlab": {}},
        "other": {
            "host": "registry.gitlab.com/group/other",
            "gitlab": {"deploy_token": {"username": "u", "password": "p"}},
        },
        "google": {"host": "gcr.io", "helper": "/usr/bin/docker-credential-gcr"},
    }
    runner = {"group": 42, "registries": list(declared), "image": "hub/app:1", "host": {}}
    stack = parse_stack({"registries": declared, "runners": {"build": runner}}, ENVIRONMENT)
    files = host_files(
        ManagerInputs(stack.managers["build"], stack.registries, ENVIRONMENT, GITLAB), PARAMETERS
    )
    ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    lines = [
        f"{ecr} helper /usr/bin/docker-credential-ecr-login",
        "gcr.io helper /usr/bin/docker-credential-gcr",
        f"own.example parameter us-east-1 {arn}",
        "public.ecr.aws helper /usr/bin/docker-credential-ecr-login",
        "registry.gitlab.com/group/other parameter eu-west-1 /gitlab-runner/sandbox/build/registries/other",
    ]
    assert files["etc/gitlab-runner/registries"].content.splitlines()[1:] == lines
    # Nothing hides a job's own credentials for registry.gitlab.com.
    assert not any(line.startswith("registry.gitlab.com ") for line in lines)
    config = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)
    assert config["runners"][0]["docker"]["image"] == f"{ecr}/hub/app:1"


def test_the_names_of_parameters() -> None:
    names = HostParameters("/project/stack/build")
    assert names.token("build") == f"{names.tokens}/build" == "/project/stack/build/tokens/build"
    assert names.registry("legacy") == "/project/stack/build/registries/legacy"


def test_settings_of_the_unit() -> None:
    assert sandbox_files()[UNIT_SETTINGS].content == (
        "[Unit]\n"
        "Wants=gitlab-runner-credentials.service\n"
        "After=gitlab-runner-credentials.service docker.service\n"
        "\n"
        "[Service]\n"
        "Environment=HOME=/root\n"
        "Environment=PATH=/usr/local/lib/gitlab-runner-host/no-programs\n"
        "Environment=AWS_REGION=eu-west-1\n"
        "EnvironmentFile=-/etc/gitlab-runner/environment\n"
        "ExecStartPre=/usr/bin/env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
        "gitlab-runner-firewall\n"
        "KillSignal=SIGQUIT\n"
        "TimeoutStopSec=8400\n"
    )


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("", ""),
        ("127.0.0.1:9252", ""),
        ("localhost:9252", ""),
        ("[::1]:9252", ""),
        ("0.0.0.0:9252", "9252"),
        (":9999", "9999"),
        ("[::]:9999", "9999"),
        ("10.1.2.3", "9252"),
    ],
)
def test_the_port_at_which_others_reach_the_metrics(address: str, port: str) -> None:
    assert metrics_port(address) == port


def test_a_stopping_unit_waits_for_the_longest_job_and_its_report() -> None:
    assert "TimeoutStopSec=4800\n" in sandbox_files(maximum_timeout=3600)[UNIT_SETTINGS].content


def test_no_file_is_on_the_path_of_the_managers_process() -> None:
    files = sandbox_files()
    (path,) = re.findall(r"^Environment=PATH=/(\S+)$", files[UNIT_SETTINGS].content, re.M)
    assert not any(f"{each}/".startswith(f"{path}/") for each in files)


def test_the_runner_waits_for_its_credentials_and_starts_without_them_if_they_fail() -> None:
    assert "After=gitlab-runner-credentials.service " in sandbox_files()[UNIT_SETTINGS].content
    assert "Requires=" not in sandbox_files()[UNIT_SETTINGS].content
    unit = sandbox_files()["etc/systemd/system/gitlab-runner-credentials.service"].content
    assert "\nExecStartPre=-/usr/local/sbin/gitlab-runner-credentials once\n" in unit


def test_another_partition() -> None:
    files = sandbox_files(AwsEnvironment("123456789012", "cn-north-1", "aws-cn"))
    image = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)["runners"][0]["docker"]["image"]
    assert image == "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/ci/base:2026.11"
    registries = files["etc/gitlab-runner/registries"].content
    assert "\n123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn helper " in registries
    assert "Environment=AWS_REGION=cn-north-1\n" in files[UNIT_SETTINGS].content


def test_only_config_toml_has_the_token() -> None:
    files = sandbox_files(token="glrt-canary")
    assert [path for path, file in files.items() if "glrt-canary" in file.content] == [
        "etc/gitlab-runner/config.toml"
    ]


def test_no_file_has_a_password() -> None:
    # `stack_file` puts this text in place of every encrypted value.
    assert not any("decrypted-value" in file.content for file in sandbox_files().values())


def test_the_files_as_one_object() -> None:
    files = sandbox_files()
    delivered = json.loads(files_as_json(files))
    assert list(delivered) == sorted(files)
    assert delivered == {path: {"mode": file.mode, "content": file.content} for path, file in files.items()}


def test_the_object_does_not_depend_on_the_order_of_the_files() -> None:
    files = sandbox_files()
    assert files_as_json(files) == files_as_json(dict(reversed(files.items())))


def test_the_numbers_of_runners_are_in_the_order_of_their_names() -> None:
    assert runner_numbers({"second": "12", "build": "7"}) == {"runner-ids": "7,12"}


def test_the_arn_of_all_parameters_of_a_host() -> None:
    names = HostParameters("/ci/prod/build")
    environment = AwsEnvironment("123456789012", "cn-north-1", "aws-cn")
    assert names.all_in(environment) == "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/ci/prod/build/*"
