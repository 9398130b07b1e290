"""The documentation's site: it builds, all links resolve, and the reference is complete."""

import subprocess
from pathlib import Path

import pytest
from pulumi_gitlab_runner.package.provider import analyzed_schema
from pulumi_gitlab_runner.spec.json_schema import stack_file_schema

from documentation import commands, overview, site
from tests.docs.documents import CHECKOUT

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the built site."""
    directory = tmp_path_factory.mktemp("site")
    made = subprocess.run(
        site.command(directory),
        cwd=CHECKOUT,
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return directory


def test_every_component_and_every_key_is_in_the_reference(built: Path) -> None:
    components = (built / "reference/components.html").read_text()
    for token in analyzed_schema()["resources"]:
        assert f'id="{token.rpartition(":")[2].lower()}"' in components
    pages = (built / "reference/declaration.html").read_text() + (
        built / "reference/config-toml.html"
    ).read_text()
    for name, table in stack_file_schema()["$defs"].items():
        assert f'id="{name.lower()}"' in pages
        for key in table["properties"]:
            assert f"<code>{key}</code>" in pages, f"{name}.{key}"


def test_every_command_and_every_option_is_in_the_reference(built: Path) -> None:
    page = (built / "reference/commands.html").read_text()
    for make in commands.COMMANDS:
        for parser in (make(), *commands.subcommands(make()).values()):
            assert f'id="{parser.prog.replace(" ", "-")}"' in page
            options = {each for action in parser._actions for each in action.option_strings if action.help}
            for option in options - {"-h", "--help", "--stacks-dir"}:
                assert f"<code>{option}" in page, f"{parser.prog} {option}"
    assert "PULUMI_GITLAB_RUNNER_OFFLINE" in page


def test_pages_fetch_nothing_from_other_hosts(built: Path) -> None:
    for page in built.rglob("*.html"):
        text = page.read_text()
        assert 'src="http' not in text, page
        assert 'rel="stylesheet" href="http' not in text, page


def test_the_stored_pictures_are_up_to_date() -> None:
    for name, colours in overview.COLOURS.items():
        drawn = (overview.ASSETS / f"overview-{name}.svg").read_text()
        assert drawn == overview.picture(colours), "python -m documentation.overview draws them again"
