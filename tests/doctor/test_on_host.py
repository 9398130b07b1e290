"""The program that runs on a live host: what it gathers and asks there, and that it sends no secret."""

import base64
import json
import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.toml_table import name_in_file
from pulumi_gitlab_runner.doctor.docker_engine import Engine, engine_of
from pulumi_gitlab_runner.doctor.live import on_host

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import HostTree

KEY = "registry.example.com"


NO_SECRET = "(known only on the host)"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (
            {"auths": {"h": {"auth": encoded("u", " canary\n"), "password": "canary"}}, "a": ["canary"]},
            {
                "auths": {"h": {"auth": encoded("u", f" {NO_SECRET}\n"), "password": NO_SECRET}},
                "a": [NO_SECRET],
            },
        ),
        (
            {"Auths": {"h": {"identitytoken": " canary", "auth": "", "n": 4711, "username": "canary"}}},
            {"Auths": {"h": {"identitytoken": f" {NO_SECRET}", "auth": "", "n": 0, "username": NO_SECRET}}},
        ),
        (
            {"auths": {"h": {"Username": "me", "password": "canary"}, "i": ["canary"], "j": {"auth": "/"}}},
            {"auths": {"h": {"Username": "me", "password": NO_SECRET}, "i": [NO_SECRET], "j": {"auth": "?"}}},
        ),
        (
            {"auths": {"h": {"auth": encoded("u", "canary").replace("j", "j!", 1)}}},
            {"auths": {"h": {"auth": "?"}}},
        ),
        (
            {"auths": {"h": {"Auth": base64.b64encode(b"canary").decode(), "password": " "}}},
            {"auths": {"h": {"Auth": base64.b64encode(NO_SECRET.encode()).decode(), "password": " "}}},
        ),
        (
            {"auth": {"h": "canary"}, "proxies": {"default": {"httpProxy": "http://u:canary@p"}}},
            {"auth": {"h": NO_SECRET}, "proxies": {"default": {"httpProxy": NO_SECRET}}},
        ),
        (
            {"credsStore": "secretservice", "CredHelpers": {"h": "ecr-login"}, "auths": "canary"},
            {"credsStore": "secretservice", "CredHelpers": {"h": "ecr-login"}, "auths": NO_SECRET},
        ),
        (["canary", "", True, None, 4711], [NO_SECRET, "", True, None, 0]),
        ("canary", NO_SECRET),
    ],
)
def test_no_secret_of_a_docker_configuration_leaves_the_host(text: object, hidden: object) -> None:
    assert json.loads(on_host.hidden_docker_config(json.dumps(text))) == hidden


@pytest.mark.parametrize(("text", "hidden"), [('{"auths": {"h": {"auth": "canary"', "NaN"), (" \n", " \n")])
def test_a_docker_configuration_that_is_not_json_stays_invalid(text: str, hidden: str) -> None:
    assert on_host.hidden_docker_config(text) == hidden


def test_no_secret_of_a_config_toml_leaves_the_host() -> None:
    config = """
concurrent = 4 # canary
[[runners]]
  name = "build"
  token = "canary" # "canary"
  token_obtained_at = "2026-11-30"
  environment = ["A=canary", 'B=canary', 'DOCKER_AUTH_CONFIG={"auths": {"h": {"password": "canary"}}}', "C"]
  headers = ["", " \\"canary\\" ", "\\q canary"]
  [runners.cache.s3]
    SecretKey = 'canary'
    BucketName = 'build'
"""
    hidden = f"""
concurrent = 4{" "}
[[runners]]
  name = "build"
  token = "{NO_SECRET}"{" "}
  token_obtained_at = "2026-11-30"
  environment = ["A={NO_SECRET}", "B={NO_SECRET}", \
"DOCKER_AUTH_CONFIG={{\\"auths\\": {{\\"h\\": {{\\"password\\": \\"{NO_SECRET}\\"}}}}}}", "{NO_SECRET}"]
  headers = ["", " {NO_SECRET} ", "{NO_SECRET}"]
  [runners.cache.s3]
    SecretKey = "{NO_SECRET}"
    BucketName = 'build'
"""
    assert on_host.hidden_toml(config) == hidden
    assert on_host.hidden_toml('token = """canary"""') is None
    assert on_host.hidden_toml("token = '''canary'''") is None


