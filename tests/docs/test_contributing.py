"""CONTRIBUTING's table of changes: each names few files, and these exist."""

import re

import pytest

from sandbox.paths import CHECKOUT

LIBRARY = CHECKOUT / "components/pulumi_gitlab_runner"
PLACEHOLDER = re.compile(r"[A-Z]{3,}")
CHANGES = dict(
    re.findall(r"^\| (an? [^|]+) \| ([^|]+) \|$", (CHECKOUT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
)


def test_the_table_has_ten_changes() -> None:
    assert len(CHANGES) == 10


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_names_at_most_five_files_which_exist(change: str) -> None:
    files = [
        each for each in re.findall(r"`([^`]+)`", CHANGES[change]) if "." in each and each != "config.toml"
    ]
    assert 0 < len(files) <= 5
    missing = [
        each
        for each in files
        if not (CHECKOUT / each).is_file()
        and not (LIBRARY / each).is_file()
        and not PLACEHOLDER.search(each.rpartition("/")[2])
    ]
    assert missing == []
