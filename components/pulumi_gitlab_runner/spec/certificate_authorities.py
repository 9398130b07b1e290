"""Private certificate authorities, which sign the certificates of GitLab, registries or a proxy."""

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.finding import Finding, warning
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, is_known, known, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?\s-----END CERTIFICATE-----", re.DOTALL)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?")
_HOST_EXAMPLE = "a host in lower case, optionally with a port, such as registry.example.com:5000"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@strict
class CertificateAuthorityDeclaration(TypedDict):
    """A private certificate authority."""

    pem: Input[str]
    """One or more certificates in PEM format: `-----BEGIN CERTIFICATE-----…`."""
    hosts: NotRequired[list[Input[str]]]
    """The hosts that it is trusted for, `HOST` or `HOST:PORT`, such as those of GitLab and registries. A
    change is applied to running hosts; gitlab-runner and Docker use it for new connections. Default: all
    hosts. The operating system then trusts it from the first boot on, so it also works with a proxy that
    inspects TLS; a change needs a new host."""
    jobs: NotRequired[bool]
    """Whether jobs trust it too. Jobs get the CA bundle of their host, read-only, with every authority
    without `hosts`, and variables such as `SSL_CERT_FILE` with its path. Only for an authority without
    `hosts`, and not in a stack with Docker hosts or fleets with an `ami`. Without it, jobs can still connect
    to GitLab: the runner passes them its certificates. Default false."""


@dataclass(frozen=True)
class CertificateAuthority:
    """A certificate authority.

    Attributes:
        name: its name in the declaration.
        pem: its certificates, as declared.
        hosts: the hosts that it is trusted for, `HOST` or `HOST:PORT`; empty for all hosts.
        jobs: whether jobs trust it too.
    """

    name: str
    pem: Value[str]
    hosts: tuple[Value[str], ...] = ()
    jobs: bool = False

    @property
    def certificates(self) -> list[str]:
        """Its certificates in PEM, without the text between them; `pem` must be known."""
        return certificates_in(known(self.pem))

    def vouches_for(self, host: str) -> bool:
        """Whether it is trusted for a host; `hosts` must be known.

        Args:
            host: `HOST` or `HOST:PORT`. A host that is declared without a port matches any port.
        """
        name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
        return not self.hosts or any(known(each) in (host.lower(), name.lower()) for each in self.hosts)


Authorities = tuple[CertificateAuthority, ...]


def certificates_in(pem: str) -> list[str]:
    """The certificates of a text in PEM, each with a newline at its end."""
    return [f"{each}\n" for each in _CERTIFICATE.findall(pem.replace("\r\n", "\n"))]


def parse_authorities(declared: Mapping[str, CertificateAuthorityDeclaration]) -> Authorities:
    """The authorities that valid declarations describe."""
    return tuple(model_of(CertificateAuthority, each, name=name) for name, each in declared.items())


def trust(authorities: Iterable[CertificateAuthority], host: str) -> str:
    """The private certificates that are trusted for a host, in PEM; empty if there are none."""
    return "".join(pem for each in authorities if each.vouches_for(host) for pem in each.certificates)


def authorities_problems(
    declared: Mapping[str, CertificateAuthorityDeclaration], path: str
) -> Iterator[Problem]:
    """The problems of certificate authorities."""
    for name, each in declared.items():
        at = join_path(path, name)
        if not _NAME.fullmatch(name):
            yield Problem(at, repr(name), "a name of a-z, 0-9 and '-', that starts with a letter, 32 at most")
        yield from check_key(each, "pem", at, _pem_problems)
        if each.get("hosts") == []:
            yield Problem(join_path(at, "hosts"), "no hosts", "at least one host; without the key, all hosts")
        yield from check_key(each, "hosts", at, form_problems, _HOST, _HOST_EXAMPLE)
        if each.get("jobs") and "hosts" in each:
            yield Problem(
                join_path(at, "jobs"),
                "true, together with 'hosts'",
                "one of the two",
                "a job trusts an authority for all hosts",
            )


def other_machine_problems(
    declared: Mapping[str, CertificateAuthorityDeclaration], machines: Mapping[str, str], path: str
) -> Iterator[Problem]:
    """The problems of authorities in a stack with machines whose files the library does not manage.

    Args:
        declared: the authorities.
        machines: the descriptions of these machines, by the runner that declares them.
        path: the path of the authorities in the declaration.
    """
    for name, each in declared.items():
        for runner, machine in machines.items() if each.get("jobs") else ():
            yield Problem(
                join_path(path, name, "jobs"),
                f"true, in a stack in which {runner!r} has {machine}",
                "false",
                "the library does not know the machine's CA bundle: mount it into the jobs with "
                "config: {docker: {volumes: […]}} of the runner",
            )


def authority_warnings(authorities: Authorities, path: str, now: datetime) -> Iterator[Finding]:
    """Warnings about expired certificates, for authorities with a known `pem`."""
    for each in authorities:
        ends = [_end_of(pem) for pem in each.certificates] if is_known(each.pem) else []
        for end in filter(None, ends):
            if end <= now:
                yield warning(
                    join_path(path, each.name, "pem"),
                    f"a certificate that expired on {end.date()}: certificates signed by it are not trusted",
                    "declare the authority's new certificate",
                )


def _pem_problems(pem: str, path: str) -> Iterator[Problem]:
    allowed = "certificates in PEM: -----BEGIN CERTIFICATE-----…"
    if "PRIVATE KEY" in pem:
        yield Problem(
            path, "a private key", allowed, "declare only the certificate, and keep the key private"
        )
        return
    certificates = certificates_in(pem)
    if not certificates or len(certificates) != pem.count("-----BEGIN"):
        found = "other parts besides certificates" if certificates else "no certificate in PEM"
        fix = "openssl x509 -inform der -in FILE writes a binary certificate as PEM"
        if "\n" not in pem.strip():
            fix = "write the text of the certificates below `pem: |`, not the path of a file"
        yield Problem(path, found, allowed, fix)
    for number, each in enumerate(certificates, 1):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=each)
        except (ssl.SSLError, ValueError):
            yield Problem(path, f"certificate {number}, which cannot be decoded", allowed)


def _end_of(pem: str) -> datetime | None:
    """The expiry date of a certificate; None for one that is not a CA certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    for found in context.get_ca_certs():
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
    return None