@pytest.mark.parametrize(
    "line",
    [
        '"token" = "canary"',
        "'token' = 'canary'",
        'runners."token"="canary"',
        '"to\\u006ben" = "canary"',
        'name = "build"\n"token" = "canary"',
        'token = [5, "canary"]',
        'token = [true, "canary"]',
        'a = {b = 1, token = "canary", c = 2}',
        'token = "canary" = 5',
        't.token = "canary"',
        '"to\\U0000006ben" = "canary"',
        'a = {token = "canary", name = "build"}',
        'services = [{environment = ["A=canary"], alias = "db"}, {name = "postgres"}]\nimage = "ruby"',
        '} token = "canary"',
        'environment = {X = "canary", y = {z = "canary"}}\nname = "build"',
        'pre_build_script = "canary"\nshell = "bash"',
        'services = [{name = "redis", command = ["canary"], entrypoint = ["canary"]}]',
        'MachineOptions = ["canary"]',
        'config_args = ["canary", "canary"]\ncpus = "2"',
        'sentry_dsn = "canary"',
        'clone_url = "https://canary@gitlab.example.com/a@b"\nurl = "https://gitlab.example.com/a@b"',
    ],
)
def test_a_secret_is_hidden_for_each_spelling_of_its_key(line: str) -> None:
    assert on_host.hidden_toml(line) == line.replace("'canary'", '"canary"').replace("canary", NO_SECRET)


def test_a_key_whose_values_have_a_grammar_is_not_hidden() -> None:
    """With another value, the doctor would find the key wrong."""
    names = [
        name_in_file(table, field)
        for table, keys in KEYS.items()
        for field, key in keys.items()
        if key.allowed or key.form
    ]
    assert {"AuthenticationType", "key_path"} <= set(names)
    config = "".join(f'{name} = "a-value"\n' for name in names)
    assert on_host.hidden_toml(config) == config


def test_only_a_few_variables_of_a_unit_leave_the_host() -> None:
    unit = """[Service]
Environment=HOME=/root TOKEN=canary "A=canary b" USER=builder "PATH=/usr/bin:/opt/a b"
Environment=AWS_REGION=eu-west-1 \\
  AWS_DEFAULT_REGION=eu-west-2 'B=canary' 'DOCKER_CONFIG=/etc/docker'
 Environment = "C=canary" HOME=/root
#Environment=D=canary
  ; Environment=E=canary
ExecStart=/usr/bin/gitlab-runner run
"""
    assert on_host.hidden_unit(unit) == (
        '[Service]\nEnvironment=HOME=/root USER=builder "PATH=/usr/bin:/opt/a b"\n'
        "Environment=AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-2 'DOCKER_CONFIG=/etc/docker'\n"
        " Environment =HOME=/root\n\n\n"
        "ExecStart=/usr/bin/gitlab-runner run\n"
    )


