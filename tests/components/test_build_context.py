"""The build context of an image: the files that change its digest, those that do not, and errors."""

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


def test_the_digest_depends_on_neither_path_nor_time(context: Path, tmp_path: Path) -> None:
    copy = write(tmp_path / "copy", dict(reversed(FILES.items())))
    os.utime(copy / "app/data", (0, 0))
    assert digest(copy) == digest(context)


def test_the_digest_is_the_same_in_every_release(context: Path) -> None:
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
def test_any_change_of_the_context_changes_the_digest(
    context: Path, change: Callable[[Path], object]
) -> None:
    before = digest(context)
    change(context)
    assert digest(context) != before


def test_the_target_of_a_link_changes_the_digest(context: Path) -> None:
    (context / "link").symlink_to("app/data")
    before = digest(context)
    (context / "link").unlink()
    (context / "link").symlink_to("app/main.py")
    assert digest(context) != before


@pytest.mark.parametrize(
    ("patterns", "file", "changes_digest"),
    [
        ("app/data", "app/data", False),
        ("**/data", "app/data", False),
        ("# a comment\n\n  app  \n", "app/data", False),
        ("app\n!app/data", "app/data", True),
        ("#app", "app/data", True),
        ("*", "Dockerfile", True),
    ],
)
def test_dockerignore_excludes_files_from_the_digest(
    context: Path, patterns: str, file: str, changes_digest: bool
) -> None:
    write(context, {".dockerignore": patterns})
    before = digest(context)
    write(context, {file: "FROM scratch # another\n"})
    assert (digest(context) != before) is changes_digest


def test_a_dockerfile_may_have_its_own_ignore_file(context: Path) -> None:
    write(
        context, {"ci/Dockerfile": "FROM scratch", "ci/Dockerfile.dockerignore": "app", ".dockerignore": "ci"}
    )
    before = digest(context, "ci/Dockerfile")
    write(context, {"app/data": "2"})
    assert digest(context, "ci/Dockerfile") == before
    assert digest(context) != before


def test_an_ignored_file_may_be_unreadable(context: Path) -> None:
    (context / "broken").symlink_to("nowhere")
    write(context, {".dockerignore": "broken"})
    assert digest(context)


def test_a_socket_has_no_content(context: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(context / "socket"))
        assert digest(context)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(NAMES, st.text("xy")), st.dictionaries(NAMES, st.text("xy")))
def test_two_contexts_have_the_same_digest_exactly_if_their_files_are_equal(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, str], other: dict[str, str]
) -> None:
    base = {"Dockerfile": "FROM scratch"}
    first, second = (
        digest(write(tmp_path_factory.mktemp("context"), base | files)) for files in (one, other)
    )
    assert (first == second) == (one == other)


def test_the_text_of_the_dockerfile_is_kept(context: Path) -> None:
    assert read_build_context(str(context), "Dockerfile", "base").dockerfile == FILES["Dockerfile"]


def test_a_missing_context_is_refused(context: Path) -> None:
    reported = problem(context / "elsewhere")
    assert reported.path == "stack.builds.base.context"
    assert reported.found == f"{str(context / 'elsewhere')!r}, which is not a directory in {Path.cwd()}"


@pytest.mark.parametrize("dockerfile", ["Containerfile", "app"])
def test_a_missing_dockerfile_is_refused(context: Path, dockerfile: str) -> None:
    reported = problem(context, dockerfile)
    assert reported.path == "stack.builds.base.dockerfile"
    assert reported.found == f"no file {str(context / dockerfile)!r}"


@pytest.mark.parametrize("target", ["loop", "nowhere"])
def test_a_broken_link_is_refused(context: Path, target: str) -> None:
    (context / "loop").symlink_to(target)
    reported = problem(context)
    assert reported.found.startswith(
        f"the link {str(context / 'loop')!r} to {target!r}, whose target does not exist"
    )
    assert reported.fix == "fix the link, or exclude it in .dockerignore"


def test_a_link_to_a_parent_folder_is_accepted(context: Path) -> None:
    (context / "app/up").symlink_to("..")
    assert digest(context)


def test_a_file_that_cannot_be_read_is_refused(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refuse)
    reported = problem(context)
    assert reported.path == "stack.builds.base.context"
    assert "Dockerfile' cannot be read: Permission denied" in reported.found
