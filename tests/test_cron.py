"""Which cron expressions are taken, on both sides of each limit."""

import pytest
from pulumi_gitlab_runner.cron import is_image_builder_cron, is_unix_cron

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
def test_unix_takes(expression: str) -> None:
    assert is_unix_cron(expression)


@pytest.mark.parametrize("expression", NOT_UNIX)
def test_unix_refuses(expression: str) -> None:
    assert not is_unix_cron(expression)


@pytest.mark.parametrize("expression", IMAGE_BUILDER)
def test_image_builder_takes(expression: str) -> None:
    assert is_image_builder_cron(expression)


@pytest.mark.parametrize("expression", NOT_IMAGE_BUILDER)
def test_image_builder_refuses(expression: str) -> None:
    assert not is_image_builder_cron(expression)
