"""The HTTP proxy of hosts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import NotRequired
from urllib.parse import urlsplit

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem

_URL = re.compile(r"http://[A-Za-z0-9._\[\]:-]+/?")
_HOST = re.compile(
    r"\.?[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*(:[0-9]+)?"
)


@strict
class ProxyDeclaration(TypedDict):
    """An HTTP proxy. At least one of `http` and `https`; each is also the default of the other.

    The package manager, Docker, gitlab-runner, the AWS CLI, the credential helpers and the agent of Systems
    Manager use it, from the first boot on, and so do the instances of a fleet. The instance metadata, the
    host itself, its job networks and the VPC endpoints of the stack's `network` bypass it.

    A change needs a new host.
    """

    http: NotRequired[Input[str]]
    """The URL of the proxy for `http://` URLs, such as `http://proxy.example.com:3128`; without a user and
    password."""
    https: NotRequired[Input[str]]
    """The URL of the proxy for `https://` URLs, itself an `http://` URL."""
    no_proxy: NotRequired[list[Input[str]]]
    """Further destinations that bypass it: hosts, domains with their subdomains, and IP addresses or ranges.
    Include the VPC endpoints of an existing VPC, such as `s3.eu-west-1.amazonaws.com`. Default: none."""
    jobs: NotRequired[bool]
    """Whether jobs and their services have the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, also in
    lower case. Jobs need the proxy to fetch their sources from GitLab, unless `no_proxy` includes GitLab.
    Default false."""


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy, with the defaults filled in.

    Attributes:
        http: the URL of the proxy for `http://` URLs.
        https: the URL of the proxy for `https://` URLs.
        no_proxy: the declared destinations that bypass it.
        jobs: whether jobs have it in their environment.
        endpoints: the AWS services with VPC endpoints in the host's VPC, which bypass it.
        job_networks: the ranges of the job networks, which bypass it.
    """

    http: Value[str]
    https: Value[str]
    no_proxy: tuple[Value[str], ...] = ()
    jobs: bool = False
    endpoints: tuple[str, ...] = ()
    job_networks: tuple[Value[str], ...] = ()


def parse_proxy(declaration: ProxyDeclaration) -> Proxy:
    """The proxy that a valid declaration describes."""
    either = declaration["http" if "http" in declaration else "https"]
    return model_of(Proxy, {"http": either, "https": either, **declaration})


def proxy_problems(declaration: ProxyDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a proxy."""
    if "http" not in declaration and "https" not in declaration:
        yield Problem(path, "neither 'http' nor 'https'", "at least one of http, https")
    for key in ("http", "https"):
        yield from check_key(declaration, key, path, _url_problems)
    yield from check_key(declaration, "no_proxy", path, _exception_problems)


def _url_problems(url: str, path: str) -> Iterator[Problem]:
    example = "the address of a proxy, such as http://proxy.example.com:3128"
    if "@" in url:
        yield Problem(
            path,
            "an address with a user or password",
            example,
            "every process and job could read them: let the proxy identify the hosts by their addresses "
            "or subnets, or run a local proxy that holds the password",
        )
    elif url.startswith("https://"):
        fix = "use http:// also for https:// URLs: the proxy gets a CONNECT request, and no content"
        yield Problem(path, repr(url), example, fix)
    elif not _URL.fullmatch(url) or not _has_host_and_port(url):
        yield Problem(path, repr(url), example)


def _has_host_and_port(url: str) -> bool:
    """Whether a URL has a host and a valid port; without a port, it is 80."""
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        return False


def _exception_problems(found: str, path: str) -> Iterator[Problem]:
    allowed = "a host, a domain, an IP address or a range of them, such as example.com or 10.0.0.0/8"
    if found.startswith("*."):
        yield Problem(path, repr(found), allowed, f"{found[2:]} includes every name below it")
    elif not _HOST.fullmatch(found) and not _is_address(found):
        yield Problem(path, repr(found), allowed)


def _is_address(text: str) -> bool:
    try:
        ip_network(text, strict=True) if "/" in text else ip_address(text)
    except ValueError:
        return False
    return True
