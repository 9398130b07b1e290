"""The files and variables with which the programs of a host trust the declared certificate authorities."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from pulumi_gitlab_runner.spec.certificate_authorities import Authorities, trust
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

GITLAB_AUTHORITIES = "/etc/gitlab-runner/certs"
"""The directory of the authorities for GitLab's certificate."""
MANAGER_AUTHORITIES = "/srv/gitlab-runner/current/certs"
"""The directory of the authorities for GitLab's certificate in the volume of a manager on a Docker host."""
JOBS_BUNDLE = "/etc/gitlab-runner/ca-bundle.crt"
"""The path in a job's container of the authorities that its host trusts."""
_READ_BY_JOBS = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
)
"""The variables of OpenSSL and Go, of curl, Python's requests, Node.js and the AWS SDKs. Git's variable is
left out: it would override the runner's setting for GitLab (gitlab-runner, shells/abstract.go)."""


def gitlab_trust(authorities: Authorities, gitlab_url: str) -> tuple[str, str]:
    """The name and the content of the file with the authorities for GitLab's certificate.

    Both are empty if the operating system's authorities are sufficient. gitlab-runner looks for a file with
    this name only when it starts (docs.gitlab.com/runner/configuration/tls-self-signed), but reads the file
    in `tls-ca-file` again when it changes (gitlab-runner, network/client.go).
    """
    address = urlsplit(gitlab_url)
    certificates = trust((each for each in authorities if each.hosts), address.netloc)
    return (f"{address.hostname}.crt", certificates) if certificates else ("", "")


def system_trust_files(authorities: Authorities, operating_system: OperatingSystem) -> dict[str, str]:
    """The authorities that the operating system trusts, by the paths of their files below the root.

    Each file contains one certificate, as OpenSSL requires.
    """
    return {
        f"{operating_system.authorities}/gitlab-runner-{each.name}-{number}.crt": certificate
        for each in authorities
        if not each.hosts
        for number, certificate in enumerate(each.certificates, 1)
    }


def docker_trust_files(authorities: Authorities, registry_hosts: Iterable[str]) -> dict[str, str]:
    """The authorities that Docker trusts for single registries, by the paths of their files below the root.

    Docker reads them at every pull: docs.docker.com/engine/security/certificates.

    Args:
        authorities: the declared authorities.
        registry_hosts: the hosts of the declared registries, `HOST` or `HOST:PORT`.
    """
    some = [each for each in authorities if each.hosts]
    hosts = dict.fromkeys((*(known(host) for each in some for host in each.hosts), *registry_hosts))
    return {
        f"etc/docker/certs.d/{host}/{each.name}.crt": "".join(each.certificates)
        for host in hosts
        for each in some
        if each.vouches_for(host)
    }


def trust_variables(authorities: Authorities, operating_system: OperatingSystem) -> dict[str, str]:
    """The environment of a host's programs.

    The AWS command line ignores the operating system's authorities: it has a separate list.
    """
    if all(each.hosts for each in authorities):
        return {}
    return {"AWS_CA_BUNDLE": operating_system.ca_bundle}


def job_trust_variables(authorities: Authorities) -> dict[str, str]:
    """The environment of jobs; empty if no authority is declared for jobs."""
    return dict.fromkeys(_READ_BY_JOBS, JOBS_BUNDLE) if any(each.jobs for each in authorities) else {}
