"""When the credentials of a host are asked for, renewed and dropped: by a driven clock."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.questions import NO_BATCHES, Answer, Credential, Failure
from pulumi_gitlab_runner.host.credentials.table import LONGEST_PAUSE_S

from tests.host.credentials.driven import ECR, ECR_HELPER, HOUR, MINUTE, PARAMETER, SECRET, START, Driven

LEGACY = f"registry.example.com:5000 {PARAMETER} /legacy"
TEAM = f"{ECR} helper {ECR_HELPER}"
REGISTRY = "registry.example.com:5000"


@pytest.fixture
def host(tmp_path: Path) -> Driven:
    return Driven(tmp_path)


def test_every_registry_is_asked_for_at_the_start(host: Driven) -> None:
    host.start(TEAM, LEGACY, f"partner.example {SECRET}partner")
    assert host.auths() == {
        ECR: f"user:{ECR} first",
        REGISTRY: "user:/legacy first",
        "partner.example": f"user:{SECRET.split()[2]}partner first",
    }
    assert host.said == []


def test_a_store_is_asked_for_many_at_once(host: Driven) -> None:
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


def test_registries_that_share_a_source_share_its_answer(host: Driven) -> None:
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
def test_a_changed_password_is_there_within_a_minute(host: Driven, line: str, name: str) -> None:
    host.start(line)
    host.answer = lambda _: Credential("user", "rotated")
    host.passes(44, step=1)
    assert set(host.auths().values()) == {f"user:{name} first"}
    host.passes(2, step=1)
    assert set(host.auths().values()) == {"user:rotated"}


def test_a_token_of_ecr_is_renewed_every_hour(host: Driven) -> None:
    host.start(TEAM)
    host.passes(24 * HOUR, step=MINUTE)
    assert [when - START for when, _ in host.asked] == [n * HOUR for n in range(25)]


def test_ten_passwords_stay_one_call(host: Driven) -> None:
    """Also when one of them was asked for later, by itself."""
    host.start(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(9)))
    host.passes(10)
    host.declare(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(10)))
    host.passes(10 * MINUTE)
    host.forget()
    host.passes(10 * MINUTE)
    assert {len(each.names) for _, each in host.asked} == {10}
    assert 12 <= len(host.asked) <= 14


def test_a_store_that_is_away_for_hours(host: Driven) -> None:
    host.start(LEGACY, TEAM)
    host.away["parameter"] = "gave no answer in 20 seconds"
    host.passes(MINUTE)
    host.forget()
    host.passes(11 * HOUR, step=MINUTE)
    # The last good answer serves, it is asked for with pauses, and said once; the others are renewed.
    assert set(host.auths()) == {ECR, REGISTRY}
    asked = [when for when, each in host.asked if each.kind == "parameter"]
    assert max(b - a for a, b in pairwise(asked)) == LONGEST_PAUSE_S
    assert len(asked) < 11 * 13
    assert host.said == []
    host.passes(HOUR, step=MINUTE)
    assert set(host.auths()) == {ECR}
    (ended,) = host.said
    assert ended == (
        f"<4>{REGISTRY}: its credential has ended, and parameter eu-west-1 /legacy: gave no answer in "
        "20 seconds"
    )
    host.passes(HOUR, step=MINUTE)
    assert host.said == [ended]
    host.away.clear()
    host.passes(6 * MINUTE)
    assert set(host.auths()) == {ECR, REGISTRY}
    assert host.said == [ended, f"<5>{REGISTRY}: parameter eu-west-1 /legacy: answers again"]


def test_the_pause_grows_and_is_short_again_after_an_answer(host: Driven) -> None:
    host.away["parameter"] = "failed with exit status 1"
    host.start(LEGACY)
    host.passes(20 * MINUTE, step=1)
    times = [when - START for when, _ in host.asked]
    assert times[:7] == [0, 5, 15, 35, 75, 155, 315]
    assert {b - a for a, b in pairwise(times[6:])} == {300}
    host.away.clear()
    host.passes(LONGEST_PAUSE_S)
    host.away["parameter"] = "failed with exit status 1"
    host.passes(MINUTE, step=1)
    host.forget()
    host.passes(15, step=1)
    assert len(host.asked) == 1


def test_a_failure_is_said_once_for_all_that_it_hits(host: Driven) -> None:
    host.away["parameter"] = "gave no answer in 20 seconds"
    host.start(*(f"p{n}.example {PARAMETER} /p{n}" for n in range(3)))
    host.passes(HOUR, step=MINUTE)
    assert host.said == [
        "<4>p0.example, p1.example, p2.example: parameter eu-west-1: gave no answer in 20 seconds"
    ]


def test_a_broken_source_costs_its_own_registries_alone(host: Driven) -> None:
    host.away = {"/broken": "there is no such parameter", "helper": "cannot be run: is it installed?"}
    host.start(LEGACY, TEAM, f"broken.example {PARAMETER} /broken", f"partner.example {SECRET}partner")
    assert set(host.auths()) == {REGISTRY, "partner.example"}
    assert host.state("broken.example")["reason"] == "there is no such parameter"


def test_a_name_that_spoils_the_answer_for_others_is_asked_for_alone(host: Driven) -> None:
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
    assert host.said == ["<4>denied.example: parameter eu-west-1 /denied: failed: AccessDenied"]
    host.passes(10 * MINUTE)
    assert ["/a", "/b"] in asked  # together again, and never with the third
    assert [names for names in asked[1:] if len(names) > 1 and "/denied" in names] == []


def test_a_command_line_without_the_call_for_many_secrets(host: Driven) -> None:
    """Debian 12's: batch-get-secret-value came with version 2.14."""

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
    host.passes(10 * MINUTE)
    assert asked[0] == 3
    assert set(asked[1:]) == {1}
    assert host.said == []


