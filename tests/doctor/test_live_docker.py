"""Live Docker hosts: the manager's container, by a `docker` command that runs in a directory of the test."""

import base64
import json
import shlex
from pathlib import Path

import pytest
import tomli_w
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.live.docker_container import DockerCommand, container_named, container_of

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor

KEY = "registry.example.com"
CONTAINER = "ci-build-1a2b3c4"
STACK = """
config:
  aws:region: eu-west-1
  gitlab:baseUrl: https://gitlab.example.com/api/v4/
  gitlab-runner:stack:
    registries:
      team: {host: registry.example.com, helper: /usr/bin/docker-credential-x}
    runners:
      build: {group: 42, registries: [team], host: {docker: {image: "runner.example.com/manager:1"}}}
"""
BOOT = "/proc/sys/kernel/random/boot_id"
STATE = "/run/gitlab-runner-credentials/state.json"
CURRENT = "/srv/gitlab-runner/current"
HOME = f"{CURRENT}/home"
CONFIG = f"{HOME}/.docker/config.json"
SERVICE = f"{CURRENT}/sbin/gitlab-runner-credentials"


class DockerHost:
    """A Docker Engine with the container of a manager, as the `docker` command shows it.

    Attributes:
        running: the names of the containers that mount the volume, the newest first.
        volumes: the volume of each container that has a different one.
        networks: the number of networks.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.asked = directory / "asked"
        self._files: dict[str, tuple[str, str]] = {}
        self.running = [CONTAINER]
        self.volumes: dict[str, str] = {}
        self.networks = 3
        self.environment = [
            f"HOME={HOME}",
            "PATH=/usr/local/lib/gitlab-runner-host/no-programs",
            "AWS_REGION=eu-west-1",
            "PROXY_PASSWORD=canary-4713",
        ]
        self.runner()

    def runner(self, **settings: object) -> None:
        """Write a config.toml with one runner."""
        runner = {"name": "build", "url": "https://gitlab.example.com", "executor": "docker"}
        runner |= {
            "feature_flags": {"FF_NETWORK_PER_BUILD": True},
            "token": "glrt-canary",
            "docker": {"image": "alpine:3.22"},
            **settings,
        }  # type: ignore[dict-item]
        self.write(f"{CURRENT}/config.toml", tomli_w.dumps({"concurrent": 3, "runners": [runner]}))

    def write(self, path: str, text: str, mode: str = "600") -> None:
        """Write a file of the container."""
        self._files[path] = (mode, base64.b64encode(text.encode()).decode())

    def service(self, *, answered: float | None, boot: str = "this-boot", reason: str = "") -> None:
        """A credential service that answered this many seconds before the container's uptime of 10,000."""
        self.write(SERVICE, "", "755")
        self.write(f"{CURRENT}/registries", f"{KEY} helper /usr/bin/docker-credential-x\n")
        self.write(BOOT, "this-boot\n")
        self.write("/proc/uptime", "10000.00 20000.00\n")
        ended = answered is None
        entry = {
            "source": "",
            "answered": None if answered is None else 10000 - answered,
            "ends": None if answered is None else 10000 - answered + 43200,
            "failing_since": 9940 if ended else None,
            "reason": reason,
        }
        self.write(STATE, json.dumps({"boot": boot, "registries": {KEY: entry}}))

    def install(self) -> None:
        """Install the command."""
        lines = "\n".join(f"{mode} {path} {text}" for path, (mode, text) in self._files.items())
        inspected = json.dumps([{"Config": {"Env": self.environment, "User": ""}}])
        info = json.dumps({"ServerVersion": "27.5.1", "HttpProxy": "http://me:canary-4714@proxy"})
        networks = [
            {
                "IPAM": {
                    "Config": [
                        {"Subnet": f"172.{17 + n}.0.0/16" if n < 15 else f"192.168.{16 * (n - 15)}.0/20"}
                    ]
                }
            }
            for n in range(self.networks)
        ]
        numbers = " ".join(map(str, range(self.networks)))
        volumes = (self.volumes.get(name, "ci-build-4d5e6f7") for name in self.running)
        mounts = (f"{volume},{'a' * 63}{n},/var/run/docker.sock" for n, volume in enumerate(volumes))
        running = [f"{name} {mounted}" for name, mounted in zip(self.running, mounts, strict=True)]
        command = self._directory / "docker"
        command.write_text(
            "#!/bin/sh\n"
            f'echo "$*" >>{shlex.quote(str(self.asked))}\n'
            'if [ "$1" = --host ]; then shift 2; fi\n'
            'case "$1 $2" in\n'
            f"'network ls') echo {shlex.quote(numbers)} ;;\n"
            f"'network inspect') echo {shlex.quote(json.dumps(networks))} ;;\n"
            f"'info --format') echo {shlex.quote(info)} ;;\n"
            "esac\n"
            'case "$1" in\n'
            f"ps) printf '%s\\n' {shlex.join(running)} ;;\n"
            f"inspect) echo {shlex.quote(inspected)} ;;\n"
            "exec) cat >/dev/null; while read -r mode path text; do\n"
            '    case " $* " in *" $path "*) echo "$mode $path $text" ;; esac\n'
            f"done <<'FILES'\n{lines}\nFILES\n"
            "printf 'Version:      19.3.0\\nGit revision: 1\\n' ;;\n"
            "esac\n"
        )
        command.chmod(0o755)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerHost:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return DockerHost(tmp_path / "bin")


