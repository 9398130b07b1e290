"""The origin of an address, to which credentials are sent: it does not depend on the spelling."""

import pytest
from pulumi_gitlab_runner.http.client import origin_of
from pulumi_gitlab_runner.http.connection import Connection
from pulumi_gitlab_runner.http.errors import RedirectError


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://registry.example.com/v2/", "https://registry.example.com:443/upload", True),
        ("https://registry.example.com/v2/", "https://REGISTRY.example.com/upload", True),
        ("http://127.0.0.1/v2/", "http://127.0.0.1:80/upload", True),
        ("https://registry.example.com/v2/", "http://registry.example.com/upload", False),
        ("https://registry.example.com/v2/", "https://registry.example.com:5000/upload", False),
        ("https://registry.example.com/v2/", "https://storage.example.com/upload", False),
    ],
)
def test_a_default_port_is_the_same_as_no_port(one: str, other: str, same: bool) -> None:
    assert (origin_of(one) == origin_of(other)) is same


def test_an_invalid_address_has_no_origin() -> None:
    with pytest.raises(RedirectError):
        origin_of("https://registry.example.com:99999999/upload")


@pytest.mark.parametrize(
    ("port", "named"), [(80, "registry.example.com"), (5000, "registry.example.com:5000")]
)
def test_the_host_header_omits_a_default_port(port: int, named: str) -> None:
    sent: list[bytes] = []
    connection = Connection("registry.example.com", port)
    connection.send = sent.append  # type: ignore[method-assign, assignment]
    connection.request("GET", "/v2/")
    assert f"Host: {named}\r\n".encode() in b"".join(sent)
