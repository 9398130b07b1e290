"""`runner-doctor host`: the facts about a host, and each finding on a broken host."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.docker_engine import EngineUnreachableError, ask_engine
from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk
from pulumi_gitlab_runner.doctor.manager_process import manager_process
from pulumi_gitlab_runner.doctor.runner_host import gitlab_certificates, runner_on_disk

from sandbox.render import write_tree
from tests.auth.resolution.fakes import encoded
from tests.doctor.engine_double import engine
from tests.doctor.host_tree import Doctor, HostTree
from tests.host.sandbox_host import sandbox_files
from tests.http.server import END
from tests.http.server import answer as http_answer
from tests.http.server import serving as http_serving

HOME = "root/.docker/config.json"
CONFIG = "etc/gitlab-runner/config.toml"
KEY = "registry.example.com:5000"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
POOL = [{"Base": "10.200.0.0/24", "Size": 26}]
UNIT = "etc/systemd/system/gitlab-runner.service"


@pytest.fixture
def short() -> Iterator[HostTree]:
    """A host at a short path: the path of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory() as directory:
        yield HostTree(Path(directory))


def command(host: HostTree) -> tuple[str, ...]:
    return "host", "--root", str(host.root)


def facts(doctor: Doctor, host: HostTree) -> dict[str, str]:
    return {fact["name"]: fact["value"] for fact in doctor.json(*command(host))["facts"]}


def with_helper(host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {KEY: "runner"}}))
    host.helper("runner", {KEY: "canary"})


def test_a_host_where_all_is_well(doctor: Doctor, host: HostTree) -> None:
    with_helper(host)
    seen = facts(doctor, host)
    assert doctor.run(*command(host)) == 0
    assert seen["process"] == "user root, home /root"
    assert seen["PATH"] == "/usr/local/bin"
    assert seen["credentials"] == "/root/.docker/config.json"
    assert seen[KEY] == "docker-credential-runner answers"
    assert seen["helpers"] == "/usr/local/bin/docker-credential-runner"
    assert "No findings." in doctor.output


def test_the_credentials_for_each_registry(doctor: Doctor, host: HostTree) -> None:
    password = {"auth": encoded("me", "canary")}
    auths = {
        "a.example.com": password,
        "b.example.com": {"identitytoken": "canary"},
        "c.example.com": {"registrytoken": "canary"},
        "d.example.com": {},
        "https://me:canary@e.example.com": password,
        KEY: password,
    }
    helpers = {KEY: "runner", "f.example.com": "runner", "g.example.com": "failing"}
    host.write(HOME, json.dumps({"auths": auths, "credHelpers": helpers}))
    host.helper("runner", {KEY: "canary"})
    host.write("usr/local/bin/docker-credential-failing", "#!/bin/sh\necho canary\nexit 3\n", 0o755)
    answer = doctor.json(*command(host))
    listed = [(each["name"], each["value"]) for each in answer["facts"]]
    assert listed[listed.index(("credentials", "/root/.docker/config.json")) + 1 :] == [
        ("a.example.com", "a user and password"),
        ("b.example.com", "a token"),
        ("c.example.com", "a token"),
        ("d.example.com", "an empty entry"),
        ("https://…@e.example.com", "a user and password"),
        ("f.example.com", "docker-credential-runner has no credentials for it"),
        (
            "g.example.com",
            "docker-credential-failing: error getting credentials - err: exit status 3, out: `…`",
        ),
        (KEY, "docker-credential-runner answers"),
        ("helpers", "/usr/local/bin/docker-credential-failing, /usr/local/bin/docker-credential-runner"),
        ("config", "/etc/gitlab-runner/config.toml: concurrent = 1"),
        ("docker", "not checked: only the files of the host are available"),
    ]
    assert [each["name"] for each in answer["findings"]] == [
        *("credentials-empty", "registry-key", "helper-fails", "helper-silent")
    ]


def test_a_helper_that_does_not_answer_for_a_registry(doctor: Doctor, host: HostTree) -> None:
    with_helper(host)
    host.helper("runner", {})
    assert KEY in doctor.findings(*command(host))["helper-silent"]["where"]