def installed(directory: Path, monkeypatch: pytest.MonkeyPatch, **commands: str) -> None:
    """Put commands on the PATH of the host."""
    for name, lines in commands.items():
        command = directory / name
        command.write_text(f"#!/bin/sh\n{lines}\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(on_host, "ROOT", "/")


DOCKER = """
case "$1 $2" in
"info --format") echo '{"ServerVersion": "27.5.1", "HttpProxy": "http://me:canary@proxy"}' ;;
"network ls") echo a; echo b ;;
"network inspect") echo '[{"Name": "canary", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}]' ;;
esac
"""


def test_the_answer_of_the_docker_engine_on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, docker=DOCKER)
    found = on_host.engine()
    assert found == {
        "info": {"ServerVersion": "27.5.1", "DefaultAddressPools": None},
        "networks": [{"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}],
    }
    assert engine_of(found["info"], found["networks"]) == Engine("27.5.1", 30, 31)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("echo cannot  connect >&2; exit 1", "cannot connect"),
        ("printf %0400d 0 >&2; exit 1", "0" * 300),
        ("echo no", "it does not answer as a Docker Engine does"),
        ("exit 3", "it does not say why"),
    ],
)
def test_a_docker_engine_that_does_not_answer_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, problem: str
) -> None:
    installed(tmp_path, monkeypatch, docker=lines)
    assert on_host.engine() == {"problem": problem}


def test_the_identity_of_the_host_in_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, aws='echo "{\\"Arn\\": \\"arn:of:$*\\"}"')
    asked = "sts get-caller-identity --output json --cli-connect-timeout 3"
    assert on_host.identity("eu-west-1") == {"arn": f"arn:of:{asked} --region eu-west-1"}
    assert on_host.identity("") == {"arn": f"arn:of:{asked}"}
    installed(tmp_path, monkeypatch, aws="echo no credentials $AWS_MAX_ATTEMPTS >&2; exit 255")
    assert on_host.identity("") == {"problem": "no credentials 1"}
    installed(tmp_path, monkeypatch, aws="echo {}")
    assert on_host.identity("") == {"problem": "it does not answer"}


@pytest.mark.parametrize(
    ("aws", "allowed"),
    [
        ('echo \'[{"failureCode": "ImageNotFound"}]\'', {"allowed": True}),
        ("echo 'An error occurred (AccessDeniedException)' >&2; exit 254", {"allowed": False}),
        ("echo 'An error occurred (RepositoryNotFoundException)' >&2; exit 254", {}),
        ("echo 'Could not connect to the endpoint URL' >&2; exit 255", {}),
    ],
)
def test_whether_ecr_lets_the_host_read_a_repository(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: str,
    allowed: dict[str, bool],
) -> None:
    installed(tmp_path, monkeypatch, aws=f'echo "$*" >{tmp_path}/asked; {aws}')
    repository = {"account": "123456789012", "region": "eu-west-1", "name": "ci/base"}
    assert answered(monkeypatch, capsys, {"repository": repository}) == allowed
    assert (tmp_path / "asked").read_text() == (
        "ecr batch-get-image --region eu-west-1 --output json --registry-id 123456789012 --repository-name "
        "ci/base --image-ids imageTag=latest --query failures\n"
    )
    monkeypatch.setattr(on_host, "ROOT", str(tmp_path))
    assert on_host.readable(repository) == {}


CREDENTIALS = '{"credHelpers": {"registry.example.com": "x"}}'


