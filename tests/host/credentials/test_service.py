"""The service with its threads, its list and its files."""

import json
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.files import Files
from pulumi_gitlab_runner.host.credentials.service import AT_ONCE, BUSY_S, Service

from tests.host.credentials.driven import HOUR, MINUTE, PARAMETER, START, Driven, Gate

LEGACY = f"registry.example.com:5000 {PARAMETER} /legacy"


@pytest.fixture
def host(tmp_path: Path) -> Driven:
    return Driven(tmp_path)


def test_those_that_hang_keep_nobody_waiting(tmp_path: Path) -> None:
    """However many: at the start, when nothing is known of any."""
    hanging = [f"h{n}.example helper /bin/hanging-{n}" for n in range(3 * AT_ONCE)]
    (tmp_path / "registries").write_text("\n".join([*(f"hanging-{line}" for line in hanging), LEGACY]))
    gate, now = Gate(), [START]
    service = Service(tmp_path / "registries", Files(tmp_path / "run"), lambda *_: None, gate, lambda: now[0])
    try:
        for _ in range(4):
            service.turn()
            now[0] += BUSY_S
        while service.credentials.entries["registry.example.com:5000"].asking:
            service.turn(wait=5)
        assert service.credentials.entries["registry.example.com:5000"].credential
    finally:
        gate.open()


def test_not_all_are_asked_in_the_same_moment(tmp_path: Path) -> None:
    lines = [f"hanging-{n}.example helper /bin/{n}" for n in range(3 * AT_ONCE)]
    (tmp_path / "registries").write_text("\n".join(lines))
    gate = Gate()
    service = Service(tmp_path / "registries", Files(tmp_path / "run"), lambda *_: None, gate, lambda: START)
    try:
        service.turn()
        assert sum(entry.asking for entry in service.credentials.entries.values()) == AT_ONCE
    finally:
        gate.open()


def test_the_start_waits_a_bounded_time_for_one_that_hangs(tmp_path: Path) -> None:
    (tmp_path / "registries").write_text(f"hanging.example helper /bin/hanging\n{LEGACY}\n")
    said: list[str] = []
    gate = Gate()
    service = Service(
        tmp_path / "registries", Files(tmp_path / "run"), lambda _, text: said.append(text), gate
    )
    try:
        assert not service.once(wait=0.3)
    finally:
        gate.open()
    assert said == ["1 of 2 registries have their credentials; not yet: hanging.example"]
    assert list(json.loads((tmp_path / "run/config.json").read_text())["auths"]) == [
        "registry.example.com:5000"
    ]


def test_the_start_waits_for_all_that_answer(tmp_path: Path) -> None:
    (tmp_path / "registries").write_text(LEGACY)
    service = Service(tmp_path / "registries", Files(tmp_path / "run"), lambda *_: None, Gate())
    assert service.once(wait=30)


def test_an_answer_that_comes_late_is_taken(host: Driven) -> None:
    host.start(LEGACY)
    host.passes(MINUTE)
    question = host.asked[-1][1]
    asked = host.now
    host.now += 15
    host.service.credentials.answered(question, {"/legacy": host.answer("late")}, asked, host.now)
    assert host.service.credentials.entries["registry.example.com:5000"].answered == asked


def test_a_source_whose_asking_goes_wrong_is_asked_again(host: Driven) -> None:
    def broken(_question: object) -> dict[str, object]:
        raise MemoryError

    working = host._ask
    host._ask = broken  # type: ignore[method-assign, assignment]
    host.start(LEGACY)
    assert host.said == ["<4>registry.example.com:5000: parameter eu-west-1 /legacy: failed: MemoryError"]
    host.service._ask = working
    host.passes(10)
    assert set(host.auths()) == {"registry.example.com:5000"}


def test_a_list_that_is_missing_changes_nothing_and_is_said_once(host: Driven) -> None:
    host.start(LEGACY)
    (host.file("..") / "registries").unlink()
    host.passes(10 * MINUTE)
    assert set(host.auths()) == {"registry.example.com:5000"}
    assert len(host.said) == 1
    host.declare(LEGACY)
    host.turn()
    assert [text.rpartition(": ")[2] for text in host.said[1:]] == ["is good again"]


@pytest.mark.parametrize(
    "line",
    ["", "#", "# a b c", "registry.example", "registry.example helper", "registry.example parameter", "a b"],
)
def test_a_line_that_is_none_is_passed_over(host: Driven, line: str) -> None:
    host.start(line, LEGACY)
    assert set(host.auths()) == {"registry.example.com:5000"}


@pytest.mark.parametrize("damage", ["{}", "", None])
def test_a_configuration_that_somebody_changed_is_put_right(host: Driven, damage: str | None) -> None:
    host.start(LEGACY)
    if damage is None:
        host.file("config.json").unlink()
    else:
        host.file("config.json").write_text(damage)
    host.turn()
    assert set(host.auths()) == {"registry.example.com:5000"}


def test_memory_that_is_full_is_said_once_and_tried_again(
    host: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.start(LEGACY)
    host.declare(LEGACY, LEGACY.replace("registry", "another"))
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr("tempfile.mkstemp", full)
        host.passes(HOUR, step=MINUTE)
        assert set(host.auths()) == {"registry.example.com:5000"}
        assert sorted(host.said) == [
            f"<4>{name}: No space left on device; what was there before stays"
            for name in ("config.json", "state.json")
        ]
    host.turn()
    assert set(host.auths()) == {"registry.example.com:5000", "another.example.com:5000"}


def test_no_setting_of_the_clock_is_noticed(host: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The times are those since the boot."""
    host.start(LEGACY)
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    host.forget()
    host.passes(MINUTE)
    assert len(host.asked) == 1
    host.start()
    assert len(host.asked) == 1
