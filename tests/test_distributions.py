"""The published distributions: the library and the doctor, with one version everywhere."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.auth.job_snippet import STACK_COMPONENT
from pulumi_gitlab_runner.package.provider import analyzed_schema

CHECKOUT = Path(__file__).parents[1]
LIBRARY = "pulumi-gitlab-runner"
DOCTOR = "runner-doctor"
FOLDERS = {LIBRARY: "components", DOCTOR: "components/runner-doctor"}
LICENSE = (CHECKOUT / "LICENSE").read_bytes()
PLACEHOLDER = "HOST/GROUP/pulumi-gitlab-runner.git"
"""The repository's address in the documentation, until pyproject.toml names one."""

BUILD = """
import sys
from setuptools import build_meta
build_meta.build_wheel(sys.argv[1])
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels, built from the files of a clone."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "components"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((CHECKOUT / name).read_bytes())
    made = clone / "wheels"
    for folder in FOLDERS.values():
        built = subprocess.run(
            [sys.executable, "-c", BUILD, made], cwd=clone / folder, capture_output=True, text=True
        )
        assert built.returncode == 0, built.stderr
    return {name: next(made.glob(f"{name.replace('-', '_')}-*.whl")) for name in FOLDERS}


@pytest.mark.integration
def test_a_wheel_has_the_metadata_for_users_and_indexes(wheels: dict[str, Path]) -> None:
    for name, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as files:
            described = next(each for each in files.namelist() if each.endswith("/METADATA"))
            found = Metadata.from_email(files.read(described), validate=True)
            assert files.read(described.replace("METADATA", "licenses/LICENSE")) == LICENSE
            assert "pulumi_gitlab_runner/py.typed" in files.namelist()
        assert (found.name, str(found.version)) == (name, __version__)
        assert found.license_expression == "Apache-2.0"
        assert found.description_content_type == "text/markdown"
        assert found.description
        assert found.keywords
        assert "Typing :: Typed" in (found.classifiers or ())
        checked = subprocess.run(
            [Path(sys.executable).with_name("check-wheel-contents"), wheel], capture_output=True, text=True
        )
        assert checked.returncode == 0, checked.stdout


@pytest.mark.integration
def test_the_library_has_every_file_of_its_source(wheels: dict[str, Path]) -> None:
    source = CHECKOUT / "components"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "pulumi_gitlab_runner").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert "pulumi_gitlab_runner/package/schema.json" in files
    with zipfile.ZipFile(wheels[LIBRARY]) as wheel:
        assert files - set(wheel.namelist()) == set()


@pytest.mark.integration
def test_the_library_declares_that_it_has_no_plugin_to_download(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels[LIBRARY]) as files:
        assert json.loads(files.read("pulumi_gitlab_runner/pulumi-plugin.json")) == {"resource": False}


PROGRAM = """
import importlib, json, pkgutil, sys

wheel, others, parts = sys.argv[1], set(json.loads(sys.argv[2])), json.loads(sys.argv[3])

class NotDeclared:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(f"{name} is of no declared dependency", name=name)

sys.path.insert(0, wheel)
sys.meta_path = [NotDeclared(), *(each for each in sys.meta_path if "editable" not in repr(each).lower())]
for part in parts:
    package = importlib.import_module(f"pulumi_gitlab_runner.{part}")
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}."):
        importlib.import_module(module.name)