@pytest.fixture
def live(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK)
    place = str(tmp_path / "stacks")
    return ("--stack", "prod", "--live", "--account", "123456789012", "--stacks-dir", place)


def test_age_and_end_of_each_credential(doctor: Doctor, engine: DockerHost, live: tuple[str, ...]) -> None:
    engine.service(answered=600)
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711")}}}))
    engine.install()
    assert doctor.run("host", *live) == 0
    assert f"build of the stack prod, in the container {CONTAINER}" in " ".join(doctor.output.split())
    assert "renewed 10 min ago, valid for 11 h 50 min" in " ".join(doctor.output.split())
    assert f"user root, home {HOME}" in doctor.output
    assert "concurrent = 3" in doctor.output
    assert "19.3.0" in doctor.output
    assert "27.5.1, 28 of 31 networks available" in doctor.output
    assert "canary" not in doctor.output
    other = doctor.json("host", *live, "--runner-version", "18.11.0")
    assert other["runner"]["version"] == "18.11.0"


def test_too_few_networks_for_the_jobs(doctor: Doctor, engine: DockerHost, live: tuple[str, ...]) -> None:
    engine.networks = 29
    engine.service(answered=600)
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711")}}}))
    engine.install()
    assert list(doctor.findings("host", *live)) == ["address-pools"]


