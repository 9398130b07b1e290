"""Which cron expressions are accepted, on both sides of each limit."""

import pytest
from pulumi_gitlab_runner.cron import is_extended_cron, is_image_builder_cron, is_unix_cron

UNIX = ["* * * * *", "* 8-17 * * mon-fri", "0,30 0-23/2 1,15 1-12 0-7", "59 23 31 12 7", "*/5 * * * SUN"]
NOT_UNIX = [
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 0 *",
    "* * * 13 *",
    "* * * * 8",
    "*/0 * * * *",
    "* * * jan *",
    "* * * * monday",
    "1- * * * *",
    "@daily",
    f"{'9' * 5000} * * * *",
    f"*/{'9' * 5000} * * * *",
]
EXTENDED = [
    "* * * * *",
    "30 4 ? * Monday",
    "0 0 1 January *",
    "@daily",
    "0 8 L,15W * 5L",
    "0 0 * * mon#1 2026",
]
NOT_EXTENDED = ["", "* * * *", "* * * * * * * *", "@reboot", "0 0 32W * *", "0 0 * * mon#6", "0 0 * * * 26"]
IMAGE_BUILDER = [
    "0 4 ? * mon *",
    "59 23 ? * MON-FRI *",
    "0 0 31 12 ? 2199",
    "0/15 * ? * 1-7 1970",
    "0 8 ? * 2#5 *",
    "0 8 ? * fri#1 *",
    "0 8 L * ? *",
    "0 8 LW * ? *",
    "0 8 31W * ? 2026-2030",
    "0 8 ? * 6L *",
    "0 8 ? * L *",
    "*/15 4 ? jan-mar mon,wed *",
]
NOT_IMAGE_BUILDER = [
    f"{'9' * 5000} 4 ? * mon *",
    "0 4 * * mon",
    "0  4 ? * mon *",
    "60 4 ? * mon *",
    "0 24 ? * mon *",
    "0 4 0 * ? *",
    "0 4 32 * ? *",
    "0 4 32W * ? *",
    "0 4 ? 0 mon *",
    "0 4 ? 13 mon *",
    "0 4 ? * 0 *",
    "0 4 ? * 8 *",
    "0 4 ? * 2#6 *",
    "0 4 ? * mon 1969",
    "0 4 ? * mon 2200",
    "0 4 * * * *",
    "0 4 ? * ? *",
    "a 4 ? * mon *",
    "0/0 4 ? * mon *",
]


@pytest.mark.parametrize("expression", UNIX)
def test_unix_accepts(expression: str) -> None:
    assert is_unix_cron(expression)


@pytest.mark.parametrize("expression", NOT_UNIX)
def test_unix_refuses(expression: str) -> None:
    assert not is_unix_cron(expression)


@pytest.mark.parametrize("expression", EXTENDED)
def test_extended_accepts(expression: str) -> None:
    assert is_extended_cron(expression)


@pytest.mark.parametrize("expression", NOT_EXTENDED)
def test_extended_refuses(expression: str) -> None:
    assert not is_extended_cron(expression)


@pytest.mark.parametrize("expression", IMAGE_BUILDER)
def test_image_builder_accepts(expression: str) -> None:
    assert is_image_builder_cron(expression)


@pytest.mark.parametrize("expression", NOT_IMAGE_BUILDER)
def test_image_builder_refuses(expression: str) -> None:
    assert not is_image_builder_cron(expression)


DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def test_every_name_of_a_day_and_a_month_is_known() -> None:
    assert [day for day in DAYS if not is_unix_cron(f"* * * * {day}")] == []
    for form in ("{}", "{}l", "{}#1", "{}#5"):
        of_days = [f"0 4 ? * {form.format(day)} *" for day in DAYS]
        assert [each for each in of_days if not is_image_builder_cron(each)] == []
    assert [month for month in MONTHS if not is_image_builder_cron(f"0 4 ? {month} mon *")] == []


@pytest.mark.parametrize(
    ("position", "first", "last"), [(0, 0, 59), (1, 0, 23), (2, 1, 31), (3, 1, 12), (4, 0, 7)]
)
def test_each_field_of_unix_has_its_range(position: int, first: int, last: int) -> None:
    fields = ["*"] * 5

    def accepted(number: int) -> bool:
        return is_unix_cron(" ".join([*fields[:position], str(number), *fields[position + 1 :]]))

    assert [number for number in range(100) if accepted(number)] == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("form", "first", "last"),
    [
        ("{} 4 ? * mon *", 0, 59),
        ("0 {} ? * mon *", 0, 23),
        ("0 4 {} * ? *", 1, 31),
        ("0 4 {}w * ? *", 1, 31),
        ("0 4 ? {} mon *", 1, 12),
        ("0 4 ? * {} *", 1, 7),
        ("0 4 ? * {}l *", 1, 7),
        ("0 4 ? * {}#1 *", 1, 7),
        ("0 4 ? * 1#{} *", 1, 5),
        ("0 4 ? * mon {}", 1970, 2199),
    ],
)
def test_each_field_of_image_builder_has_its_range(form: str, first: int, last: int) -> None:
    accepted = [number for number in range(2300) if is_image_builder_cron(form.format(number))]
    assert accepted == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("form", "first", "last"),
    [
        ("{} * * * * * *", 0, 59),
        ("{} * * * *", 0, 59),
        ("* {} * * *", 0, 23),
        ("* * {} * *", 1, 31),
        ("* * {}w * *", 1, 31),
        ("* * * {} *", 1, 12),
        ("* * * * {}", 0, 7),
        ("* * * * {}l", 0, 7),
        ("* * * * 1#{}", 1, 5),
        ("* * * * * {}", 1970, 2099),
        ("* * * * * * {}", 1970, 2099),
    ],
)
def test_each_extended_field_has_its_range(form: str, first: int, last: int) -> None:
    accepted = [number for number in range(2300) if is_extended_cron(form.format(number))]
    assert accepted == list(range(first, last + 1))


@pytest.mark.parametrize(("step", "accepted"), [(0, False), (1, True)])
def test_a_step_is_one_or_more(step: int, *, accepted: bool) -> None:
    assert is_unix_cron(f"*/{step} * * * *") is accepted
    assert is_image_builder_cron(f"*/{step} 4 ? * mon *") is accepted
