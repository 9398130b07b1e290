"""Certificate authorities of a stack: refused declarations, warnings, and the hosts they are trusted for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.certificate_authorities import (
    CertificateAuthority,
    authority_warnings,
    parse_authorities,
    trust,
)

from tests.authorities import EXPIRED, key, pem
from tests.spec.declaration import changed, problems_of

AT = "stack.certificate_authorities"
PEM = "certificates in PEM: -----BEGIN CERTIFICATE-----…"
HOST = "a host in lower case, optionally with a port, such as registry.example.com:5000"
DAMAGED = pem().replace("MII", "MIX", 1)
REFUSED: dict[str, tuple[Any, str, str, str]] = {
    "no PEM": ({"pem": "corporate"}, ".pem", "no certificate in PEM", PEM),
    "a private key": ({"pem": pem() + key()}, ".pem", "a private key", PEM),
    "a damaged certificate": (
        {"pem": pem("b") + DAMAGED},
        ".pem",
        "certificate 2, which cannot be decoded",
        PEM,
    ),
    "a request": (
        {"pem": pem() + pem().replace("CERTIFICATE", "CERTIFICATE REQUEST")},
        ".pem",
        "other parts besides certificates",
        PEM,
    ),
    "no hosts": (
        {"pem": pem(), "hosts": []},
        ".hosts",
        "no hosts",
        "at least one host; without the key, all hosts",
    ),
    "an address": ({"pem": pem(), "hosts": ["https://gitlab"]}, ".hosts[0]", "'https://gitlab'", HOST),
    "upper case": ({"pem": pem(), "hosts": ["GitLab"]}, ".hosts[0]", "'GitLab'", HOST),
    "jobs for some hosts": (
        {"pem": pem(), "hosts": ["a"], "jobs": True},
        ".jobs",
        "true, together with 'hosts'",
        "one of the two",
    ),
}


@pytest.mark.parametrize(("declared", "place", "found", "allowed"), REFUSED.values(), ids=REFUSED)
def test_a_bad_authority_is_refused(declared: Any, place: str, found: str, allowed: str) -> None:
    (problem,) = problems_of(changed("certificate_authorities", {"own": declared}))
    assert (problem.path, problem.found, problem.allowed) == (f"{AT}.own{place}", found, allowed)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("/etc/ssl/ca.pem\n", "write the text of the certificates below `pem: |`, not the path of a file"),
        ("0\x82\n\x05", "openssl x509 -inform der -in FILE writes a binary certificate as PEM"),
    ],
)
def test_the_fix_for_text_that_is_not_pem(text: str, fix: str) -> None:
    (problem,) = problems_of(changed("certificate_authorities", {"own": {"pem": text}}))
    assert problem.fix == fix


def test_the_name_of_an_authority_must_be_a_file_name() -> None:
    (problem,) = problems_of(changed("certificate_authorities", {"../x": {"pem": pem()}}))
    assert problem.found == "'../x'"


@pytest.mark.parametrize(
    ("runner", "machine"),
    [
        ({"group": 1, "host": {"docker": {}}}, "a Docker host"),
        ({"group": 1, "fleet": {"instance_types": ["c7i.large"], "max_instances": 1, "ami": "ami-01234567"}},
         "a fleet with an 'ami'"),
    ],
)  # fmt: skip
def test_jobs_on_machines_with_their_own_files_cannot_use_an_authority(runner: Any, machine: str) -> None:
    declared = changed("certificate_authorities", {"own": {"pem": pem(), "jobs": True}})
    assert problems_of(declared) == []
    declared["runners"]["other"] = runner
    (problem,) = problems_of(declared)
    assert problem.path == f"{AT}.own.jobs"
    assert problem.found == f"true, in a stack in which 'other' has {machine}"


def test_text_between_certificates_is_ignored() -> None:
    text = "Subject: one\r\n" + pem().replace("\n", "\r\n") + "# two\n" + pem("two")
    (found,) = parse_authorities({"own": {"pem": text}})
    assert found.certificates == [pem(), pem("two")]


@pytest.mark.parametrize(
    ("hosts", "host", "trusted"),
    [
        ((), "anything:5000", True),
        (("gitlab.example.com",), "gitlab.example.com", True),
        (("gitlab.example.com",), "GitLab.example.com:8443", True),
        (("gitlab.example.com:8443",), "gitlab.example.com:8443", True),
        (("gitlab.example.com:8443",), "gitlab.example.com", False),
        (("example.com",), "gitlab.example.com", False),
    ],
)
def test_the_hosts_that_an_authority_is_trusted_for(hosts: tuple[str, ...], host: str, trusted: bool) -> None:
    found = CertificateAuthority("own", pem(), hosts)
    assert found.vouches_for(host) is trusted
    assert trust((found,), host) == (pem() if trusted else "")


def test_an_expired_authority_gives_a_warning() -> None:
    authorities = parse_authorities({"old": {"pem": pem() + EXPIRED}})
    before, after = datetime(2021, 1, 1, 23, tzinfo=UTC), datetime(2021, 1, 2, 1, tzinfo=UTC)
    assert [*authority_warnings(authorities, AT, before)] == []
    (found,) = authority_warnings(authorities, AT, after)
    assert found.path == f"{AT}.old.pem"
    assert "expired on 2021-01-02" in found.found


def test_every_manager_has_the_authorities() -> None:
    stack = parse_stack(changed("certificate_authorities", {"own": {"pem": pem()}}))
    assert stack.managers["build"].authorities == stack.authorities == (CertificateAuthority("own", pem()),)
