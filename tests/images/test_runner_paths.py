"""The paths by which gitlab-runner matches images with registries, version by version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.runner_paths import image_path, registry_path, with_parents

V16_9, V17_5, V18_0, V18_1, V18_3, V18_11 = (16, 9), (17, 5), (18, 0), (18, 1), (18, 3), (18, 11)
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("nginx", "docker.io/nginx"),
        ("nginx:1.27", "docker.io/nginx"),
        ("library/nginx", "docker.io/library/nginx"),
        ("team/app", "docker.io/team/app"),
        ("index.docker.io/team/app", "docker.io/team/app"),
        ("InDex.DOCKER.io/team/app", "docker.io/team/app"),
        ("DOCKER.io/team/app", "docker.io/team/app"),
        ("registry.example.com/team/app:1", "registry.example.com/team/app"),
        ("REGISTRY.Example.com:5000/Team/App", "registry.example.com:5000/Team/App"),
        ("registry.example.com:443/app", "registry.example.com:443/app"),
        ("localhost/app:1", "localhost/app"),
        ("LOCALHOST/app:1", "localhost/app"),
        ("notlocalhost/app", "docker.io/notlocalhost/app"),
        ("localhost:5000/app", "localhost:5000/app"),
        # Without a tag, the name of the digest's algorithm stays.
        (f"registry.example.com/app@{DIGEST}", "registry.example.com/app@sha256"),
        (f"registry.example.com/app:1@{DIGEST}", "registry.example.com/app"),
    ],
)
def test_an_image_becomes_host_and_path(image: str, path: str) -> None:
    assert image_path(image, V18_11) == path


def test_before_17_5_an_image_is_only_its_host() -> None:
    assert image_path("nginx:1", V16_9) == "docker.io"
    assert image_path("team/app", V16_9) == "docker.io"
    assert image_path("registry.example.com:5000/team/app", V16_9) == "registry.example.com:5000"
    assert image_path("REGISTRY.example.com/app", V16_9) == "REGISTRY.example.com"
    assert image_path("registry.example.com/team/app", V17_5) == "registry.example.com/team/app"


def test_before_18_3_special_hosts_are_known_in_lower_case_only() -> None:
    assert image_path("LOCALHOST/app", V17_5) == "docker.io/LOCALHOST/app"
    assert image_path("INDEX.docker.io/app", V17_5) == "index.docker.io/app"
    assert image_path("LOCALHOST/app", (18, 2)) == "docker.io/LOCALHOST/app"
    assert image_path("LOCALHOST/app", V18_3) == "localhost/app"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("registry.example.com", "registry.example.com"),
        ("registry.example.com/", "registry.example.com"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("REGISTRY.example.com/Team/App", "registry.example.com/Team/App"),
        ("registry.example.com/app:latest", "registry.example.com/app"),
        ("registry.example.com:5000/app:latest", "registry.example.com:5000/app"),
        ("https://registry.example.com/v1/group", "registry.example.com"),
        ("http://registry.example.com:5000/v1/", "registry.example.com:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("HTTPS://INDEX.DOCKER.IO/V1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "index.docker.io"),
        ("registry-1.docker.io", "registry-1.docker.io"),
        ("", ""),
    ],
)
def test_a_registry_becomes_host_and_path(key: str, path: str) -> None:
    assert registry_path(key, V18_11) == path


def test_before_17_5_a_registry_is_only_its_host() -> None:
    assert registry_path("registry.example.com/team", V16_9) == "registry.example.com"
    assert registry_path("https://REGISTRY.example.com/v1/", V16_9) == "registry.example.com"
    assert registry_path("index.docker.io", V16_9) == "docker.io"
    assert registry_path("registry.example.com/team", V17_5) == "registry.example.com/team"


def test_from_17_5_to_18_0_http_is_not_recognized_as_a_scheme() -> None:
    assert registry_path("http://registry.example.com", V16_9) == "registry.example.com"
    assert registry_path("http://registry.example.com", V18_0) == "http://registry.example.com"
    assert registry_path("http://registry.example.com", V18_1) == "registry.example.com"


def test_parents_come_longest_first() -> None:
    assert with_parents("host/a/b") == ["host/a/b", "host/a", "host"]
    assert with_parents("host") == ["host"]


@given(st.text(max_size=60), st.sampled_from([V16_9, V17_5, V18_0, V18_3, V18_11]))
def test_any_text_has_a_path(text: str, version: tuple[int, int]) -> None:
    assert isinstance(image_path(text, version), str)
    assert isinstance(registry_path(text, version), str)
