"""Periods and time zones, as the runner's documentation defines them."""

import pytest
from pulumi_gitlab_runner.config.forms import EXTENDED_PERIOD, PERIOD, TIME_ZONE


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "* 8-15 * * mon-fri",
        "* 8-15 * * MON-FRI",
        "0-30 13,16 * * SUN",
        "*/5 0-12/2 1-31 1-12 0-7",
        "59 23 31 12 7",
        "0 0 1 1 0",
        "1,2,6-9 * * * sat,sun",
    ],
)
def test_a_valid_period_is_accepted(text: str) -> None:
    assert PERIOD.accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * jan *",
        "* * * * 8",
        "* * * * funday",
        "mon * * * *",
        "* 8-25 * * *",
        "* 8- * * *",
        "* */0 * * *",
        "* 8, * * *",
        "@daily",
    ],
)
def test_an_invalid_period_is_refused(text: str) -> None:
    assert not PERIOD.accepts(text)


@pytest.mark.parametrize("text", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_valid_time_zone_is_accepted(text: str) -> None:
    assert TIME_ZONE.accepts(text)


@pytest.mark.parametrize("text", ["", "berlin", "CEST", "Europe/", "Europe/Ber lin", "+01:00"])
def test_an_invalid_time_zone_is_refused(text: str) -> None:
    assert not TIME_ZONE.accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "* * * * *",
            "* 8-17 * * mon-fri",
            "0 0 * * ? 2026",
            "* * 10-17 * jan-mar * *",
            "30 * * * * * 2026-2030",
        ),
        *("* * L * *", "* * LW,15W * *", "* * * * 5L", "* * * * fri#2", "* * * january monday", "@daily"),
    ],
)
def test_a_valid_period_of_queuing_is_accepted(text: str) -> None:
    assert EXTENDED_PERIOD.accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "not cron", "* * * *", "* * * * * * * *", "60 * * * * * *", "* * * * * 1969", "* * * * * 2100"),
        *("* * 32W * *", "* * * * 8", "* * * * fri#6", "* * * janvier *", "@reboot", "*/0 * * * *"),
    ],
)
def test_an_invalid_period_of_queuing_is_refused(text: str) -> None:
    assert not EXTENDED_PERIOD.accepts(text)
