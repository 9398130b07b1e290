"""The files of a host are part of the package that users install."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

COMPONENTS = Path(__file__).parents[2] / "components"


def test_every_file_that_is_not_a_module_is_package_data() -> None:
    patterns = tomllib.loads((COMPONENTS / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]["*"]
    package = COMPONENTS / "pulumi_gitlab_runner"
    others = {
        path.name
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert "gitlab-runner-apply.timer" in others
    assert {name for name in others if not any(fnmatch(name, pattern) for pattern in patterns)} == set()
