"""`docker-credential-runner`, run for real: it answers for the registries of its list, and for no other."""

import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pulumi_gitlab_runner.auth.registry_list import CredentialSource, registry_list
from pulumi_gitlab_runner.host import scripts

from tests.host.commands import SHELLS, Commands

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")

SCRIPT = Path(scripts.__file__).with_name("docker-credential-runner.sh")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
STATIC = "registry.example.com:5000"
VAULT = "registry.partner.example"
PARAMETER = "/gitlab-runner/sandbox/build/registries/legacy"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ci/partner-AbCdEf"
SECRET = "canary \"4711\" \\ 'ü' $HOME"
NOT_FOUND = "credentials not found in native keychain\n"
"""What docker-credential-helpers says, and gitlab-runner takes for no error."""


class Helper:
    """The helper of a host, with stand-ins for all that it asks."""

    def __init__(self, directory: Path, shell: list[str]) -> None:
        self._shell = shell
        self.commands = Commands(directory)
        self.cache = directory / "cache"
        self.list = directory / "registries"
        self.commands.add("jq", f'exec {shutil.which("jq")} "$@"')
        self.commands.add("logger", "")
        self.answers = directory / "answers"
        self.answers.mkdir()
        self.ecr_login = self.commands.add(
            "docker-credential-ecr-login", f'cat >/dev/null; cat "{self.answers}/ecr"'
        )
        self.commands.add(
            "aws",
            'case "$*" in\n'
            f'"--region eu-west-1 ssm get-parameter --name {PARAMETER} --with-decryption "*)'
            f' cat "{self.answers}/parameter" ;;\n'
            f'"--region us-east-1 secretsmanager get-secret-value --secret-id {ARN} "*)'
            f' cat "{self.answers}/secret" ;;\n'
            "*) exit 99 ;;\nesac",
        )
        stored = json.dumps({"username": "my_username", "password": SECRET})
        self.answer("ecr", json.dumps({"ServerURL": f"https://{ECR}", "Username": "AWS", "Secret": SECRET}))
        self.answer("parameter", stored)
        self.answer("secret", json.dumps({"password": SECRET, "username": "partner", "rotated": "yesterday"}))
        self.list.write_text(
            registry_list(
                [
                    (ECR, CredentialSource("helper", (str(self.ecr_login),))),
                    (STATIC, CredentialSource("parameter", ("eu-west-1", PARAMETER))),
                    (VAULT, CredentialSource("secret", ("us-east-1", ARN))),
                ]
            )
        )

    def answer(self, source: str, text: str) -> None:
        """What a source answers from now on."""
        (self.answers / source).write_text(text)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the helper as Docker and the runner do."""
        return subprocess.run(
            [*self._shell, str(SCRIPT), *arguments],
            input=stdin,
            env={
                "PATH": "/usr/local/bin",
                "RUNNER_REGISTRIES": str(self.list),
                "RUNNER_CREDENTIAL_CACHE": str(self.cache),
                "RUNNER_CREDENTIAL_TIMEOUT": "1",
                "RUNNER_CREDENTIAL_PATH": f"{self.commands.directory}:/usr/bin:/bin",
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def get(self, host: str) -> subprocess.CompletedProcess[str]:
        """Ask for the credentials of a registry."""
        return self.run("get", stdin=host)

    def reasons(self) -> list[str]:
        """What the journal got to know."""
        return [call.partition(" -- ")[2] for call in self.commands.calls("logger")]


@pytest.fixture(params=SHELLS, ids=lambda command: Path(command[0]).name)
def helper(request: pytest.FixtureRequest, tmp_path: Path) -> Helper:
    return Helper(tmp_path, request.param)


@pytest.fixture
def one_helper(tmp_path: Path) -> Helper:
    return Helper(tmp_path, SHELLS[0])


def kept_of(helper: Helper, host: str) -> Path:
    """Where the answer for a registry is kept."""
    return helper.cache / host / ".answer"


def failure_of(helper: Helper, host: str) -> Path:
    """What says that a registry failed a while ago."""
    return helper.cache / host / ".failure"


def refused(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether an answer says that there are no credentials, in the words that the runner knows."""
    return (done.returncode, done.stdout) == (1, NOT_FOUND)


@pytest.mark.parametrize(
    ("host", "username"),
    [(ECR, "AWS"), (STATIC, "my_username"), (VAULT, "partner")],
    ids=["ecr", "ssm", "secret"],
)
def test_the_credentials_of_a_declared_registry(helper: Helper, host: str, username: str) -> None:
    done = helper.get(host)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"ServerURL": host, "Username": username, "Secret": SECRET}
    assert helper.reasons() == []


