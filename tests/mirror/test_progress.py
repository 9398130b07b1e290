"""Long copies report their progress, at most once per interval."""

from pulumi_gitlab_runner.mirror.progress import INTERVAL_S, Progress


def test_a_line_for_each_interval_that_has_passed() -> None:
    reported: list[str] = []
    now = 100.0
    progress = Progress("host/app:1", reported.append, lambda: now)
    for seconds in range(12):
        now = 100.0 + seconds * INTERVAL_S / 5
        progress(seconds * 1_000_000, 12_000_000)
    assert reported == ["host/app:1: 5 of 12 MB", "host/app:1: 10 of 12 MB"]


def test_a_short_copy_reports_nothing() -> None:
    reported: list[str] = []
    progress = Progress("host/app:1", reported.append, lambda: 100.0)
    progress(12_000_000, 12_000_000)
    assert reported == []
