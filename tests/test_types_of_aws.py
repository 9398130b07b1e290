"""mypy reads only the types of the AWS SDK that the source uses: all of it would take most of its time."""

import re
import tomllib
from pathlib import Path

import pulumi_aws

from sandbox.paths import CHECKOUT

SDK = Path(pulumi_aws.__file__).parent
CHECKED = (
    "components/pulumi_gitlab_runner",
    "policy",
    "bench",
    "examples",
    "docs/programs",
    "tests/engine/programs",
)


def test_mypy_reads_the_types_of_everything_that_is_used() -> None:
    overrides = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = (each["module"] for each in overrides if each.get("follow_imports") == "normal")
    names = {name.split(".")[1] for name in read if re.match(r"pulumi_aws\.(get_|\w+\.\*)", name)}
    used = set()
    for folder in CHECKED:
        for file in (CHECKOUT / folder).rglob("*.py"):
            source = file.read_text()
            if "import pulumi_aws as aws" in source:
                used |= {name.removesuffix("_output") for name in re.findall(r"\baws\.([a-z]\w*)", source)}
    assert names == {name for name in used if (SDK / name).is_dir() or (SDK / f"{name}.py").is_file()}