def test_the_hosts_name_may_end_with_a_line(helper: Helper) -> None:
    assert json.loads(helper.get(f"{STATIC}\n").stdout)["Username"] == "my_username"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "registry.example.com",
        "registry.example.com:50000",
        "xregistry.example.com:5000",
        "registry-example.com:5000",
        f"https://{STATIC}",
        f"{STATIC}/team",
        f"{STATIC} parameter",
        STATIC.upper(),
        "*",
        "#",
        "-n",
        "../registries",
        "999999999999.dkr.ecr.eu-west-1.amazonaws.com",
        "https://index.docker.io/v1/",
    ],
)
def test_it_answers_for_exactly_the_hosts_of_its_list(one_helper: Helper, host: str) -> None:
    assert refused(one_helper.get(host))
    assert one_helper.commands.calls("aws") + one_helper.commands.calls("docker-credential-ecr-login") == []
    assert not one_helper.cache.exists()


def test_a_real_helper_is_asked_for_the_host_alone(helper: Helper, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    helper.commands.add(
        "docker-credential-ecr-login", f'cat >{asked}; env >>{asked}; cat "{helper.answers}/ecr"'
    )
    helper.get(ECR)
    assert helper.commands.calls("docker-credential-ecr-login") == ["docker-credential-ecr-login get"]
    text = asked.read_text()
    assert text.startswith(ECR)
    # Its own cache would lie on the disk.
    assert "AWS_ECR_DISABLE_CACHE=true\n" in text


def test_a_missing_list(helper: Helper) -> None:
    helper.list.unlink()
    assert refused(helper.get(STATIC))
    assert helper.reasons() == [f"{STATIC}: {helper.list} is missing or unreadable"]


def test_a_missing_real_helper(helper: Helper) -> None:
    helper.ecr_login.unlink()
    assert refused(helper.get(ECR))
    assert helper.reasons() == [f"{ECR}: helper {helper.ecr_login} cannot be run: is it installed?"]


def test_a_failing_real_helper(helper: Helper) -> None:
    helper.commands.add("docker-credential-ecr-login", 'echo "AccessDenied"; exit 3')
    assert refused(helper.get(ECR))
    assert helper.reasons() == [f"{ECR}: helper {helper.ecr_login} failed with exit status 3"]


def test_a_failing_secret_store(helper: Helper) -> None:
    (helper.answers / "parameter").unlink()
    assert refused(helper.get(STATIC))
    assert helper.reasons() == [f"{STATIC}: parameter eu-west-1 {PARAMETER} failed with exit status 1"]


def test_a_source_that_hangs_is_given_up(helper: Helper) -> None:
    helper.commands.add("docker-credential-ecr-login", "exec sleep 20")
    started = time.monotonic()
    assert refused(helper.get(ECR))
    assert time.monotonic() - started < 15
    assert helper.reasons() == [f"{ECR}: helper {helper.ecr_login} gave no answer in 1 seconds"]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "rubbish",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"username": "me"}',
        '{"username": "me", "password": ""}',
        '{"username": "", "password": "canary-4711"}',
        '{"username": "me", "password": 4711}',
        '{"username": "me", "password": "canary-4711"',
        "my_username:canary-4711",
    ],
)
def test_an_answer_without_user_and_password(one_helper: Helper, answer: str) -> None:
    one_helper.answer("parameter", answer)
    done = one_helper.get(STATIC)
    assert refused(done)
    assert one_helper.reasons() == [
        f"{STATIC}: parameter eu-west-1 {PARAMETER} answered without a user and password"
    ]
    assert done.stderr == f"docker-credential-runner: {one_helper.reasons()[0]}\n"
    assert not any("4711" in call for call in one_helper.commands.calls())


def test_what_gos_helpers_print_is_passed_on_as_it_is(helper: Helper) -> None:
    plain = f'{{"ServerURL":"{ECR}","Username":"AWS","Secret":"canary-4711"}}'
    helper.answer("ecr", plain + "\n")
    assert helper.get(ECR).stdout == plain + "\n"
    assert helper.commands.calls("jq") == []