def test_a_helper_that_is_missing(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credHelpers": {ECR: "ecr-login"}}))
    assert "helper-missing" in doctor.findings(*command(host))


def test_credentials_store(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps({"credsStore": "runner"}))
    assert "credentials-store" in doctor.findings(*command(host))


def test_credentials_in_a_home_that_is_not_used(doctor: Doctor, host: HostTree) -> None:
    host.write("home/gitlab-runner/.docker/config.json", json.dumps({"credHelpers": {ECR: "runner"}}))
    assert "home" in doctor.findings(*command(host))


@pytest.mark.parametrize("path", [HOME, CONFIG, "etc/gitlab-runner/registries"])
def test_a_secret_that_others_can_read(doctor: Doctor, host: HostTree, path: str) -> None:
    with_helper(host)
    host.write("etc/gitlab-runner/registries", "")
    (host.root / path).chmod(0o640)
    found = doctor.findings(*command(host))["file-mode"]
    assert (found["where"], found["what"]) == (f"/{path}", "its mode is 0640")


def test_a_helper_that_others_can_change(doctor: Doctor, host: HostTree) -> None:
    with_helper(host)
    (host.root / "usr/local/bin/docker-credential-runner").chmod(0o775)
    assert doctor.findings(*command(host))["file-mode"]["where"] == "/usr/local/bin/docker-credential-runner"


def test_a_key_that_the_runner_does_not_know_yet(doctor: Doctor, host: HostTree) -> None:
    host.runner(pid_mode="host")
    assert "config" not in doctor.findings(*command(host), "--runner-version", "19.1.0")
    found = doctor.findings(*command(host), "--runner-version", "18.11.0")["config"]
    assert "pid_mode" in found["where"]


def test_a_missing_config(doctor: Doctor, host: HostTree) -> None:
    (host.root / CONFIG).unlink()
    assert "config-unreadable" in doctor.findings(*command(host))


def test_a_config_that_is_not_toml(doctor: Doctor, host: HostTree) -> None:
    host.write(CONFIG, "token = canary")
    assert doctor.run(*command(host)) == 2
    assert "/etc/gitlab-runner/config.toml is not valid TOML" in doctor.errors


def test_an_engine_that_answers(doctor: Doctor, short: HostTree) -> None:
    with engine(short.root / "var/run/docker.sock", ["172.17.0.0/16", "192.168.16.0/20"]):
        assert facts(doctor, short)["docker"] == "29.7.0, 29 of 31 networks available"


def test_an_engine_with_a_large_answer(doctor: Doctor, short: HostTree) -> None:
    with engine(short.root / "var/run/docker.sock", [], [POOL[0] | {"Note": "x" * 1_000_000}]):
        assert facts(doctor, short)["docker"] == "29.7.0, 4 of 4 networks available"


def test_too_few_addresses_for_the_jobs(doctor: Doctor, short: HostTree) -> None:
    text = (short.root / CONFIG).read_text().replace("concurrent = 1", "concurrent = 3")
    short.write(CONFIG, text)
    socket = short.root / "var/run/docker.sock"
    with engine(socket, ["172.17.0.0/16", "10.200.0.64/26"], POOL):
        assert doctor.findings(*command(short)) == {}
    socket.unlink()
    with engine(socket, ["10.200.0.0/25", "fd00::/64"], POOL):
        assert "2 more networks are available" in doctor.findings(*command(short))["address-pools"]["what"]


def test_an_engine_that_does_not_answer(doctor: Doctor, short: HostTree) -> None:
    with engine(short.root / "var/run/docker.sock", []):
        pass
    assert "connection refused" in doctor.findings(*command(short))["docker-unreachable"]["what"]


def test_the_rendered_host_of_the_sandbox(doctor: Doctor, tmp_path: Path, host: HostTree) -> None:
    root = tmp_path / "rendered"
    write_tree(sandbox_files(token="glrt-canary"), root)
    host.root = root
    found = doctor.json(*command(host))["findings"]
    # This machine has none of the real helpers.
    assert {each["name"] for each in found} == {"credential-missing"}
    assert {each["where"].partition(", ")[2] for each in found} >= {ECR, KEY}

    real = host.write("opt/real", '#!/bin/sh\necho \'{"Username": "AWS", "Secret": "canary"}\'\n', 0o755)
    host.write("etc/gitlab-runner/registries", f"{ECR} helper {real}\n")
    (image,) = doctor.json("image", f"{ECR}/ci/base:2026.11", "--root", str(root), "--offline")["images"]
    assert (image["runner"]["source"], image["runner"]["user"]) == ("/root/.docker/config.json", "AWS")

    host.write("opt/real", '#!/bin/sh\necho \'{"Username": "NEW", "Secret": "canary"}\'\n', 0o755)
    (image,) = doctor.json("image", f"{ECR}/ci/base:2026.11", "--root", str(root), "--offline")["images"]
    assert image["runner"]["user"] == "NEW"  # the first answer was not kept


@pytest.mark.parametrize(
    ("settings", "home", "path"),
    [
        ("", "/root", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
        ("User=builder", "/srv/builder", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
        ("User=builder\nUser=", "/root", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
        ('Environment="HOME=/home/a b" PATH=/opt', "/home/a b", "/opt"),
        ("Environment=PATH=/opt\nEnvironment=", "/root", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
        ("Environment=PATH=/opt\nEnvironmentFile=-/etc/default/runner", "/root", "/from/file"),
        ("EnvironmentFile=-/etc/none\n[Install]\nEnvironment=PATH=/opt", "/root", "/packaged"),
        ("# Environment=PATH=/opt\n;x=y\nEnvironment=A=b \\\nPATH=/two", "/root", "/two"),
    ],
)
def test_the_process_of_a_unit(tmp_path: Path, settings: str, home: str, path: str) -> None:
    host = HostTree(tmp_path)
    (tmp_path / f"{UNIT}.d/10-runner-host.conf").unlink()
    host.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nbuilder:x:5:5::/srv/builder:/bin/sh\n")
    host.write("etc/default/runner", "# PATH=/no\nPATH='/from/file'\n")
    if "/packaged" in path:
        host.write(UNIT, "[Service]\nExecStart=/usr/bin/gitlab-runner run\nEnvironment=PATH=/packaged\n")
    host.write(f"{UNIT}.d/50-more.conf", f"[Service]\n{settings}\n")
    process = manager_process(FilesOnDisk(tmp_path))
    assert (process.home, process.path) == (home, path)


@pytest.mark.parametrize("path", [HOME, CONFIG])
def test_a_file_that_cannot_be_read(doctor: Doctor, host: HostTree, path: str) -> None:
    (host.root / path).unlink(missing_ok=True)
    (host.root / path).mkdir(parents=True)
    name = "docker-config-unreadable" if path == HOME else "config-unreadable"
    found = doctor.findings(*command(host))[name]
    assert (found["where"], found["what"]) == (f"/{path}", "it cannot be read: is a directory")


def test_a_setting_that_works_but_not_as_intended(doctor: Doctor, host: HostTree) -> None:
    text = (host.root / CONFIG).read_text().replace('name = "build"', 'name = "build"\nlimit = 5')
    host.write(CONFIG, text)
    found = doctor.findings(*command(host))["config"]
    assert found["where"] == "/etc/gitlab-runner/config.toml, runners[0].limit"
    assert found["why"] == "it works, but probably not as intended"


def test_the_authorities_of_gitlab(host: HostTree) -> None:
    """docs.gitlab.com/runner/configuration/tls-self-signed/, and those that a stack adds to the system's."""
    host.write("etc/gitlab-runner/certs/gitlab.example.com.crt", "one")
    host.write("etc/gitlab-runner/certs/empty.crt", "")
    host.write("usr/local/share/ca-certificates/gitlab-runner-own.crt", "two")
    host.write("usr/local/share/ca-certificates/other.crt", "no")
    host.write("etc/pki/ca-trust/source/anchors/gitlab-runner-own.crt", "three")
    assert gitlab_certificates(FilesOnDisk(host.root)) == ["one", "two", "three"]
    runner = runner_on_disk(host.root, None, None)
    host.write("etc/docker/certs.d/registry.example.com/ca.crt", "four")
    host.write("etc/docker/certs.d/registry.example.com/client.key", "no")
    assert runner.certificates
    assert list(runner.certificates("registry.example.com")) == ["four", "two", "three"]
    assert list(runner.certificates("other.example.com")) == ["two", "three"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([http_answer(500)], "it does not answer as a Docker Engine does"),
        ([http_answer(200, b"no")], "it does not answer as a Docker Engine does"),
        ([http_answer(200, b"{}"), http_answer(200, b"{}")], None),
        ([END], "it ended the connection before it answered"),
        ([http_answer(200, bytes(8 * 1024**2 + 1))], "it sends more than 8 MiB"),
    ],
    ids=["a failure", "no JSON", "nothing known", "no answer", "a large answer"],
)
def test_an_engine_with_an_invalid_answer(short: HostTree, answers: list[bytes], message: str | None) -> None:
    path = short.root / "docker.sock"
    with http_serving(*answers, path=str(path)):
        if message:
            with pytest.raises(EngineUnreachableError) as raised:
                ask_engine(path)
            assert str(raised.value) == message
        else:
            assert ask_engine(path).networks == 31
