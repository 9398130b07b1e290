"""The environment variables of an HTTP proxy, and the destinations that bypass it."""

import re
from collections.abc import Iterable, Iterator

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.proxy import Proxy
from pulumi_gitlab_runner.spec.runners import Runner, Service

_THIS_MACHINE = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")
"""The loopback range is listed with an address too: only Go and newer versions of curl support ranges."""
_METADATA = ("169.254.169.254", "fd00:ec2::254")
"""Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html."""
_WORKERS = "internal.tunnel.invalid"
"""The host name with which the runner connects to the Docker Engine of a fleet's instance, over SSH:
gitlab-runner, executors/docker/docker.go."""
_OF_A_JOB = ("build", "docker")
"""The host names of the job's container, and of Docker-in-Docker with its usual name."""
_HOSTS = {
    "ecr.api": ("api.ecr.{}",),
    "ecr.dkr": ("dkr.ecr.{}",),
    "s3": ("s3.{}", "s3.dualstack.{}"),
}
"""The domains of AWS services that are not `SERVICE.REGION`; each includes its subdomains. The second domain
of S3 is that of the runner's presigned URLs of a cache: gitlab-runner, cache/s3v2/s3.go."""


def proxy_variables(proxy: Proxy, environment: AwsEnvironment) -> dict[str, str]:
    """The environment of a host's programs.

    The names are in upper and lower case: curl reads `http_proxy` only in lower case. For curl, Python and
    Go, a domain without a leading dot also matches its subdomains.

    Args:
        proxy: the resolved proxy.
        environment: the AWS account and region of the stack.
    """
    return _variables(proxy, (*_exceptions(proxy, environment), _WORKERS))


def job_proxy_variables(proxy: Proxy, environment: AwsEnvironment, runner: Runner) -> dict[str, str]:
    """The environment of a runner's jobs, which connect to their services without the proxy."""
    services = (name for service in runner.services for name in _names_of(service))
    return _variables(proxy, (*_exceptions(proxy, environment), *_OF_A_JOB, *services))


def _variables(proxy: Proxy, exceptions: Iterable[str]) -> dict[str, str]:
    values = {
        "HTTP_PROXY": known(proxy.http),
        "HTTPS_PROXY": known(proxy.https),
        "NO_PROXY": ",".join(dict.fromkeys(exceptions)),
    }
    return {name: value for key, value in values.items() for name in (key, key.lower())}


def _exceptions(proxy: Proxy, environment: AwsEnvironment) -> Iterator[str]:
    yield from (*_THIS_MACHINE, *_METADATA, *map(known, proxy.job_networks))
    for service in proxy.endpoints:
        for name in _HOSTS.get(service, (f"{service}.{{}}",)):
            yield f"{name.format(environment.region)}.{environment.dns_suffix}"
    yield from map(known, proxy.no_proxy)


def _names_of(service: Service) -> Iterator[str]:
    """The names of a service in its job's network: gitlab-runner, helpers/container/services."""
    yield from re.findall(r"[^\s,]+", known(service.alias))
    name = re.sub(r"(:[^/]*)?(@.*)?$", "", known(service.name))
    yield from (name.replace("/", each) for each in ("__", "-"))
