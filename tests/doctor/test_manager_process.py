"""The manager's process by its units and drop-ins; systemd.unit(5) defines their order."""

import pytest
from pulumi_gitlab_runner.doctor.host_files import DeclaredFiles
from pulumi_gitlab_runner.doctor.manager_process import ManagerProcess, manager_process

UNIT = "gitlab-runner.service"
DIRECTORIES = ("etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


def process(files: dict[str, str]) -> ManagerProcess:
    return manager_process(DeclaredFiles(files))


def test_without_a_unit_the_process_is_the_packaged_one() -> None:
    assert process({}) == ManagerProcess("root", "/root", {"PATH": DEFAULT_PATH, "HOME": "/root"})


@pytest.mark.parametrize("first", range(4))
def test_the_unit_is_that_of_the_first_directory(first: int) -> None:
    units = {f"{each}/{UNIT}": f"[Service]\nEnvironment=A={each}\n" for each in DIRECTORIES[first:]}
    found = process(units)
    assert found.files == (f"/{DIRECTORIES[first]}/{UNIT}",)
    assert found.environment["A"] == DIRECTORIES[first]


def test_drop_ins_are_read_by_name_from_the_first_directory_that_has_them() -> None:
    drop_ins = {
        f"{directory}/{UNIT}.d/{name}": f"[Service]\nEnvironment=A={directory}\n"
        for directory, names in zip(
            DIRECTORIES,
            (("20.conf",), ("20.conf", "10.conf"), ("30.conf", "x.md"), ("40.conf",)),
            strict=True,
        )
        for name in names
    }
    found = process(drop_ins | {f"lib/systemd/system/{UNIT}": ""})
    etc, run, usr, lib = (f"/{each}/{UNIT}" for each in DIRECTORIES)
    assert found.files == (
        lib,
        f"{run}.d/10.conf",
        f"{etc}.d/20.conf",
        f"{usr}.d/30.conf",
        f"{lib}.d/40.conf",
    )
    assert found.environment["A"] == "lib/systemd/system"


PASSWD = "root:x:0:0::/root:/bin/sh\nbuilder:x:5:5::/srv/builder/:/bin/sh\nshort:x:5:5:\n"


@pytest.mark.parametrize(
    ("user", "home"),
    [("builder", "/srv/builder"), ("other", "/home/other"), ("short", "/home/short"), ("root", "/root")],
)
def test_the_home_is_that_of_the_user(user: str, home: str) -> None:
    files = {f"etc/systemd/system/{UNIT}": f"[Service]\nUser={user}\n", "etc/passwd": PASSWD}
    found = process(files)
    assert (found.user, found.home) == (user, home)


@pytest.mark.parametrize(
    ("settings", "environment"),
    [
        ("Environment=A=1 B=2\nEnvironment=A=3", {"A": "3", "B": "2"}),
        ("""Environment="A=1 2" 'B=3 4' C""", {"A": "1 2", "B": "3 4"}),
        ("Environment=A=1\nEnvironment=B='", {"A": "1"}),
        ("Environment=A=1\nEnvironmentFile=/etc/file", {"A": "2", "B": "4 5"}),
        ("EnvironmentFile=/etc/file\nEnvironment=A=1", {"A": "2", "B": "4 5"}),
        ("EnvironmentFile=/etc/file\nEnvironmentFile=", {}),
        ("EnvironmentFile=-/etc/none", {}),
        (" Environment = A=1 \nEnvironmentX=B=2\nno setting", {"A": "1"}),
    ],
)
def test_the_variables_of_the_process(settings: str, environment: dict[str, str]) -> None:
    files = {
        f"etc/systemd/system/{UNIT}": f"[Unit]\nEnvironment=A=unit\n[Service]\n{settings}\n",
        "etc/file": "# A=0\nA=2\n; B=3\n  B='4 5'\n1C=6\nno assignment\n",
    }
    assert process(files).environment == {"PATH": DEFAULT_PATH, "HOME": "/root", **environment}