def test_the_engine_is_the_one_that_the_stack_names(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    stack = Path(live[-1]) / "Pulumi.prod.yaml"
    engine.install()
    doctor.run("host", *live)
    assert not any(line.startswith("--host") for line in engine.asked.read_text().splitlines())
    engine.asked.unlink()
    stack.write_text(STACK.replace("config:", "config:\n  docker:host: ssh://me@runner.example.com"))
    doctor.run("host", *live)
    asked = engine.asked.read_text().splitlines()
    assert len(asked) >= 5
    assert all(line.startswith("--host ssh://me@runner.example.com ") for line in asked)


def test_the_managers_of_two_stacks_are_distinguished(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    engine.running = ["ci-build-2222222", CONTAINER]
    engine.volumes = {CONTAINER: "ci-build-0a0a0a0"}
    engine.service(answered=600)
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711")}}}))
    engine.install()
    assert doctor.run("host", *live) == 2
    assert f"several stacks have a manager build on this Docker Engine: ci-build-2222222, {CONTAINER}" in (
        doctor.errors
    )
    assert doctor.run("host", *live, "--container", CONTAINER) == 0
    assert f"in the container {CONTAINER}" in " ".join(doctor.output.split())


def test_an_image(doctor: Doctor, engine: DockerHost, live: tuple[str, ...]) -> None:
    engine.service(answered=600)
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711")}}}))
    engine.install()
    (image,) = doctor.json("image", f"{KEY}/app:1", *live)["images"]
    assert image["runner"]["user"] == "me"
    assert CONFIG in json.dumps(image["runner"])
    assert image["registry"]["outcome"] == "not asked"  # the password is dropped as it is read


def test_a_missing_credential_names_the_log_to_read(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    engine.service(answered=None, reason="AccessDeniedException")
    engine.write(CONFIG, '{"auths": {}}')
    engine.install()
    (finding,) = doctor.json("image", f"{KEY}/app:1", "--offline", *live)["findings"]
    assert finding["name"] == "credential-missing"
    assert "AccessDeniedException" in json.dumps(finding)
    assert f"docker logs {CONTAINER}" in json.dumps(finding)
    assert "journalctl" not in json.dumps(finding)


def test_a_state_of_another_boot_is_ignored(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    engine.service(answered=600, boot="the-boot-before")
    engine.install()
    assert "credential-service" in [each["name"] for each in doctor.json("host", *live)["findings"]]


def test_fixed_passwords_need_no_service(doctor: Doctor, engine: DockerHost, live: tuple[str, ...]) -> None:
    engine.runner(environment=["A=canary-4712"])
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711\n")}}}))
    engine.install()
    found = doctor.json("host", *live)
    assert [each["name"] for each in found["findings"]] == ["white-space"]


def test_the_newest_of_a_managers_containers(engine: DockerHost) -> None:
    engine.running = ["ci-build-files-0000000", "ci-other-build-1111111", "ci-build-2222222", CONTAINER]
    engine.install()
    found = container_of("build", DockerCommand())
    assert found.name == "ci-build-2222222"
    assert "canary" not in repr(found)


def test_no_container(doctor: Doctor, engine: DockerHost, live: tuple[str, ...]) -> None:
    engine.running = ["ci-build-files-0000000"]
    engine.install()
    assert doctor.run("host", *live) == 2
    assert "no container ci-build-" in doctor.errors
    assert "DOCKER_HOST" in doctor.errors


def test_no_engine_and_no_command(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "bin" / "docker"
    command.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    command.chmod(0o755)
    assert doctor.run("host", *live) == 2
    assert "docker ps failed: Cannot connect to the Docker daemon" in doctor.errors
    command.unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert doctor.run("host", *live) == 2
    assert "the docker command, which is not found" in doctor.errors


def test_no_secret_of_a_file_is_kept(engine: DockerHost) -> None:
    engine.runner(environment=["A=canary-4712"])
    secret = encoded("me", "canary-4711")
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": secret}}}))
    engine.write(f"{HOME}/.dockercfg", json.dumps({KEY: {"auth": secret, "email": "canary"}}))
    engine.install()
    files, version = container_of("build", DockerCommand()).gather()
    assert version == "19.3.0"
    assert {path for path, file in files.files.items() if "text" in file} == {
        "/etc/gitlab-runner/config.toml",
        CONFIG,
        f"{HOME}/.dockercfg",
    }
    assert "canary" not in repr(files)
    assert secret not in repr(files)


def test_a_variable_of_the_runner_that_a_job_replaces(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    config = json.dumps({"auths": {KEY: {"auth": "$TOKEN"}}})
    engine.runner(environment=[f"DOCKER_AUTH_CONFIG={config}", f"TOKEN={encoded('me', 'canary')}"])
    engine.install()
    for options, user in (((), "me"), (("--variable", f"TOKEN={encoded('other', 'canary')}"), "other")):
        (image,) = doctor.json("image", f"{KEY}/app:1", *live, *options)["images"]
        assert image["runner"]["user"] == user


def test_the_requests_to_the_engine_and_what_is_kept_of_its_answers(engine: DockerHost) -> None:
    engine.networks = 1
    engine.service(answered=600)
    engine.write(CONFIG, json.dumps({"auths": {KEY: {"auth": encoded("me", "canary-4711")}}}), "640")
    engine.install()
    container = container_of("build", DockerCommand())
    files, _ = container.gather()
    assert (container.name, container.process.user, container.process.home) == (CONTAINER, "root", HOME)
    assert container.process.files == (f"the container {CONTAINER}",)
    assert container.process.environment == {
        "HOME": HOME,
        "PATH": "/usr/local/lib/gitlab-runner-host/no-programs",
        "AWS_REGION": "eu-west-1",
    }
    password = encoded("me", "(known only on the host)")
    assert files.files[CONFIG] == {
        "mode": 0o640,
        "text": json.dumps({"auths": {KEY: {"auth": password}}}),
    }
    assert files.files[SERVICE] == {"mode": 0o755, "text": ""}
    assert files.files["/etc/gitlab-runner/registries"]["text"].startswith(KEY)
    assert set(files.files) == {
        *("/etc/gitlab-runner/config.toml", "/etc/gitlab-runner/registries", CONFIG, SERVICE),
        *(BOOT, STATE, "/proc/uptime"),
    }
    assert files.engine == {
        "info": {"ServerVersion": "27.5.1", "DefaultAddressPools": None},
        "networks": [{"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}],
    }
    places = (
        *(f"{CURRENT}/config.toml", f"{CURRENT}/registries", CONFIG, f"{HOME}/.dockercfg"),
        *(STATE, BOOT, "/proc/uptime", SERVICE),
    )
    assert engine.asked.read_text().splitlines() == [
        "ps --no-trunc --filter volume=/srv/gitlab-runner --format {{.Names}} {{.Mounts}}",
        f"inspect --type container {CONTAINER}",
        f"exec -i {CONTAINER} /bin/sh -s -- {' '.join(places)}",
        "info --format {{json .}}",
        "network ls --quiet --no-trunc",
        "network inspect 0",
    ]


def test_a_file_that_the_container_does_not_return(engine: DockerHost) -> None:
    engine.write(CONFIG, "")
    engine.write(f"{CURRENT}/config.toml", 'token = """canary"""')
    engine.install()
    command = engine.asked.parent / "docker"
    command.write_text(command.read_text().replace(f"600 {CONFIG} \n", f"600 {CONFIG} -\n"))
    files, _ = container_of("build", DockerCommand()).gather()
    assert files.files == {
        CONFIG: {"mode": 0o600, "problem": "it cannot be read in the container"},
        "/etc/gitlab-runner/config.toml": {"mode": 0o600, "problem": "multi-line strings"},
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("echo 'no  such\n engine' >&2; exit 1", "docker ps failed: no such engine"),
        ("exit 125", "docker ps failed: status 125"),
        ("printf %0400d 0 >&2; exit 1", f"docker ps failed: {'0' * 300}"),
    ],
)
def test_why_the_docker_command_failed(engine: DockerHost, lines: str, message: str) -> None:
    engine.install()
    (engine.asked.parent / "docker").write_text(f"#!/bin/sh\n{lines}\n")
    with pytest.raises(UsageError) as raised:
        DockerCommand()("ps", "-a")
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("exit 1", "docker info failed: status 1"),
        ("echo no", "it does not answer as a Docker Engine does"),
        ("echo 1", "it does not answer as a Docker Engine does"),
    ],
)
def test_an_engine_without_information(engine: DockerHost, lines: str, problem: str) -> None:
    engine.install()
    container = container_of("build", DockerCommand())
    command = engine.asked.parent / "docker"
    rest = command.read_text().partition("\n")[2]
    command.write_text(f'#!/bin/sh\nif [ "$1" = info ]; then {lines}; exit; fi\n{rest}')
    assert container.gather()[0].engine == {"problem": problem}


@pytest.mark.parametrize("printed", ["", "[]", "[{}]", '[{"Config": {}}]', '[{"Config": {"Env": 1}}]'])
def test_a_container_that_cannot_be_inspected(engine: DockerHost, printed: str) -> None:
    engine.install()
    (engine.asked.parent / "docker").write_text(f"#!/bin/sh\necho '{printed}'\n")
    with pytest.raises(UsageError, match=r"^docker inspect ci-1 gave an unexpected output$"):
        container_named("ci-1", DockerCommand())


def test_a_container_without_a_home_or_a_path(engine: DockerHost) -> None:
    engine.environment = ["A=b=c", "USER=x"]
    engine.install()
    process = container_named("ci-1", DockerCommand()).process
    assert process.environment == {"USER": "x", "HOME": "/root", "PATH": ""}
    inspected = '[{"Config": {"Env": ["HOME=/srv/"], "User": "1000"}}]'
    (engine.asked.parent / "docker").write_text(f"#!/bin/sh\necho '{inspected}'\n")
    process = container_named("ci-1", DockerCommand()).process
    assert (process.user, process.home) == ("1000", "/srv")


def test_a_container_without_a_configuration(
    doctor: Doctor, engine: DockerHost, live: tuple[str, ...]
) -> None:
    engine.install()
    command = engine.asked.parent / "docker"
    command.write_text(command.read_text().replace("config.toml", "other.toml"))
    assert doctor.run("host", *live) == 2
    assert doctor.errors == (
        f"runner-doctor: the container {CONTAINER} has no /srv/gitlab-runner/current/config.toml\n"
    )


def test_a_docker_command_that_cannot_be_run(engine: DockerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.install()
    monkeypatch.setenv("PATH", str(engine.asked.parent))
    (engine.asked.parent / "docker").chmod(0o644)
    with pytest.raises(UsageError, match=r"^the docker command cannot be run: Permission denied$"):
        DockerCommand()("ps")
