"""Questions to real programs: each returns an answer or a reason in time."""

import json
import time
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.asking import LARGEST_ANSWER, ask
from pulumi_gitlab_runner.host.credentials.questions import (
    NO_BATCHES,
    NOTHING,
    Credential,
    Failure,
    Question,
    Source,
    sources,
)

from tests.host.commands import Commands

HOST = "registry.example.com:5000"
SECRET = "canary \"4711\" \\ 'ü' $HOME"
ANSWER = json.dumps({"ServerURL": HOST, "Username": "me", "Secret": SECRET}, ensure_ascii=False)
PATIENCE = 1.0


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    commands = Commands(tmp_path)
    monkeypatch.setenv("PATH", f"{commands.directory}:/usr/bin:/bin")
    return commands


def ask_helper(path: Path | str) -> Credential | Failure:
    """Ask a helper."""
    return ask(Question("helper", str(path), {HOST: (HOST,)}), PATIENCE)[HOST]


def helper(commands: Commands, body: str, name: str = "docker-credential-any") -> Credential | Failure:
    """Create a helper, and ask it."""
    return ask_helper(commands.add(name, body))


def reason_of(answer: Credential | Failure) -> str:
    """The reason of a failure."""
    assert isinstance(answer, Failure)
    assert "4711" not in answer.reason
    return answer.reason


def printing(text: str) -> str:
    return f"cat >/dev/null; cat <<'END'\n{text}\nEND"


def test_a_helper_is_asked_for_the_host_on_its_standard_input(commands: Commands, tmp_path: Path) -> None:
    assert helper(commands, f"cat >{tmp_path}/stdin; env >{tmp_path}/env; cat <<'END'\n{ANSWER}\nEND") == (
        Credential("me", SECRET)
    )
    assert (tmp_path / "stdin").read_text() == HOST
    assert commands.calls() == ["docker-credential-any get"]
    environment = (tmp_path / "env").read_text().splitlines()
    # The helper's own cache would be on the disk.
    assert "AWS_ECR_DISABLE_CACHE=true" in environment


def test_a_helper_may_ignore_its_input(commands: Commands) -> None:
    assert helper(commands, f"exec 0<&-; cat <<'END'\n{ANSWER}\nEND") == Credential("me", SECRET)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exec sleep 60", "gave no answer in 1 seconds"),
        ("sleep 60 & exit 0", "gave no answer in 1 seconds"),
        ("setsid sleep 60 & exit 0", "gave no answer in 1 seconds"),
        ("trap '' TERM INT; sleep 60", "gave no answer in 1 seconds"),
        ("exec >&- 2>&-; exec sleep 60", "gave an answer, and did not end in 1 seconds"),
        ("exec cat /dev/zero", "gave an answer without an end"),
        ("exec cat /dev/zero >&2", "gave an answer without an end"),
        ("echo canary-4711; exit 3", "failed with exit status 3"),
        ("echo canary-4711 >&2; exit 3", "failed with exit status 3"),
        ("printf '\\377' | tee /dev/stderr; exit 3", "failed with exit status 3"),
        ("kill -9 $$", "failed with exit status -9"),
    ],
)
def test_any_failure_of_a_helper_ends_within_the_timeout(commands: Commands, body: str, reason: str) -> None:
    started = time.monotonic()
    assert reason_of(helper(commands, body)) == reason
    assert time.monotonic() - started < PATIENCE + 5


def test_processes_of_a_helper_are_ended_after_the_timeout(commands: Commands, tmp_path: Path) -> None:
    helper(commands, f"sleep 60 & echo $! $$ >{tmp_path}/pids; wait")
    for pid in (tmp_path / "pids").read_text().split():
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or status.read_text().split()[2] == "Z"


def test_a_helper_that_cannot_be_run(commands: Commands, tmp_path: Path) -> None:
    assert reason_of(ask_helper("/opt/docker-credential-nowhere")) == "cannot be run: is it installed?"
    commands.add("plain", "").chmod(0o600)
    assert reason_of(ask_helper(commands.directory / "plain")) == "cannot be run: is it installed?"
    assert reason_of(ask_helper(tmp_path)) == "cannot be run: is it installed?"


