"""The files that an image is built from: what counts, what does not, and what cannot be."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.docker.build_context import read_build_context
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem

FILES = {"Dockerfile": "FROM scratch\n", "app/main.py": "print()\n", "app/data": "1\n"}
NAMES = st.text("ab", min_size=1, max_size=3)


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder, and return it."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return write(tmp_path / "context", FILES)


def digest(context: Path, dockerfile: str = "Dockerfile") -> str:
    return read_build_context(str(context), dockerfile, "stack.builds.base").digest


def problem(context: Path, dockerfile: str = "Dockerfile") -> Problem:
    with pytest.raises(DeclarationError) as caught:
        digest(context, dockerfile)
    (found,) = caught.value.problems
    return found


def test_the_same_files_elsewhere_and_later_are_the_same(context: Path, tmp_path: Path) -> None:
    copy = write(tmp_path / "copy", dict(reversed(FILES.items())))
    os.utime(copy / "app/data", (0, 0))
    assert digest(copy) == digest(context)


def test_it_stays_the_same_from_release_to_release(context: Path) -> None:
    for each in (context, *context.rglob("*")):
        each.chmod(0o755)
    assert digest(context) == "9e2b56fe7364108db3ee8bf8cb22beb5a46d8e5276dc648072f9fb479fb9d7fe"


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "app/data").write_text("2\n"),
        lambda root: (root / "app/data").rename(root / "app/data2"),
        lambda root: (root / "app/data").chmod(0o755),
        lambda root: (root / "app/data").unlink(),
        lambda root: (root / "app/more").write_text(""),
        lambda root: (root / "app/empty").mkdir(),
        lambda root: (root / "app").chmod(0o700),
        lambda root: (root / "link").symlink_to("app/data"),
        lambda root: (root / "Dockerfile").write_text("FROM scratch\nCOPY app /\n"),
    ],
    ids=["content", "name", "mode", "gone", "new", "folder", "mode of a folder", "link", "Dockerfile"],
)
def test_any_change_of_what_is_sent_counts(context: Path, change: Callable[[Path], object]) -> None:
    before = digest(context)
    change(context)
    assert digest(context) != before


def test_where_a_link_leads_counts(context: Path) -> None:
    (context / "link").symlink_to("app/data")
    before = digest(context)
    (context / "link").unlink()
    (context / "link").symlink_to("app/main.py")
    assert digest(context) != before


@pytest.mark.parametrize(
    ("patterns", "file", "counts"),
    [
        ("app/data", "app/data", False),
        ("**/data", "app/data", False),
        ("# a comment\n\n  app  \n", "app/data", False),
        ("app\n!app/data", "app/data", True),
        ("#app", "app/data", True),
        ("*", "Dockerfile", True),
    ],
)
def test_what_dockerignore_names_does_not_count(
    context: Path, patterns: str, file: str, counts: bool
) -> None:
    write(context, {".dockerignore": patterns})
    before = digest(context)
    write(context, {file: "FROM scratch # another\n"})
    assert (digest(context) != before) is counts


def test_a_dockerfile_has_an_ignore_file_of_its_own(context: Path) -> None:
    write(
        context, {"ci/Dockerfile": "FROM scratch", "ci/Dockerfile.dockerignore": "app", ".dockerignore": "ci"}
    )
    before = digest(context, "ci/Dockerfile")
    write(context, {"app/data": "2"})
    assert digest(context, "ci/Dockerfile") == before
    assert digest(context) != before


def test_what_is_ignored_need_not_be_readable(context: Path) -> None:
    (context / "broken").symlink_to("nowhere")
    write(context, {".dockerignore": "broken"})
    assert digest(context)


def test_a_socket_has_no_content(context: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(context / "socket"))
        assert digest(context)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(NAMES, st.text("xy")), st.dictionaries(NAMES, st.text("xy")))
def test_two_contexts_are_the_same_exactly_if_their_files_are(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, str], other: dict[str, str]
) -> None:
    base = {"Dockerfile": "FROM scratch"}
    first, second = (
        digest(write(tmp_path_factory.mktemp("context"), base | files)) for files in (one, other)
    )
    assert (first == second) == (one == other)


def test_the_text_of_the_dockerfile_is_kept(context: Path) -> None:
    assert read_build_context(str(context), "Dockerfile", "base").dockerfile == FILES["Dockerfile"]


def test_a_folder_that_is_not_there_is_refused(context: Path) -> None:
    told = problem(context / "elsewhere")
    assert told.path == "stack.builds.base.context"
    assert told.found == f"{str(context / 'elsewhere')!r}, which is not a directory in {Path.cwd()}"


@pytest.mark.parametrize("dockerfile", ["Containerfile", "app"])
def test_a_dockerfile_that_is_not_there_is_refused(context: Path, dockerfile: str) -> None:
    told = problem(context, dockerfile)
    assert told.path == "stack.builds.base.dockerfile"
    assert told.found == f"no file {str(context / dockerfile)!r}"


@pytest.mark.parametrize("target", ["loop", "nowhere"])
def test_a_link_that_leads_nowhere_is_refused(context: Path, target: str) -> None:
    (context / "loop").symlink_to(target)
    told = problem(context)
    assert told.found.startswith(
        f"the link {str(context / 'loop')!r} to {target!r}, whose target does not exist"
    )
    assert told.fix == "fix the link, or exclude it in .dockerignore"


def test_a_folder_that_links_to_one_above_it_is_no_loop(context: Path) -> None:
    (context / "app/up").symlink_to("..")
    assert digest(context)


def test_a_file_that_cannot_be_read_is_refused(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refuse)
    told = problem(context)
    assert told.path == "stack.builds.base.context"
    assert "Dockerfile' cannot be read: Permission denied" in told.found
