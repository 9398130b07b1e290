"""The service with its threads, its list and its files."""

import json
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.files import Files
from pulumi_gitlab_runner.host.credentials.service import AT_ONCE, BUSY_S, Service

from tests.host.credentials.driven import HOUR, MINUTE, PARAMETER, START, DrivenService, Gate

LEGACY = f"registry.example.com:5000 {PARAMETER} /legacy"


@pytest.fixture
def host(tmp_path: Path) -> DrivenService:
    return DrivenService(tmp_path)


def test_hanging_sources_do_not_delay_others(tmp_path: Path) -> None:
    """For any number of them: at the start, when nothing is known of any source."""
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


def test_the_number_of_simultaneous_questions_is_limited(tmp_path: Path) -> None:
    lines = [f"hanging-{n}.example helper /bin/{n}" for n in range(3 * AT_ONCE)]
    (tmp_path / "registries").write_text("\n".join(lines))
    gate = Gate()
    service = Service(tmp_path / "registries", Files(tmp_path / "run"), lambda *_: None, gate, lambda: START)
    try:
        service.turn()
        assert sum(entry.asking for entry in service.credentials.entries.values()) == AT_ONCE
    finally:
        gate.open()


def test_the_start_waits_a_limited_time_for_a_hanging_source(tmp_path: Path) -> None:
    (tmp_path / "registries").write_text(f"hanging.example helper /bin/hanging\n{LEGACY}\n")
    journal: list[str] = []
    gate = Gate()
    service = Service(
        tmp_path / "registries", Files(tmp_path / "run"), lambda _, text: journal.append(text), gate
    )
    try:
        assert not service.once(wait=0.3)
    finally:
        gate.open()
    assert journal == ["1 of 2 registries have their credentials; not yet: hanging.example"]
    assert list(json.loads((tmp_path / "run/config.json").read_text())["auths"]) == [
        "registry.example.com:5000"
    ]


def test_the_start_waits_for_all_sources_that_answer(tmp_path: Path) -> None:
    (tmp_path / "registries").write_text(LEGACY)
    service = Service(tmp_path / "registries", Files(tmp_path / "run"), lambda *_: None, Gate())
    assert service.once(wait=30)


def test_a_late_answer_is_used(host: DrivenService) -> None:
    host.start(LEGACY)
    host.advance(MINUTE)
    question = host.asked[-1][1]
    asked = host.now
    host.now += 15
    host.service.credentials.answered(question, {"/legacy": host.answer("late")}, asked, host.now)
    assert host.service.credentials.entries["registry.example.com:5000"].answered == asked


def test_a_question_that_raises_an_error_is_retried(host: DrivenService) -> None:
    def broken(_question: object) -> dict[str, object]:
        raise MemoryError

    working = host._ask
    host._ask = broken  # type: ignore[method-assign, assignment]
    host.start(LEGACY)
    assert host.journal == ["<4>registry.example.com:5000: parameter eu-west-1 /legacy: failed: MemoryError"]
    host.service._ask = working
    host.advance(10)
    assert set(host.auths()) == {"registry.example.com:5000"}


def test_a_missing_list_changes_nothing_and_is_logged_once(host: DrivenService) -> None:
    host.start(LEGACY)
    (host.file("..") / "registries").unlink()
    host.advance(10 * MINUTE)
    assert set(host.auths()) == {"registry.example.com:5000"}
    assert len(host.journal) == 1
    host.declare(LEGACY)
    host.turn()
    assert [text.rpartition(": ")[2] for text in host.journal[1:]] == ["is good again"]


@pytest.mark.parametrize(
    "line",
    ["", "#", "# a b c", "registry.example", "registry.example helper", "registry.example parameter", "a b"],
)
def test_an_invalid_line_is_ignored(host: DrivenService, line: str) -> None:
    host.start(line, LEGACY)
    assert set(host.auths()) == {"registry.example.com:5000"}


@pytest.mark.parametrize("damage", ["{}", "", None])
def test_a_changed_configuration_is_restored(host: DrivenService, damage: str | None) -> None:
    host.start(LEGACY)
    if damage is None:
        host.file("config.json").unlink()
    else:
        host.file("config.json").write_text(damage)
    host.turn()
    assert set(host.auths()) == {"registry.example.com:5000"}


def test_full_memory_is_logged_once_and_retried(host: DrivenService, monkeypatch: pytest.MonkeyPatch) -> None:
    host.start(LEGACY)
    host.declare(LEGACY, LEGACY.replace("registry", "another"))
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr("tempfile.mkstemp", full)
        host.advance(HOUR, step=MINUTE)
        assert set(host.auths()) == {"registry.example.com:5000"}
        assert sorted(host.journal) == [
            f"<4>{name}: No space left on device; what was there before stays"
            for name in ("config.json", "state.json")
        ]
    host.turn()
    assert set(host.auths()) == {"registry.example.com:5000", "another.example.com:5000"}


def test_a_change_of_the_clock_has_no_effect(host: DrivenService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are counted from the boot."""
    host.start(LEGACY)
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    host.forget()
    host.advance(MINUTE)
    assert len(host.asked) == 1
    host.start()
    assert len(host.asked) == 1