INVALID_ANSWERS = [
    "",
    "rubbish",
    "<html>502 Bad Gateway</html>",
    "null",
    "[]",
    '"text"',
    "{}",
    '{"Username": "me"}',
    '{"Username": "me", "Secret": ""}',
    '{"Username": "", "Secret": "canary-4711"}',
    '{"Username": "me", "Secret": 4711}',
    '{"Username": ["me"], "Secret": "canary-4711"}',
    '{"Username": "me", "Secret": "canary-4711"',
    "[" * 100_000,
]


@pytest.mark.parametrize("answer", INVALID_ANSWERS, ids=range(len(INVALID_ANSWERS)))
def test_an_invalid_answer_is_not_a_credential(commands: Commands, answer: str) -> None:
    assert helper(commands, printing(answer)) == NOTHING


@pytest.mark.parametrize(
    ("username", "secret", "reason"),
    [
        ("a:b", "canary-4711", "has a colon"),
        ("me", "\\ud800", "is not text"),
        ("\\ud800", "x", "is not text"),
    ],
)
def test_a_credential_that_no_docker_configuration_can_hold_is_refused(
    commands: Commands, username: str, secret: str, reason: str
) -> None:
    answer = f'{{"Username": "{username}", "Secret": "{secret}"}}'
    assert reason in reason_of(helper(commands, printing(answer)))


@pytest.mark.parametrize("secret", ['a"b', "a\\b", "a b", "$HOME", "*", "ü", "a'b", "a:b", "a\nb", "\u0000"])
def test_any_secret_is_unchanged(commands: Commands, secret: str) -> None:
    answer = helper(commands, printing(json.dumps({"Username": "me", "Secret": secret})))
    assert answer == Credential("me", secret)
    assert isinstance(answer, Credential)
    assert Credential.from_entry(answer.as_entry()) == answer


def test_an_identity_token_is_kept_as_one(commands: Commands) -> None:
    answer = helper(commands, printing('{"Username": "<token>", "Secret": "eyJ"}'))
    assert isinstance(answer, Credential)
    assert answer.as_entry() == {"identitytoken": "eyJ"}
    assert Credential.from_entry(answer.as_entry()) == answer


def test_the_reason_of_ecrs_helper_is_in_its_log(commands: Commands) -> None:
    log = (
        'time="x" level=error msg="Error retrieving credentials" error="ecr: AccessDenied: \\"me\\" may not"'
    )
    body = (
        'cd "$AWS_ECR_CACHE_DIR"; mkdir log; printf "\\377\\n" >log/ecr-login.log\n'
        "cat <<'END' >>log/ecr-login.log\n"
        f"{log}\nEND\necho credentials not found in native keychain; exit 1"
    )
    answer = helper(commands, body, "docker-credential-ecr-login")
    assert reason_of(answer) == 'failed: ecr: AccessDenied: \\"me\\" may not'


def test_parameters(commands: Commands) -> None:
    """By name or ARN; some do not exist."""
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/b"
    stored = json.dumps({"username": "me", "password": SECRET})
    answer = {
        "Parameters": [
            {"Name": "/a", "ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/a", "Value": stored},
            {"Name": "/b", "ARN": arn, "Value": stored},
            {"Name": "/text", "ARN": "arn:…/text", "Value": "my_username:canary-4711"},
        ],
        "InvalidParameters": ["/none"],
    }
    commands.add("aws", printing(json.dumps(answer)))
    names = ("/a", arn, "/text", "/none")
    answers = ask(Question("parameter", "eu-west-1", {name: (name,) for name in names}), PATIENCE)
    assert answers == {
        "/a": Credential("me", SECRET),
        arn: Credential("me", SECRET),
        "/text": NOTHING,
        "/none": Failure("there is no such parameter"),
    }
    options = "--region eu-west-1 --output json"
    command = "ssm get-parameters --with-decryption --names"
    assert commands.calls() == [f"aws {options} {command} /a {arn} /text /none"]