def test_the_files_that_are_gathered_on_a_host(host: HostTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_host, "ROOT", str(host.root))
    (host.root / "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf").unlink()
    expected: dict[str, dict[str, Any]] = {}

    def add_file(path: str, text: str, mode: int = 0o600, gathered: str | None = None) -> None:
        host.write(path[1:], text, mode)
        expected[path] = {"mode": mode, "text": text if gathered is None else gathered}

    for number, directory in enumerate(("etc/systemd", "run/systemd", "usr/lib/systemd", "lib/systemd")):
        unit = f"/{directory}/system/gitlab-runner.service"
        add_file(unit, f"[Service]\nEnvironment=HOME=/srv/home{number}\n", 0o644)
        add_file(f"{unit}.d/10.conf", "[Service]\nEnvironment=A=canary\n", 0o640, "[Service]\nEnvironment=\n")
        add_file(f"/srv/home{number}/.docker/config.json", CREDENTIALS)
    add_file("/etc/systemd/system/gitlab-runner.service.d/20.conf", "Environment=PATH=/opt/one/:/opt/two\n")
    add_file(
        "/etc/gitlab-runner/config.toml", 'token = "canary" # canary\n', 0o640, f'token = "{NO_SECRET}" \n'
    )
    add_file("/etc/gitlab-runner/registries", "registry.example.com helper x\n", 0o644)
    add_file("/root/.dockercfg", CREDENTIALS, 0o4600)
    directories = (
        "usr/local/sbin",
        "usr/local/bin",
        "usr/sbin",
        "usr/bin",
        "sbin",
        "bin",
        "opt/one",
        "opt/two",
    )
    for directory in directories:
        add_file(f"/{directory}/docker-credential-x", "#!/bin/sh\n", 0o755, "")
        host.write(f"{directory}/docker-machine", "")
    host.write("home/gitlab-runner", "no directory")
    (host.root / "root/.docker/config.json").mkdir(parents=True)
    expected["/root/.docker/config.json"] = {"problem": "is a directory"}
    assert on_host.gathered() == {"files": expected, "version": "", "engine": None, "identity": None}
    host.write("etc/gitlab-runner/config.toml", 'token = """canary"""')
    (host.root / "home/gitlab-runner").unlink()
    host.write("home/gitlab-runner/.dockercfg", CREDENTIALS, 0o607)
    found = on_host.gathered()["files"]
    assert found["/etc/gitlab-runner/config.toml"] == {"problem": "multi-line strings"}
    assert found["/home/gitlab-runner/.dockercfg"] == {"mode": 0o607, "text": CREDENTIALS}


def test_the_facts_that_are_gathered_about_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(
        tmp_path,
        monkeypatch,
        docker=DOCKER,
        aws='echo "{\\"Arn\\": \\"$*\\"}"',
        **{"gitlab-runner": 'echo "Version: 19.2.0"; echo "$*"'},
    )
    unit = tmp_path / "unit"
    unit.write_text("[Service]\nEnvironment=AWS_REGION=eu-central-1\n")
    monkeypatch.setattr(on_host, "unit_files", lambda: [str(unit)])
    found = on_host.gathered()
    assert found["version"] == "Version: 19.2.0\n--version\n"
    assert found["engine"]["info"] == {"ServerVersion": "27.5.1", "DefaultAddressPools": None}
    assert found["identity"] == {
        "arn": "sts get-caller-identity --output json --cli-connect-timeout 3 --region eu-central-1"
    }
    unit.write_text("[Service]\n")
    assert on_host.gathered()["identity"]["arn"].endswith("--cli-connect-timeout 3")


@pytest.mark.parametrize("lines", ["#!/nowhere", "#!/bin/sh\nexit 1"], ids=["it cannot be run", "it fails"])
def test_a_runner_that_does_not_print_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    installed(tmp_path, monkeypatch, **{"gitlab-runner": ""})
    (tmp_path / "gitlab-runner").write_text(f"{lines}\n")
    assert on_host.runner_version() == ""


def answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: object) -> Any:
    """The answer of the program on the host to a request."""
    argument = base64.b64encode(json.dumps(request).encode()).decode()
    monkeypatch.setattr(sys, "argv", ["on_host", argument])
    on_host.main()
    return json.loads(zlib.decompress(base64.b64decode(capsys.readouterr().out)))


HELPER = "docker-credential-x"


