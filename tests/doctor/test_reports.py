"""Whole reports, in each of their forms: what programs read, and what users see."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble

HOME = "/root/.docker/config.json"
KEY = "registry.example.com:5000"
WHY = (
    "the runner uses it: its images are pulled without credentials, even if a later source has some. "
    "`docker login` writes such an entry if a credsStore stores the password"
)
FIX = (
    "add the credentials to the entry, with the output of this command as auth: "
    "printf %s 'USER:PASSWORD' | base64 -w0; or remove the entry"
)
EMPTY = {
    "name": "credentials-empty",
    "where": f"{HOME}, other.example.com",
    "what": "its entry in auths is empty",
    "why": WHY,
    "fix": FIX,
}


def entry(key: str, verdict: str, reason: str) -> dict[str, Any]:
    return {"key": key, "origin": "auths", "helper": None, "verdict": verdict, "reason": reason, "notes": []}


def source(name: str, status: str, reason: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "status": status, "reason": reason, "notes": [], "entries": [*entries]}


@pytest.fixture
def home(host: HostTree, registry: RegistryDouble) -> HostTree:
    """A host with a password for the registry and an empty entry for another one."""
    good = {"auth": encoded(USERNAME, PASSWORD)}
    host.write(HOME[1:], json.dumps({"auths": {registry.host: good, KEY: good, "other.example.com": {}}}))
    return host


def test_the_report_on_an_image_for_programs(
    doctor: Doctor, home: HostTree, registry: RegistryDouble
) -> None:
    host = registry.host
    image = f"{host}/team/app:1"
    looked_for = f"Docker looks for {host}"
    assert doctor.json("image", image, "--root", str(home.root)) == {
        "runner": {"host": str(home.root), "version": "19.3.0"},
        "images": [
            {
                "image": image,
                "users": [],
                "runner": {
                    "path": f"{host}/team/app",
                    "source": HOME,
                    "user": USERNAME,
                    "failure": None,
                    "sources": [
                        source("$DOCKER_AUTH_CONFIG", "absent", "the variable is not set"),
                        source(
                            HOME,
                            "read",
                            "",
                            entry(
                                host,
                                "used",
                                f"the most specific entry with credentials for {host}/team/app",
                            ),
                            entry("other.example.com", "no match", f"the image is on {host}"),
                            entry(KEY, "no match", f"the image is on {host}"),
                        ),
                        source(
                            "job payload (GitLab Registry)", "absent", "GitLab sent no registry with the job"
                        ),
                    ],
                    "log": [
                        {
                            "where": "debug log",
                            "text": f'Loaded Docker credentials, source = "{HOME}", '
                            f"hostnames = [{host} other.example.com {KEY}], error = <nil>",
                        },
                        {"where": "job log", "text": f"Authenticating with credentials from {HOME}"},
                    ],
                },
                "docker": {
                    "path": host,
                    "source": HOME,
                    "user": USERNAME,
                    "failure": None,
                    "sources": [
                        source("$DOCKER_AUTH_CONFIG", "absent", "the variable is not set"),
                        source(
                            HOME,
                            "read",
                            "",
                            entry(host, "used", looked_for),
                            entry("other.example.com", "no match", looked_for),
                            entry(KEY, "no match", looked_for),
                        ),
                    ],
                    "log": [],
                },
                "difference": "",
                "hit": False,
                "registry": {"outcome": "found", "message": f"{host} has it, as {DIGEST}", "digest": DIGEST},
                "findings": ["credentials-empty"],
            }
        ],
        "not_read": [],
        "findings": [EMPTY],
    }


def test_no_line_of_a_report_ends_with_spaces(doctor: Doctor, home: HostTree) -> None:
    """Logs keep them, and so does a copy of the text."""
    for arguments in (["image", f"{KEY}/team/app:1", "--offline"], ["host"]):
        doctor.run(*arguments, "--root", str(home.root))
        assert [line for line in doctor.output.splitlines() if line != line.rstrip()] == []


def test_the_report_on_an_image_for_a_terminal(doctor: Doctor, home: HostTree) -> None:
    assert doctor.run("image", f"{KEY}/team/app:1", "--root", str(home.root), "--offline") == 1
    _, _, shown = doctor.output.partition("gitlab-runner 19.3.0\n")
    loopback = next(line.split()[1] for line in shown.splitlines() if "127.0.0.1" in line)
    assert [line.rstrip() for line in shown.splitlines()] == [
        "",
        "! registry.example.com:5000/team/app:1",
        "  runner       /root/.docker/config.json auths → registry.example.com:5000,",
        "               user my_username",
        "  docker pull  the same credentials",
        "  registry     not asked: --offline",
        "  job log      Authenticating with credentials from /root/.docker/config.json",
        "  sources      $DOCKER_AUTH_CONFIG  the variable is not set",
        "               /root/.docker/config.json",
        "                 ✔ registry.example.com:5000  the most specific entry with",
        "                   credentials for registry.example.com:5000/team/app",
        f"                 · {loopback}  the image is on registry.example.com:5000",
        "                 · other.example.com  the image is on registry.example.com:5000",
        "               job payload (GitLab Registry)  GitLab sent no registry with the",
        "               job",
        "",
        "credentials-empty  /root/.docker/config.json, other.example.com",
        "  found   its entry in auths is empty",
        "  impact  the runner uses it: its images are pulled without credentials, even",
        "          if a later source has some. `docker login` writes such an entry if a",
        "          credsStore stores the password",
        "  fix     add the credentials to the entry, with the output of this command as",
        "          auth: printf %s 'USER:PASSWORD' | base64 -w0; or remove the entry",
        "",
        "1 finding",
    ]


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("a:\n  image: a:1\nb:\n  image: a:1\n  services: ['Bad/Name']\n")
    return file


NAME_FIX = (
    "write [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST], such as registry.example.com:5000/team/app:1.2"
)


def test_the_report_on_a_pipeline_for_a_terminal(doctor: Doctor, host: HostTree, pipeline: Path) -> None:
    assert doctor.run("job", str(pipeline), "--root", str(host.root), "--offline") == 1
    _, _, shown = doctor.output.partition("gitlab-runner 19.3.0\n")
    assert [line.rstrip() for line in shown.splitlines()] == [
        "",
        "✔ a:1",
        "  for       image of a, b",
        "  runner    pulls without credentials: no source has credentials for it",
        "  registry  not asked: --offline",
        "",
        "✘ Bad/Name",
        "  for       service of b",
        "  runner    pulls without credentials: no source has credentials for it",
        "  registry  not asked: --offline",
        "",
        "    uses   credentials   registry    image",
        "✔   2      none          not asked   a:1",
        "✘   1      none          not asked   Bad/Name",
        "",
        "image-name  Bad/Name",
        "  found   'Bad/Name': repository name (Name) must be lowercase",
        "  impact  it cannot be pulled",
        "  fix     write [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST], such as",
        "          registry.example.com:5000/team/app:1.2",
        "",
        "1 finding",
    ]


def test_a_finding_of_a_pipeline_in_the_formats_of_merge_requests(
    doctor: Doctor, host: HostTree, pipeline: Path
) -> None:
    asked = ["job", str(pipeline), "--root", str(host.root), "--offline", "--format"]
    text = (
        "Bad/Name: 'Bad/Name': repository name (Name) must be lowercase; it cannot be pulled. "
        f"To fix it: {NAME_FIX}"
    )
    doctor.run(*asked, "code-quality")
    (found,) = json.loads(doctor.output)
    # With another fingerprint, GitLab treats an existing finding as a new one.
    fingerprint = "5a00a6d67e78e238507f34bce1819d393b4f255f301a4a267d4d1eafba31f551"
    assert found == {
        "fingerprint": fingerprint,
        "description": text,
        "check_name": "image-name",
        "severity": "major",
        "location": {"path": ".gitlab-ci.yml", "lines": {"begin": 5}},
    }
    doctor.run(*asked, "sarif")
    log = json.loads(doctor.output)
    version = log["runs"][0]["tool"]["driver"].pop("version")
    assert version[0].isdigit()
    place = {
        "artifactLocation": {"uri": ".gitlab-ci.yml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 5},
    }
    rule = {
        "id": "image-name",
        "shortDescription": {
            "text": "The name of the image is not a valid image reference, so it cannot be pulled."
        },
        "help": {
            "text": "Write [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST]. "
            "GitLab does not support ${NAME:-default}."
        },
        "helpUri": "https://docs.gitlab.com/ci/yaml/#image",
    }
    assert log == {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
        "sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "runner-doctor", "rules": [rule]}},
                "results": [
                    {
                        "ruleId": "image-name",
                        "ruleIndex": 0,
                        "level": "error",
                        "message": {"text": text},
                        "locations": [{"physicalLocation": place}],
                        "partialFingerprints": {"finding/v1": fingerprint},
                    }
                ],
            }
        ],
    }


def test_the_pins_of_a_pipeline_for_programs(
    doctor: Doctor, tmp_path: Path, registry: RegistryDouble
) -> None:
    registry.scheme = ""
    file = tmp_path / "pipeline.yml"
    image = f"{registry.host}/team/app:1"
    file.write_text(f"a: {{image: '{image}'}}\n")
    assert doctor.run("pin", str(file), "--check", "--json") == 1
    report = json.loads(doctor.output)
    assert report["images"] == [
        {
            "image": image,
            "file": str(file),
            "line": 1,
            "state": "not pinned",
            "message": report["images"][0]["message"],
            "pinned": f"{image}@{DIGEST}",
        }
    ]
    assert [each["name"] for each in report["findings"]] == ["not-pinned"]
    assert doctor.run("pin", str(file)) == 0
    assert f"line 1  {image}  pinned now\n" in doctor.output
    assert file.read_text() == f"a: {{image: '{image}@{DIGEST}'}}\n"
    assert doctor.run("pin", str(file), "--check") == 0
    assert "pinned\n" in doctor.output
    assert doctor.output.endswith("No findings.\n")


def test_the_report_on_a_host_for_a_terminal(doctor: Doctor, home: HostTree) -> None:
    assert doctor.run("host", "--root", str(home.root)) == 1
    _, _, shown = doctor.output.partition("gitlab-runner 19.3.0\n")
    loopback = next(line.split()[0] for line in shown.splitlines() if "127.0.0.1" in line)
    unit = "/etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[: lines.index("")] == [
        f"  unit         {unit}",
        "  process      user root, home /root",
        "  PATH         /usr/local/bin",
        "  region       not set by the unit",
        f"  credentials  {HOME}",
        f"                 {loopback}  a user and password",
        "                 other.example.com  an empty entry",
        f"                 {KEY}  a user and password",
        "  helpers      none on this PATH",
        "  config       /etc/gitlab-runner/config.toml: concurrent = 1",
        "  docker       not checked: only the files of the host are available",
    ]


def test_the_state_of_a_credential_is_below_its_file(doctor: Doctor, host: HostTree) -> None:
    host.write("etc/gitlab-runner/registries", "kept.example.com helper /no/such/docker-credential-x\n")
    link = host.root / HOME[1:]
    link.parent.mkdir(parents=True)
    link.symlink_to("/run/gitlab-runner-credentials/config.json")
    doctor.run("host", "--root", str(host.root))
    lines = doctor.output.splitlines()
    (label,) = (index for index, line in enumerate(lines) if line.startswith("  credentials  "))
    assert lines[label + 1].startswith("                 kept.example.com  helper")


def test_an_environment_with_credentials(doctor: Doctor, home: HostTree) -> None:
    """The runner neither ignores nor refuses it."""
    config = '[[runners]]\nexecutor = "docker"\nenvironment = ["DOCKER_AUTH_CONFIG={}"]\n'
    home.write("etc/gitlab-runner/config.toml", config)
    findings = doctor.json("host", "--root", str(home.root))["findings"]
    (found,) = (each for each in findings if each["where"].endswith("environment[0]"))
    assert found["why"] == "any job can print the credentials"