def test_secrets(commands: Commands) -> None:
    """Some are forbidden, or are not text."""
    arns = [f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}" for name in "abcde"]
    stored = json.dumps({"password": SECRET, "username": "me", "rotated": "yesterday"})
    answer = {
        "SecretValues": [
            {"ARN": arns[0], "Name": "a", "SecretString": stored},
            {"ARN": arns[1], "Name": "b", "SecretBinary": "AAAA"},
        ],
        "Errors": [
            {"SecretId": arns[2], "ErrorCode": "AccessDenied", "Message": "no"},
            {"SecretId": arns[4], "ErrorCode": "ResourceNotFoundException", "Message": "none"},
        ],
    }
    commands.add("aws", printing(json.dumps(answer)))
    answers = ask(Question("secret", "us-east-1", {arn: (arn,) for arn in arns}), PATIENCE)
    assert answers == {
        arns[0]: Credential("me", SECRET),
        arns[1]: NOTHING,
        arns[2]: Failure("AccessDenied: no", alone=True),
        arns[3]: NOTHING,
        arns[4]: Failure("ResourceNotFoundException: none"),
    }
    commands.add("aws", printing(json.dumps({"SecretString": stored})))
    (alone,) = ask(Question("secret", "us-east-1", {arns[0]: (HOST,)}), PATIENCE).values()
    assert alone == Credential("me", SECRET)
    command = "aws --region us-east-1 --output json secretsmanager"
    assert commands.calls() == [
        f"{command} batch-get-secret-value --secret-id-list {' '.join(arns)}",
        f"{command} get-secret-value --secret-id {arns[0]}",
    ]


@pytest.mark.parametrize(
    ("errors", "alone"),
    [
        ("An error occurred (AccessDeniedException) when calling the GetParameters operation: no", True),
        ('Could not connect to the endpoint URL: "https://ssm.eu-west-1.amazonaws.com/"', False),
        ('Unable to locate credentials. You can configure credentials by running "aws configure".', False),
    ],
)
@pytest.mark.parametrize("kind", ["parameter", "secret"])
def test_the_reason_of_a_failure_of_the_aws_cli(
    commands: Commands, kind: str, errors: str, alone: bool
) -> None:
    commands.add("aws", f"printf '\\n%s\\n\\n' '{errors}' >&2; exit 254")
    (answer,) = ask(Question(kind, "eu-west-1", {"/a": (HOST,)}), PATIENCE).values()
    assert answer == Failure(f"failed: {errors}", alone)


def test_an_aws_cli_without_batch_get_secret_value(commands: Commands) -> None:
    commands.add(
        "aws", "echo 'aws: error: argument operation: Invalid choice, valid choices are:' >&2; exit 252"
    )
    answers = ask(Question("secret", "us-east-1", {"a": (HOST,), "b": (HOST,)}), PATIENCE)
    assert set(answers.values()) == {Failure(NO_BATCHES, alone=True)}


def test_an_answer_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(ANSWER)
    question = Question("file", "", {str(file): (HOST,)})
    assert ask(question) == {str(file): Credential("me", SECRET)}
    file.unlink()
    assert ask(question) == {str(file): Failure("is missing or unreadable")}
    file.write_bytes(b"\xff" * 10)
    assert ask(question) == {str(file): Failure("is missing or unreadable")}
    file.write_bytes(b" " * (LARGEST_ANSWER + 1))
    assert ask(question) == {str(file): NOTHING}


def test_an_unknown_kind_of_source() -> None:
    (answer,) = ask(Question("vault", "x", {"y": (HOST,)})).values()
    assert reason_of(answer) == "is a kind of source that this host does not know"


def test_the_representation_of_a_credential_has_no_secret() -> None:
    assert "canary" not in repr(Credential("me", "canary"))


def test_the_sources_of_a_list() -> None:
    text = """# a comment of some words
a.example/team helper /opt/docker-credential-x further words
b.example file /srv/password
c.example parameter eu-west-1 /ci/password
d.example secret us-east-1
e.example helper
"""
    assert dict(sources(text)) == {
        "a.example/team": Source("helper", "/opt/docker-credential-x", ""),
        "b.example": Source("file", "", "/srv/password"),
        "c.example": Source("parameter", "eu-west-1", "/ci/password"),
    }
