"""`gitlab-runner-image` in every installed shell, with stand-ins for the commands of the machine."""

import shutil
from pathlib import Path

import pytest

from tests.host.script_host import SCRIPTS, ScriptHost

SETTINGS = {
    "RUNNER_VERSION": "19.3.0",
    "IMAGES": "",
    "LOGINS": '{"credHelpers":{"registry":"ecr-login"}}',
}
INSTALLED = [
    "dnf install -y -q awscli-2 jq amazon-ecr-credential-helper",
    "dnf install -y -q docker",
    "dnf install -y -q gitlab-runner-19.3.0-1 gitlab-runner-helper-images-19.3.0-1",
]
RUNNER_OFF = "systemctl disable --now gitlab-runner"
DOCKER_OFF = "systemctl disable --now docker.service docker.socket"
CHECKED = ("aws", "curl", "docker-credential-ecr-login", "dockerd", "jq")
OF_ONE_MACHINE = (
    "etc/gitlab-runner/config.toml",
    "etc/gitlab-runner/.runner_system_id",
    "var/lib/docker/engine-id",
)


class Builder(ScriptHost):
    """The Amazon Linux instance on which an image is built or tested."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.environment["RUNNER_HOST_INSTALLER"] = str(SCRIPTS / "gitlab-runner-packages-dnf.sh")
        self.declare()
        self.commands.add("rpm", "exit 1")
        for command in (
            "aws",
            "curl",
            "dnf",
            "docker",
            "docker-credential-ecr-login",
            "dockerd",
            "jq",
            "sleep",
        ):
            self.commands.add(command, "")
        self.commands.add("systemctl", '[ "$2" != is-enabled ]')
        self.commands.add("gitlab-runner", "echo Version: 19.3.0")

    def declare(self, **settings: str) -> None:
        """Write the settings of the image."""
        lines = [f"{name}='{value}'\n" for name, value in (SETTINGS | settings).items()]
        Path(self.environment["RUNNER_HOST_SETTINGS"]).write_text("".join(lines))

    def do(self, argument: str, shell: list[str]) -> tuple[int, str, list[str]]:
        """Run the script; return its exit status, its error output and its calls."""
        done = self.run("gitlab-runner-image.sh", shell, argument)
        calls = [each for each in self.commands.calls() if not each.startswith(("rpm ", "sleep "))]
        return done.returncode, done.stderr, calls

    def leave(self, path: str) -> Path:
        """Write a file as an installation does."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return file


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def test_a_build_installs_what_a_boot_would(builder: Builder, shell: list[str]) -> None:
    assert builder.do("build", shell) == (0, "", [*INSTALLED, RUNNER_OFF, DOCKER_OFF])


def test_files_of_the_building_machine_are_removed(builder: Builder, shell: list[str]) -> None:
    left = [builder.leave(path) for path in OF_ONE_MACHINE]
    assert builder.do("build", shell)[0] == 0
    assert [file for file in left if file.exists()] == []


def test_job_images_are_pulled_with_the_credentials_of_the_role(
    builder: Builder, shell: list[str], tmp_path: Path
) -> None:
    builder.declare(IMAGES="registry/ci/base:1 postgres:17")
    builder.commands.add(
        "docker", f'cp "$HOME/.docker/config.json" {tmp_path}; echo token >"$HOME/kept"; echo "$HOME"'
    )
    done = builder.run("gitlab-runner-image.sh", shell, "build")
    assert done.returncode == 0
    calls = [each for each in builder.commands.calls() if not each.startswith("rpm ")]
    assert calls[len(INSTALLED) :] == [
        RUNNER_OFF,
        "systemctl start docker",
        "docker pull --quiet registry/ci/base:1",
        "docker pull --quiet postgres:17",
        DOCKER_OFF,
    ]
    assert (tmp_path / "config.json").read_text() == f"{SETTINGS['LOGINS']}\n"
    # The helper caches the tokens of ECR there: none may be in the image.
    (home,) = set(done.stdout.split())
    assert not Path(home).exists()


def test_a_build_without_one_of_its_images_fails(builder: Builder, shell: list[str]) -> None:
    builder.declare(IMAGES="no/such:1 postgres:17")
    builder.commands.add("docker", "exit 1")
    status, _, calls = builder.do("build", shell)
    assert status == 1
    assert calls[-4:] == ["docker pull --quiet no/such:1"] * 4


@pytest.mark.parametrize("failing", range(len(INSTALLED)))
def test_a_build_without_one_of_its_packages_fails(builder: Builder, shell: list[str], failing: int) -> None:
    arguments = INSTALLED[failing].removeprefix("dnf ")
    builder.commands.add("dnf", f'[ "$*" != "{arguments}" ]')
    status, _, calls = builder.do("build", shell)
    assert (status, calls) == (1, [*INSTALLED[:failing], *[INSTALLED[failing]] * 4])


def test_a_package_may_be_installed_at_the_second_attempt(
    builder: Builder, shell: list[str], tmp_path: Path
) -> None:
    tried = tmp_path / "tried"
    builder.commands.add("dnf", f'[ -e "{tried}" ] || {{ touch "{tried}"; exit 1; }}')
    status, _, calls = builder.do("build", shell)
    assert (status, calls[:4]) == (0, [INSTALLED[0], *INSTALLED])


def test_a_good_image_passes(builder: Builder, shell: list[str]) -> None:
    assert builder.do("check", shell)[:2] == (0, "")


@pytest.mark.parametrize(
    ("command", "body", "complaint"),
    [
        ("systemctl", '[ "$*" = "--quiet is-enabled docker.service" ]', "docker.service is enabled"),
        (
            "systemctl",
            '[ "$*" = "--quiet is-enabled gitlab-runner.service" ]',
            "gitlab-runner.service is enabled",
        ),
        ("gitlab-runner", "echo Version: 19.3.01", "gitlab-runner is not 19.3.0"),
        ("gitlab-runner", "echo Version: 19.3-0", "gitlab-runner is not 19.3.0"),
        *((command, None, f"{command} is not installed") for command in CHECKED),
    ],
)
def test_a_bad_image_does_not_pass(
    builder: Builder, shell: list[str], command: str, body: str | None, complaint: str
) -> None:
    if body is None:
        builder.commands.remove(command)
        builder.environment["PATH"] = str(builder.commands.directory)
        builder.commands.add("grep", f'exec {shutil.which("grep")} "$@"')
    else:
        builder.commands.add(command, body)
    status, errors, _ = builder.do("check", shell)
    assert (status, errors) == (1, f"gitlab-runner-image: {complaint}\n")


def test_an_image_with_the_id_of_a_runner_manager_does_not_pass(builder: Builder, shell: list[str]) -> None:
    builder.leave("etc/gitlab-runner/.runner_system_id")
    status, errors, _ = builder.do("check", shell)
    assert (status, errors) == (1, "gitlab-runner-image: every host would be the same runner manager\n")


def test_an_unknown_argument_prints_the_usage(builder: Builder, shell: list[str]) -> None:
    assert builder.do("brew", shell)[:2] == (2, "usage: gitlab-runner-image build|check\n")