@pytest.mark.parametrize(
    "nearly",
    [
        '{"ServerURL":"HOST","Username":"AWS","Secret":"a"}}',
        '{"ServerURL":"HOST","Username":"AWS","Secret":"a"',
        '{"ServerURL":"HOST","Username":"AWS","Secret":"a"b"}',
        '{"ServerURL":"HOST","Username":"AWS","Secret":"a\tb"}',
        '{"ServerURL":"HOST","Username":"","Secret":"a"}',
        '{"ServerURL":"HOST","Username":"AWS","Secret":""}',
        '{"ServerURL":"HOST","Username":"AWS","Secret":"a\\"}',
    ],
)
def test_what_only_looks_like_it_is_not(helper: Helper, nearly: str) -> None:
    helper.answer("ecr", nearly.replace("HOST", ECR))
    assert refused(helper.get(ECR))


@pytest.mark.parametrize("secret", ['a"b', "a\\b", "a b", "$HOME", "*", "ü", "a'b"])
def test_any_secret_arrives_whole(helper: Helper, secret: str) -> None:
    told = {"ServerURL": ECR, "Username": "AWS", "Secret": secret}
    helper.answer("ecr", json.dumps(told, separators=(",", ":"), ensure_ascii=False))
    assert json.loads(helper.get(ECR).stdout) == told


def test_a_broken_registry_costs_itself_alone(helper: Helper) -> None:
    helper.ecr_login.unlink()
    helper.answer("secret", "rubbish")
    assert refused(helper.get(ECR))
    assert refused(helper.get(VAULT))
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == SECRET


def test_no_secret_stands_on_a_command_line_or_in_the_journal(helper: Helper) -> None:
    for host in (ECR, STATIC, VAULT):
        assert SECRET in json.loads(helper.get(host).stdout)["Secret"]
    assert not any("4711" in call for call in helper.commands.calls())


def test_an_answer_is_kept_for_root_alone(helper: Helper) -> None:
    first = helper.get(STATIC)
    assert f"{helper.cache.stat().st_mode & 0o7777:o}" == "700"
    assert [path.name for path in helper.cache.iterdir()] == [STATIC]
    assert f"{kept_of(helper, STATIC).stat().st_mode & 0o7777:o}" == "600"
    helper.answer("parameter", "rubbish")
    again = helper.get(STATIC)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert len(helper.commands.calls("aws")) == 1


@pytest.mark.parametrize(
    ("host", "source", "minutes"), [(ECR, "ecr", 360), (STATIC, "parameter", 5), (VAULT, "secret", 5)]
)
def test_an_old_answer_is_asked_for_anew(one_helper: Helper, host: str, source: str, minutes: int) -> None:
    one_helper.get(host)
    one_helper.answer(source, json.dumps({"username": "somebody_else", "password": "changed"}))
    _age(kept_of(one_helper, host), minutes - 2)
    assert json.loads(one_helper.get(host).stdout)["Username"] != "somebody_else"
    _age(kept_of(one_helper, host), minutes + 2)
    assert json.loads(one_helper.get(host).stdout)["Username"] == "somebody_else"


def test_another_helpers_answer_is_kept_for_minutes(one_helper: Helper) -> None:
    google = "europe-west1-docker.pkg.dev"
    path = one_helper.commands.add("docker-credential-gcr", f'cat >/dev/null; cat "{one_helper.answers}/ecr"')
    one_helper.list.write_text(registry_list([(google, CredentialSource("helper", (str(path),)))]))
    one_helper.get(google)
    for minutes, asked in ((4, 1), (6, 2)):
        _age(kept_of(one_helper, google), minutes)
        one_helper.get(google)
        assert len(one_helper.commands.calls("docker-credential-gcr")) == asked


def test_a_path_below_a_host_has_credentials_of_its_own(helper: Helper) -> None:
    team = f"{STATIC}/team"
    gcr = helper.commands.add(
        "docker-credential-gcr", 'read -r host; echo "{\\"Username\\":\\"$host\\",\\"Secret\\":\\"s\\"}"'
    )
    helper.list.write_text(
        registry_list(
            [
                (STATIC, CredentialSource("parameter", ("eu-west-1", PARAMETER))),
                (team, CredentialSource("secret", ("us-east-1", ARN))),
                (f"{team}/tools", CredentialSource("helper", (str(gcr),))),
            ]
        )
    )
    for _ in range(2):
        answers = [json.loads(helper.get(path).stdout) for path in (STATIC, team, f"{team}/tools")]
        # The real helper is asked for the host alone.
        assert [each["Username"] for each in answers] == ["my_username", "partner", STATIC]
        assert [each["ServerURL"] for each in answers] == [STATIC, team, f"{team}/tools"]
    assert len(helper.commands.calls("aws")) == 2
    assert refused(helper.get(f"{STATIC}/other"))
    assert refused(helper.get(f"{team}/"))


