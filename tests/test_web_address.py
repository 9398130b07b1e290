"""Which texts are addresses of servers."""

import pytest
from pulumi_gitlab_runner.web_address import is_web_address


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://gitlab",
            "https://gitlab.example.com",
            "HTTPS://GitLab.example.com/",
            "https://10.0.0.2:8443",
        ),
        *("https://[fd00::1]:8443/gitlab/", "http://a.example:65535", "https://a.example/a@b"),
    ],
)
def test_an_address(text: str) -> None:
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "gitlab.example.com",
            "ftp://a.example",
            "https://",
            "https:///a",
            "https://[::1",
            "https://a b",
        ),
        *("https://a:b", "https://a:0", "https://a:65536", "https://me@a.example", "https://me:pw@a.example"),
        *("https://a.example?b", "https://a.example#b", "https://a.example\n", "https://a.example/b c"),
    ],
)
def test_no_address(text: str) -> None:
    assert not is_web_address(text)