def test_a_removed_registry_is_gone_at_once(host: Driven) -> None:
    host.start(TEAM, LEGACY)
    host.declare(TEAM)
    host.turn()
    assert set(host.auths()) == {ECR}
    assert "legacy" not in host.file("state.json").read_text()


def test_a_new_registry_is_asked_for_at_once_and_nothing_else(host: Driven) -> None:
    host.start(TEAM)
    host.forget()
    host.declare(TEAM, LEGACY)
    host.turn()
    assert set(host.auths()) == {ECR, REGISTRY}
    assert host.questions() == ["parameter eu-west-1: /legacy"]


@pytest.mark.parametrize(("fails", "kept"), [(False, "user:/new first"), (True, None)])
def test_the_credential_of_a_changed_source_serves_until_the_new_one_has_answered(
    host: Driven, fails: bool, kept: str | None
) -> None:
    host.start(LEGACY)
    host.away = {"/new": "there is no such parameter"} if fails else {}
    host.declare(LEGACY.replace("/legacy", "/new"))
    host.service._look_at_list()
    host.service._write("config.json", host.service.credentials.config())
    assert host.auths() == {REGISTRY: "user:/legacy first"}
    host.turn()
    assert host.auths().get(REGISTRY) == kept


def test_the_credential_of_a_changed_source_is_not_taken_for_the_new_ones_after_a_restart(
    host: Driven,
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
    host.away["/new"] = "there is no such parameter"
    host.start()
    assert host.questions() == ["parameter eu-west-1: /new"]
    assert host.auths() == {}


def test_an_answer_to_a_question_of_before_is_not_taken(host: Driven) -> None:
    host.start(LEGACY)
    host.passes(MINUTE)
    question = host.asked[-1][1]
    host.declare(LEGACY.replace("/legacy", "/new"))
    host.turn()
    host.service.credentials.answered(question, {"/legacy": Credential("user", "old")}, host.now, host.now)
    assert host.service.credentials.entries[REGISTRY].credential == Credential("user", "/new first")


def test_a_service_that_starts_again_goes_on_where_it_ended(host: Driven) -> None:
    host.start(TEAM, LEGACY)
    host.passes(30)
    host.forget()
    host.start()
    assert host.asked == []
    assert set(host.auths()) == {ECR, REGISTRY}
    host.passes(20)
    assert host.questions() == ["parameter eu-west-1: /legacy"]


def test_what_was_renewed_long_ago_is_asked_for_at_the_start_and_serves_meanwhile(host: Driven) -> None:
    host.start(LEGACY)
    host.now += 11 * HOUR
    host.away["parameter"] = "gave no answer in 20 seconds"
    host.start()
    assert host.auths() == {REGISTRY: "user:/legacy first"}
    host.passes(HOUR, step=MINUTE)
    assert host.auths() == {}


def test_credentials_of_another_boot_are_not_taken(host: Driven) -> None:
    host.start(LEGACY)
    state = json.loads(host.file("state.json").read_text())
    host.file("state.json").write_text(json.dumps({**state, "boot": "another"}))
    host.away["parameter"] = "gave no answer in 20 seconds"
    host.start()
    assert host.auths() == {}


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "\x00", "{}", '{"boot": "BOOT", "registries": {"registry.example.com:5000": 7}}'],
)
def test_a_damaged_state_costs_a_question_and_nothing_else(host: Driven, damage: str) -> None:
    host.start(LEGACY)
    host.forget()
    boot = json.loads(host.file("state.json").read_text())["boot"]
    host.file("state.json").write_text(damage.replace("BOOT", boot))
    seen: list[set[str]] = []
    answer = host.answer
    host.answer = lambda name: (seen.append(set(host.auths())), answer(name))[1]
    host.start()
    assert host.questions() == ["parameter eu-west-1: /legacy"]
    assert seen == [{REGISTRY}]  # what was there served while it was asked for


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"auths": 7}', '{"auths": {"registry.example.com:5000": 7}}']
)
def test_a_damaged_configuration_is_written_anew(host: Driven, damage: str) -> None:
    host.start(LEGACY)
    host.file("config.json").write_text(damage)
    host.start()
    assert set(host.auths()) == {REGISTRY}


def test_the_state_of_another_boot_is_not_taken(host: Driven) -> None:
    host.start(LEGACY)
    host.now = START - 500
    host.forget()
    host.start()
    assert len(host.asked) == 1


def test_age_end_and_last_failure_of_each_credential(host: Driven) -> None:
    host.start(LEGACY)
    host.away["parameter"] = "gave no answer in 20 seconds"
    host.passes(50)
    known = host.state(REGISTRY)
    assert known["source"] == "parameter eu-west-1 /legacy"
    assert (known["answered"], known["ends"]) == (START, START + 12 * HOUR)
    assert (known["failing_since"], known["reason"]) == (START + 45, "gave no answer in 20 seconds")
    assert "first" not in host.file("state.json").read_text()