@pytest.mark.parametrize(
    ("program", "action", "lines", "answer"),
    [
        (
            HELPER,
            "get",
            """printf '{"ServerURL": "%s", "Username": "%s", "Secret": "canary"}' "$(cat)" "$1" """,
            {"status": 0, "output": {"ServerURL": KEY, "Username": "get", "Secret": NO_SECRET}, "errors": ""},
        ),
        (
            HELPER,
            "get",
            """echo '{"Secret": "", "More": ["canary", {"a": "canary"}, 4711, true, null]}'""",
            {
                "status": 0,
                "output": {"Secret": "", "More": [NO_SECRET, {"a": NO_SECRET}, 0, True, None]},
                "errors": "",
            },
        ),
        (HELPER, "get", "echo '[1]'", {"status": 0, "output": 0, "errors": ""}),
        (
            HELPER,
            "list",
            """echo '{"registry.example.com": "canary"}'""",
            {"status": 0, "output": {KEY: ""}, "errors": ""},
        ),
        (HELPER, "list", "echo '[1]'", {"status": 0, "output": 0, "errors": ""}),
        (HELPER, "get", "echo canary; exit 3", {"status": 3, "output": NO_SECRET, "errors": ""}),
        (HELPER, "get", "echo; echo canary >&2", {"status": 0, "output": "", "errors": ""}),
        (
            HELPER,
            "get",
            "echo credentials not found in native keychain; exit 1",
            {"status": 1, "output": "credentials not found in native keychain\n", "errors": ""},
        ),
        (
            "docker-credential-runner",
            "get",
            "printf %05000d 0 >&2",
            {"status": 0, "output": "", "errors": "0" * 4000},
        ),
    ],
)
def test_the_answer_of_a_helper_on_the_host(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    action: str,
    lines: str,
    answer: dict[str, Any],
) -> None:
    installed(tmp_path, monkeypatch, **{program: lines})
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    request = {"program": program, "action": action, "server": KEY, "environment": environment}
    found = answered(monkeypatch, capsys, request)
    if not isinstance(answer["output"], str):
        found["output"] = json.loads(found["output"])
    assert found == answer


def test_a_helper_on_the_host_that_cannot_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(tmp_path, monkeypatch, **{HELPER: ""})
    (tmp_path / HELPER).write_text("#!/nowhere\n")
    request = {"action": "get", "server": KEY, "environment": {"PATH": str(tmp_path)}}
    no_interpreter = answered(monkeypatch, capsys, {**request, "program": HELPER})
    assert no_interpreter == {"problem": "No such file or directory"}
    for program in ("docker-credential-y", f"./{HELPER}", str(tmp_path / HELPER)):
        assert answered(monkeypatch, capsys, {**request, "program": program}) == {"missing": True}

    def hang(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    assert answered(monkeypatch, capsys, {**request, "program": HELPER}) == {"late": True}
    with pytest.raises(RuntimeError, match="it gave no answer in 15 seconds"):
        on_host.printed(["docker", "info"])


def test_an_answer_that_run_command_would_cut_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Systems Manager keeps 24,000 characters of output."""
    noise = base64.b64encode(random.Random(1).randbytes(20_000)).decode()  # noqa: S311
    for length, fits in ((22_000, True), (24_000, False)):
        monkeypatch.setattr(on_host, "gathered", lambda _, length=length: {"noise": noise[:length]})
        if fits:
            assert answered(monkeypatch, capsys, {}) == {"noise": noise[:length]}
        else:
            with pytest.raises(SystemExit, match="the files are too large for Run Command"):
                answered(monkeypatch, capsys, {})


def test_a_helper_of_a_hosts_tree(
    host: HostTree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is found below the tree, and so are its registries; the programs that it runs are the machine's."""
    monkeypatch.setattr(on_host, "ROOT", str(host.root))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    answer_format = '{"ServerURL": "%s %s %s", "Username": "x"}'
    lines = f"printf '{answer_format}' $PATH $RUNNER_REGISTRIES $RUNNER_CREDENTIAL_CACHE"
    host.write("opt/one/docker-credential-x", f"#!/bin/sh\n{lines}\n", 0o755)
    environment = {"PATH": "/opt/two:/opt/one"}
    request = {"program": HELPER, "action": "get", "server": KEY, "environment": environment}
    found = json.loads(answered(monkeypatch, capsys, request)["output"])["ServerURL"]
    root = host.root
    path = f"{root}/opt/two:{root}/opt/one:/usr/bin:/bin"
    assert found == f"{path} {root}/etc/gitlab-runner/registries /dev/null"