assert package.__file__.startswith(wheel), package.__file__
from pulumi_gitlab_runner.doctor.command_line import main
sys.exit(main(["--version"]))
"""


@pytest.mark.integration
def test_the_doctor_needs_only_its_declared_dependencies_and_no_pulumi(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels[DOCTOR]) as files:
        places = (name.split("/") for name in files.namelist())
        parts = {place[1] for place in places if place[0] == "pulumi_gitlab_runner" and len(place) > 2}
        declared = next(name for name in files.namelist() if name.endswith("/METADATA"))
        needed = Metadata.from_email(files.read(declared)).requires_dist or []
    distributions = _with_dependencies([each for each in needed if each.marker is None])
    assert not {each for each in distributions if each.startswith(("pulumi", "boto", "grpc"))}
    others = [
        module
        for module, of in packages_distributions().items()
        if module != "pulumi_gitlab_runner" and not {canonicalize_name(each) for each in of} & distributions
    ]
    ran = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, wheels[DOCTOR], json.dumps(others), json.dumps(sorted(parts))],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, f"runner-doctor {__version__}\n"), ran.stderr


def _with_dependencies(requirements: list[Requirement]) -> set[str]:
    found: set[str] = set()
    while requirements:
        each = requirements.pop()
        name = canonicalize_name(each.name)
        if name in found or (each.marker and not each.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        requirements += map(Requirement, requires(name) or ())
    return found


def test_every_file_has_the_same_version() -> None:
    assert analyzed_schema()["version"] == __version__
    named = [
        (path.relative_to(CHECKOUT).as_posix(), set(re.findall(pattern, path.read_text())))
        for pattern, paths in {
            r"pulumi-gitlab-runner(?:\[\w+\])?==([\w.]+\w)": (
                CHECKOUT / "README.md",
                *(CHECKOUT / "docs").glob("*.md"),
                *(CHECKOUT / "examples").rglob("requirements.txt"),
                *(CHECKOUT / "templates").rglob("requirements.txt"),
            ),
            r"pulumi-gitlab-runner/sdk/go v([\w.]+)": (CHECKOUT / "examples").rglob("go.mod"),
            r"pulumi-gitlab-runner\.git/components@([\d.]+\d)": (CHECKOUT / "examples").glob("*.md"),
            r"pulumi-gitlab-runner/stack@([\w.]+)": (
                *(CHECKOUT / "docs").glob("*.md"),
                *(CHECKOUT / "examples").rglob("*.yml"),
                *(CHECKOUT / "templates").rglob("*.yml"),
            ),
        }.items()
        for path in paths
    ]
    assert {version for _, versions in named for version in versions} == {__version__}
    assert {"examples/go/go.mod", "examples/README.md", "docs/merge-requests.md", "README.md"} <= {
        file for file, versions in named if versions
    }


def test_every_file_has_the_same_repository_address() -> None:
    project = tomllib.loads((CHECKOUT / "components" / "pyproject.toml").read_text())["project"]
    repository = project.get("urls", {}).get("Repository", PLACEHOLDER).partition("://")[2] or PLACEHOLDER
    texts = [
        path.read_text()
        for folder in ("docs", "examples", "templates")
        for kind in ("*.md", "*.txt", "*.yml", "*.yaml")
        for path in (CHECKOUT / folder).rglob(kind)
    ]
    text = "\n".join([(CHECKOUT / "README.md").read_text(), *texts])
    addresses = re.findall(r"[\w./$-]+/pulumi-gitlab-runner\.git", text.replace("git+https://", ""))
    assert set(addresses) == {repository}
    assert set(re.findall(r"[\w./$-]+/pulumi-gitlab-runner/stack(?=@)", text)) == {STACK_COMPONENT}


def test_the_examples_use_the_versions_of_the_stacks() -> None:
    pins = dict(
        line.split("==") for line in (CHECKOUT / "requirements.txt").read_text().splitlines() if "==" in line
    )
    found = re.findall(
        r"github\.com/pulumi/(pulumi[\w-]*)/sdk/v\d+ v([\d.]+)",
        (CHECKOUT / "examples/go/go.mod").read_text(),
    )
    declared = json.loads((CHECKOUT / "examples/typescript/package.json").read_text())["dependencies"]
    found += [
        (f"pulumi-{name.removeprefix('@pulumi/')}".removesuffix("-pulumi"), version)
        for name, version in declared.items()
        if name.startswith("@pulumi/")
    ]
    assert {name for name, _ in found} >= {"pulumi", "pulumi-aws", "pulumi-gitlab"}
    assert found == [(name, pins[name]) for name, _ in found]


def test_the_plugin_and_the_stacks_have_the_same_requirements() -> None:
    """`components/requirements.txt` is read from any folder, so it cannot refer to the other file."""
    ours, plugin = (
        {line for line in (CHECKOUT / name).read_text().splitlines() if line[:1] not in {"#", "-", ""}}
        for name in ("requirements.txt", "components/requirements.txt")
    )
    assert ours == plugin
