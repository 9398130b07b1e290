"""Where the programs of a host read the certificate authorities that its stack declares."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from pulumi_gitlab_runner.spec.certificate_authorities import Authorities, trust
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

GITLAB_AUTHORITIES = "/etc/gitlab-runner/certs"
"""The directory of the authorities for GitLab's certificate."""
MANAGER_AUTHORITIES = "/srv/gitlab-runner/current/certs"
"""The same for a manager on a Docker host, in its volume."""
JOBS_BUNDLE = "/etc/gitlab-runner/ca-bundle.crt"
"""Where a job finds the authorities that its host trusts."""
_READ_BY_JOBS = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
)
"""OpenSSL and Go; curl; Python's requests; Node.js; the SDKs of AWS. Not Git's, which would win over what the
runner configures for GitLab itself (gitlab-runner, shells/abstract.go)."""


def gitlab_trust(authorities: Authorities, gitlab_url: str) -> tuple[str, str]:
    """The file of the authorities for GitLab's certificate, by its name in a directory, and its content.

    Empty where the operating system's authorities do. gitlab-runner would find a file of this name by itself
    (docs.gitlab.com/runner/configuration/tls-self-signed), but looks for it only when it starts: so
    `tls-ca-file` names it, and is read anew whenever it changes (gitlab-runner, network/client.go).
    """
    address = urlsplit(gitlab_url)
    certificates = trust((each for each in authorities if each.hosts), address.netloc)
    return (f"{address.hostname}.crt", certificates) if certificates else ("", "")


def system_trust_files(authorities: Authorities, operating_system: OperatingSystem) -> dict[str, str]:
    """The authorities that the operating system trusts, by the paths of their files below the root.

    One certificate each, as OpenSSL finds them.
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
        authorities: all that are declared.
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

    The AWS command line has a list of authorities of its own, in place of the operating system's.
    """
    if all(each.hosts for each in authorities):
        return {}
    return {"AWS_CA_BUNDLE": operating_system.ca_bundle}


def job_trust_variables(authorities: Authorities) -> dict[str, str]:
    """The environment of jobs; none where no authority is for jobs."""
    return dict.fromkeys(_READ_BY_JOBS, JOBS_BUNDLE) if any(each.jobs for each in authorities) else {}
