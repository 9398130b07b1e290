"""The HTTP proxy of a stack: what is refused, and how it is read."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import Problem, parse_stack
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.proxy import Proxy
from pulumi_gitlab_runner.spec.shape import known_value

from tests.spec.declaration import changed, problems_of

AT = "stack.proxy"
URL = "http://proxy.example.com:3128"
EXAMPLE = f"the address of a proxy, such as {URL}"
EXCEPTION = "a host, a domain, an IP address or a range of them, such as example.com or 10.0.0.0/8"
REFUSED: dict[str, tuple[Any, str, str, str]] = {
    "no proxy": ({"jobs": True}, "", "neither 'http' nor 'https'", "at least one of http, https"),
    "no address": ({"http": "proxy.example.com:3128"}, ".http", "'proxy.example.com:3128'", EXAMPLE),
    "a path": ({"https": f"{URL}/x"}, ".https", f"'{URL}/x'", EXAMPLE),
    "no port at all": ({"http": "http://proxy:99999"}, ".http", "'http://proxy:99999'", EXAMPLE),
    "a password": (
        {"http": "http://me:secret-4711@proxy:3128"},
        ".http",
        "an address with a user or password",
        EXAMPLE,
    ),
    "over TLS": ({"https": "https://proxy:3128"}, ".https", "'https://proxy:3128'", EXAMPLE),
    "an exception that is none": ({"http": URL, "no_proxy": ["a b"]}, ".no_proxy[0]", "'a b'", EXCEPTION),
    "all": ({"http": URL, "no_proxy": ["*"]}, ".no_proxy[0]", "'*'", EXCEPTION),
    "a wildcard": (
        {"http": URL, "no_proxy": ["ok.example", "*.example.com"]},
        ".no_proxy[1]",
        "'*.example.com'",
        EXCEPTION,
    ),
    "a range that is none": (
        {"http": URL, "no_proxy": ["10.0.0.1/8"]},
        ".no_proxy[0]",
        "'10.0.0.1/8'",
        EXCEPTION,
    ),
}


@pytest.mark.parametrize(("proxy", "place", "found", "allowed"), REFUSED.values(), ids=REFUSED)
def test_a_bad_proxy_is_refused(proxy: Any, place: str, found: str, allowed: str) -> None:
    (problem,) = problems_of(changed("proxy", proxy))
    assert (problem.path, problem.found, problem.allowed) == (AT + place, found, allowed)
    assert "secret-4711" not in str(problem)


JOB_NETWORKS = ("192.168.0.0/16", "172.17.0.0/16")


def proxy_of(declared: Any) -> Proxy:
    """The proxy of the declaration's one manager."""
    found = parse_stack(declared).managers["build"].proxy
    assert found is not None
    return found


@pytest.mark.parametrize("key", ["http", "https"])
def test_one_address_is_used_for_both_protocols(key: str) -> None:
    assert proxy_of(changed("proxy", {key: URL})) == Proxy(URL, URL, job_networks=JOB_NETWORKS)


def test_each_protocol_has_its_own_address() -> None:
    declared = {"http": URL, "https": "http://10.0.0.1", "no_proxy": [".example.com", "10.0.0.0/8", "::1"]}
    assert proxy_of(changed("proxy", declared)) == Proxy(
        URL, "http://10.0.0.1", (".example.com", "10.0.0.0/8", "::1"), job_networks=JOB_NETWORKS
    )


def test_endpoints_of_the_stacks_network_are_reached_without_the_proxy() -> None:
    declared = changed("proxy", {"http": URL})
    assert proxy_of(declared).endpoints == ()
    declared["network"] = {"endpoints": ["ssm"]}
    assert proxy_of(declared).endpoints == ("s3", "ssm")


def test_a_host_in_another_network_has_no_endpoints() -> None:
    declared = changed("proxy", {"http": URL}) | {"network": {"endpoints": ["ssm"]}}
    declared["runners"]["build"]["host"] |= {"vpc": "vpc-01234567", "subnets": ["subnet-01234567"]}
    assert proxy_of(declared).endpoints == ()


def test_an_address_that_is_known_later_is_checked_later() -> None:
    later: Deferred[str] = Deferred(f"{AT}.http", None)
    assert problems_of(changed("proxy", {"http": later})) == []
    with pytest.raises(ValueError, match="an address with a user or password"):
        known_value(later, "http://me:secret@proxy")
    assert known_value(later, URL) == URL


def test_the_fix_of_an_address_with_a_password() -> None:
    (problem,) = problems_of(changed("proxy", {"http": "http://me:x@proxy"}))
    assert problem == Problem(problem.path, problem.found, problem.allowed, problem.fix)
    assert "local proxy that holds the password" in problem.fix


def test_declared_job_networks_are_reached_without_the_proxy() -> None:
    declared = changed("proxy", {"http": URL})
    declared["runners"]["build"]["host"]["job_networks"] = "10.99.0.0/16"
    assert proxy_of(declared).job_networks == ("10.99.0.0/16", "172.17.0.0/16")