def test_what_failed_is_asked_again_after_a_minute(helper: Helper) -> None:
    helper.answer("parameter", "rubbish")
    first = helper.get(STATIC)
    helper.answer("parameter", json.dumps({"username": "me", "password": "mended"}))
    again = helper.get(STATIC)
    assert refused(first)
    assert refused(again)
    assert first.stderr == again.stderr == f"docker-credential-runner: {helper.reasons()[0]}\n"
    _age(failure_of(helper, STATIC), 1)
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == "mended"
    assert len(helper.commands.calls("aws")) == 2
    assert len(helper.reasons()) == 1


def test_a_source_that_hangs_is_waited_for_once(helper: Helper) -> None:
    helper.commands.add("docker-credential-ecr-login", "exec sleep 20")
    assert refused(helper.get(ECR))
    started = time.monotonic()
    assert refused(helper.get(ECR))
    assert time.monotonic() - started < 1
    assert len(helper.commands.calls("docker-credential-ecr-login")) == len(helper.reasons()) == 1


def test_a_failure_is_that_of_its_registry_alone(helper: Helper) -> None:
    helper.ecr_login.unlink()
    assert refused(helper.get(ECR))
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == SECRET
    assert json.loads(helper.run("list").stdout) == {ECR: "", STATIC: "", VAULT: ""}


def test_a_kept_answer_outlasts_an_old_failure(helper: Helper) -> None:
    helper.get(STATIC)
    failure_of(helper, STATIC).touch()
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == SECRET


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
@pytest.mark.parametrize("answers", [True, False], ids=["answers", "fails"])
def test_those_that_come_at_once_share_one_asking(helper: Helper, answers: bool) -> None:
    then = f'cat "{helper.answers}/ecr"' if answers else "exit 1"
    helper.commands.add("docker-credential-ecr-login", f"cat >/dev/null; sleep 0.5; {then}")
    with ThreadPoolExecutor(4) as pulls:
        done = list(pulls.map(helper.get, [ECR] * 4))
    assert [each.returncode for each in done] == [0 if answers else 1] * 4
    assert len({each.stdout for each in done}) == 1
    assert len(helper.commands.calls("docker-credential-ecr-login")) == 1


def test_it_answers_where_nothing_can_be_kept(helper: Helper) -> None:
    helper.cache.write_text("a file, where the directory should be")
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == SECRET


def test_erase_drops_an_answer(helper: Helper) -> None:
    helper.get(STATIC)
    helper.get(VAULT)
    assert helper.run("erase", stdin=STATIC).returncode == 0
    assert not kept_of(helper, STATIC).exists()
    assert kept_of(helper, VAULT).exists()
    helper.get(STATIC)
    assert len([call for call in helper.commands.calls("aws") if " ssm " in call]) == 2


def test_erase_drops_a_failure(helper: Helper) -> None:
    helper.answer("parameter", "rubbish")
    helper.get(STATIC)
    helper.answer("parameter", json.dumps({"username": "me", "password": "mended"}))
    helper.run("erase", stdin=STATIC)
    assert json.loads(helper.get(STATIC).stdout)["Secret"] == "mended"


def test_erase_touches_nothing_outside(helper: Helper) -> None:
    helper.get(STATIC)
    helper.run("erase", stdin="../registries")
    assert helper.list.exists()


def test_list_names_the_registries_and_no_user(helper: Helper) -> None:
    done = helper.run("list")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {ECR: "", STATIC: "", VAULT: ""}
    assert helper.commands.calls() == []


def test_list_without_registries(helper: Helper) -> None:
    helper.list.write_text(registry_list([]))
    assert json.loads(helper.run("list").stdout) == {}


def test_store_is_refused_with_a_reason(helper: Helper) -> None:
    done = helper.run(
        "store", stdin=json.dumps({"ServerURL": STATIC, "Username": "me", "Secret": "canary-4711"})
    )
    assert done.returncode == 1
    assert done.stdout == "credentials of this host are declared in its stack, not stored by docker login\n"
    assert not helper.cache.exists()


@pytest.mark.parametrize("arguments", [[], ["version"]], ids=["nothing", "unknown"])
def test_any_other_use_is_told_how_to_use_it(one_helper: Helper, arguments: list[str]) -> None:
    done = one_helper.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: docker-credential-runner get|list|erase\n"


def _age(path: Path, minutes: int) -> None:
    past = time.time() - minutes * 60
    os.utime(path, (past, past))
