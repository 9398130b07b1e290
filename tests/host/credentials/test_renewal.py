"""When the credentials of a host are requested, renewed and dropped, with a controlled clock."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.questions import NO_BATCHES, Answer, Credential, Failure
from pulumi_gitlab_runner.host.credentials.table import LONGEST_PAUSE_S

from tests.host.credentials.driven import (
    ECR,
    ECR_HELPER,
    HOUR,
    MINUTE,
    PARAMETER,
    SECRET,
    START,
    DrivenService,
)

LEGACY = f"registry.example.com:5000 {PARAMETER} /legacy"
TEAM = f"{ECR} helper {ECR_HELPER}"
REGISTRY = "registry.example.com:5000"


@pytest.fixture
def host(tmp_path: Path) -> DrivenService:
    return DrivenService(tmp_path)


def test_every_credential_is_requested_at_the_start(host: DrivenService) -> None:
    host.start(TEAM, LEGACY, f"partner.example {SECRET}partner")
    assert host.auths() == {
        ECR: f"user:{ECR} first",
        REGISTRY: "user:/legacy first",
        "partner.example": f"user:{SECRET.split()[2]}partner first",
    }
    assert host.journal == []


def test_a_store_is_asked_in_batches(host: DrivenService) -> None:
    host.start(
        *(f"p{n}.example {PARAMETER} /p{n}" for n in range(23)),
        *(f"s{n}.example {SECRET}s{n}" for n in range(41)),
        *(f"u{n}.example parameter us-east-1 /u{n}" for n in range(2)),
    )
    sizes = sorted((each.kind, each.where, len(each.names)) for _, each in host.asked)
    assert sizes == [
        *[("parameter", "eu-west-1", size) for size in (3, 10, 10)],
        ("parameter", "us-east-1", 2),
        *[("secret", "us-east-1", size) for size in (1, 20, 20)],
    ]
    assert len(host.auths()) == 66


def test_registries_that_share_a_source_share_its_answer(host: DrivenService) -> None:
    host.start(TEAM, f"{ECR}/cached {TEAM.partition(' ')[2]}", LEGACY, f"other.example {PARAMETER} /legacy")
    assert sorted(host.questions()) == [f"helper {ECR_HELPER}: {ECR}", "parameter eu-west-1: /legacy"]
    assert host.auths()[f"{ECR}/cached"] == host.auths()[ECR]
    assert host.auths()["other.example"] == host.auths()[REGISTRY]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (LEGACY, "/legacy"),
        (f"a.example {SECRET}a", f"{SECRET.split()[2]}a"),
        ("gcr.io helper /bin/gcr", "gcr.io"),
    ],
    ids=["parameter", "secret", "another helper"],
)
def test_a_changed_password_is_fetched_within_a_minute(host: DrivenService, line: str, name: str) -> None:
    host.start(line)
    host.answer = lambda _: Credential("user", "rotated")
    host.advance(44, step=1)
    assert set(host.auths().values()) == {f"user:{name} first"}
    host.advance(2, step=1)
    assert set(host.auths().values()) == {"user:rotated"}


def test_a_token_of_ecr_is_renewed_every_hour(host: DrivenService) -> None:
    host.start(TEAM)
    host.advance(24 * HOUR, step=MINUTE)
    assert [when - START for when, _ in host.asked] == [n * HOUR for n in range(25)]


def test_ten_passwords_stay_one_call(host: DrivenService) -> None:
    """Even if one of them was first requested later, by itself."""
    host.start(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(9)))
    host.advance(10)
    host.declare(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(10)))
    host.advance(10 * MINUTE)
    host.forget()
    host.advance(10 * MINUTE)
    assert {len(each.names) for _, each in host.asked} == {10}
    assert 12 <= len(host.asked) <= 14


def test_a_store_that_fails_for_hours(host: DrivenService) -> None:
    host.start(LEGACY, TEAM)
    host.failing["parameter"] = "gave no answer in 20 seconds"
    host.advance(MINUTE)
    host.forget()
    host.advance(11 * HOUR, step=MINUTE)
    # The last good answer is used; retries have pauses; the failure is logged once; others are renewed.
    assert set(host.auths()) == {ECR, REGISTRY}
    asked = [when for when, each in host.asked if each.kind == "parameter"]
    assert max(b - a for a, b in pairwise(asked)) == LONGEST_PAUSE_S
    assert len(asked) < 11 * 13
    assert host.journal == []
    host.advance(HOUR, step=MINUTE)
    assert set(host.auths()) == {ECR}
    (ended,) = host.journal
    assert ended == (
        f"<4>{REGISTRY}: its credential has ended, and parameter eu-west-1 /legacy: gave no answer in "
        "20 seconds"
    )
    host.advance(HOUR, step=MINUTE)
    assert host.journal == [ended]
    host.failing.clear()
    host.advance(6 * MINUTE)
    assert set(host.auths()) == {ECR, REGISTRY}
    assert host.journal == [ended, f"<5>{REGISTRY}: parameter eu-west-1 /legacy: answers again"]


def test_the_pause_grows_and_is_short_again_after_an_answer(host: DrivenService) -> None:
    host.failing["parameter"] = "failed with exit status 1"
    host.start(LEGACY)
    host.advance(20 * MINUTE, step=1)
    times = [when - START for when, _ in host.asked]
    assert times[:7] == [0, 5, 15, 35, 75, 155, 315]
    assert {b - a for a, b in pairwise(times[6:])} == {300}
    host.failing.clear()
    host.advance(LONGEST_PAUSE_S)
    host.failing["parameter"] = "failed with exit status 1"
    host.advance(MINUTE, step=1)
    host.forget()
    host.advance(15, step=1)
    assert len(host.asked) == 1


def test_a_failure_is_logged_once_for_all_affected_registries(host: DrivenService) -> None:
    host.failing["parameter"] = "gave no answer in 20 seconds"
    host.start(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(3)))
    host.advance(HOUR, step=MINUTE)
    assert host.journal == [
        "<4>p0.example, p1.example, p2.example: parameter eu-west-1: gave no answer in 20 seconds"
    ]


def test_a_broken_source_affects_only_its_own_registries(host: DrivenService) -> None:
    host.failing = {"/broken": "there is no such parameter", "helper": "cannot be run: is it installed?"}
    host.start(LEGACY, TEAM, f"broken.example {PARAMETER} /broken", f"partner.example {SECRET}partner")
    assert set(host.auths()) == {REGISTRY, "partner.example"}
    assert host.state("broken.example")["reason"] == "there is no such parameter"


def test_a_name_that_fails_a_batch_is_requested_alone(host: DrivenService) -> None:
    """A store refuses a whole call for one name that the host may not read."""
    denied = Failure("failed: AccessDenied", alone=True)

    def ask(question: object) -> dict[str, Answer]:
        names = question.names  # type: ignore[attr-defined]
        asked.append(sorted(names))
        refused = "/denied" in names
        return {name: denied if refused else Credential("user", name) for name in names}

    asked: list[list[str]] = []
    host._ask = ask  # type: ignore[method-assign]
    host.start(*(f"{n}.example {PARAMETER} /{n}" for n in ("a", "b", "denied")))
    assert set(host.auths()) == {"a.example", "b.example"}
    assert asked == [["/a", "/b", "/denied"], ["/a"], ["/b"], ["/denied"]]
    assert host.journal == ["<4>denied.example: parameter eu-west-1 /denied: failed: AccessDenied"]
    host.advance(10 * MINUTE)
    assert ["/a", "/b"] in asked  # in one call again, and never with the third
    assert [names for names in asked[1:] if len(names) > 1 and "/denied" in names] == []


def test_an_aws_cli_without_batch_get_secret_value(host: DrivenService) -> None:
    """As on Debian 12: batch-get-secret-value came with version 2.14."""

    def ask(question: object) -> dict[str, Answer]:
        names = question.names  # type: ignore[attr-defined]
        asked.append(len(names))
        if len(names) > 1:
            return dict.fromkeys(names, Failure(NO_BATCHES, alone=True))
        return {name: Credential("user", name) for name in names}

    asked: list[int] = []
    host._ask = ask  # type: ignore[method-assign]
    host.start(*(f"s{n}.example {SECRET}s{n}" for n in range(3)))
    assert len(host.auths()) == 3
    host.advance(10 * MINUTE)
    assert asked[0] == 3
    assert set(asked[1:]) == {1}
    assert host.journal == []


def test_the_credential_of_a_removed_registry_is_dropped_immediately(host: DrivenService) -> None:
    host.start(TEAM, LEGACY)
    host.declare(TEAM)
    host.turn()
    assert set(host.auths()) == {ECR}
    assert "legacy" not in host.file("state.json").read_text()


def test_only_the_credential_of_a_new_registry_is_requested(host: DrivenService) -> None:
    host.start(TEAM)
    host.forget()
    host.declare(TEAM, LEGACY)
    host.turn()
    assert set(host.auths()) == {ECR, REGISTRY}
    assert host.questions() == ["parameter eu-west-1: /legacy"]


@pytest.mark.parametrize(("fails", "kept"), [(False, "user:/new first"), (True, None)])
def test_the_credential_of_the_previous_source_is_used_until_the_new_one_answers(
    host: DrivenService, fails: bool, kept: str | None
) -> None:
    host.start(LEGACY)
    host.failing = {"/new": "there is no such parameter"} if fails else {}
    host.declare(LEGACY.replace("/legacy", "/new"))
    host.service._look_at_list()
    host.service._write("config.json", host.service.credentials.config())
    assert host.auths() == {REGISTRY: "user:/legacy first"}
    host.turn()
    assert host.auths().get(REGISTRY) == kept


def test_the_credential_of_the_previous_source_is_not_used_after_a_restart(
    host: DrivenService,
) -> None:
    host.start(LEGACY)
    host.declare(LEGACY.replace("/legacy", "/new"))
    host.service._look_at_list()
    for name, text in (
        ("config.json", host.service.credentials.config()),
        ("state.json", host.service.credentials.state(host.service._boot)),
    ):
        host.service._write(name, text)
    host.forget()
    host.failing["/new"] = "there is no such parameter"
    host.start()
    assert host.questions() == ["parameter eu-west-1: /new"]
    assert host.auths() == {}


def test_an_answer_to_an_outdated_question_is_ignored(host: DrivenService) -> None:
    host.start(LEGACY)
    host.advance(MINUTE)
    question = host.asked[-1][1]
    host.declare(LEGACY.replace("/legacy", "/new"))
    host.turn()
    host.service.credentials.answered(question, {"/legacy": Credential("user", "old")}, host.now, host.now)
    assert host.service.credentials.entries[REGISTRY].credential == Credential("user", "/new first")


def test_a_restarted_service_continues_from_its_state(host: DrivenService) -> None:
    host.start(TEAM, LEGACY)
    host.advance(30)
    host.forget()
    host.start()
    assert host.asked == []
    assert set(host.auths()) == {ECR, REGISTRY}
    host.advance(20)
    assert host.questions() == ["parameter eu-west-1: /legacy"]


def test_an_old_credential_is_requested_at_the_start_and_used_meanwhile(host: DrivenService) -> None:
    host.start(LEGACY)
    host.now += 11 * HOUR
    host.failing["parameter"] = "gave no answer in 20 seconds"
    host.start()
    assert host.auths() == {REGISTRY: "user:/legacy first"}
    host.advance(HOUR, step=MINUTE)
    assert host.auths() == {}


def test_credentials_of_another_boot_are_not_used(host: DrivenService) -> None:
    host.start(LEGACY)
    state = json.loads(host.file("state.json").read_text())
    host.file("state.json").write_text(json.dumps({**state, "boot": "another"}))
    host.failing["parameter"] = "gave no answer in 20 seconds"
    host.start()
    assert host.auths() == {}


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "\x00", "{}", '{"boot": "BOOT", "registries": {"registry.example.com:5000": 7}}'],
)
def test_a_damaged_state_causes_only_a_question(host: DrivenService, damage: str) -> None:
    host.start(LEGACY)
    host.forget()
    boot = json.loads(host.file("state.json").read_text())["boot"]
    host.file("state.json").write_text(damage.replace("BOOT", boot))
    seen: list[set[str]] = []
    answer = host.answer
    host.answer = lambda name: (seen.append(set(host.auths())), answer(name))[1]
    host.start()
    assert host.questions() == ["parameter eu-west-1: /legacy"]
    assert seen == [{REGISTRY}]  # the existing credential was used during the question


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"auths": 7}', '{"auths": {"registry.example.com:5000": 7}}']
)
def test_a_damaged_configuration_is_rewritten(host: DrivenService, damage: str) -> None:
    host.start(LEGACY)
    host.file("config.json").write_text(damage)
    host.start()
    assert set(host.auths()) == {REGISTRY}


def test_the_state_of_another_boot_is_not_used(host: DrivenService) -> None:
    host.start(LEGACY)
    host.now = START - 500
    host.forget()
    host.start()
    assert len(host.asked) == 1


def test_the_state_has_the_age_end_and_last_failure_of_each_credential(host: DrivenService) -> None:
    host.start(LEGACY)
    host.failing["parameter"] = "gave no answer in 20 seconds"
    host.advance(50)
    known = host.state(REGISTRY)
    assert known["source"] == "parameter eu-west-1 /legacy"
    assert (known["answered"], known["ends"]) == (START, START + 12 * HOUR)
    assert (known["failing_since"], known["reason"]) == (START + 45, "gave no answer in 20 seconds")
    assert "first" not in host.file("state.json").read_text()
