"""Image references: what the real `docker pull` accepts as one, and which image that is."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.reference import ImageReference, InvalidImageReference, parse

from tests.docker_command.pulling import DockerCommand

HEXADECIMAL = "0123456789abcdef" * 8
HOSTS = st.sampled_from(
    ["", "localhost/", "TEAM/", "Host:5000/", "docker.io/", "index.docker.io/", "[::1]:5/"]
)
PATHS = st.lists(st.sampled_from(["app", "library", "a.b", "a__b", "0--1", "localhost"]), min_size=1).map(
    "/".join
)
TAGS = st.sampled_from(["", ":latest", ":_", ":1.2-RC", ":" + "t" * 128])
DIGESTS = st.sampled_from(["", f"@sha256:{HEXADECIMAL[:64]}", f"@sha512:{HEXADECIMAL}"])
BAD_HOSTS = st.sampled_from(["[::1/", "h:9_/", "h:/", "-.h/", "a..b/", "user:password@h/", "https://h/", "/"])
BAD_PATHS = st.sampled_from(["a___b", "a-.b", "-a", "a_", "app/Team", "", "a//b", "a b", "\u00e4", "a" * 256])
BAD_TAGS = st.sampled_from([":-1", ":.", ":", ":1:2", ":" + "t" * 129, ":$TAG", ":1\n", ":\u00e4"])
BAD_DIGESTS = st.sampled_from(
    ["@", "@sha256:", f"@md5:{HEXADECIMAL[:32]}", f"@sha-256:{HEXADECIMAL[:64]}", f"@sha256:{'A' * 64}"]
)
REFERENCES = st.one_of(
    st.builds("{}{}{}{}".format, *parts)
    for parts in [
        (HOSTS, PATHS, TAGS, DIGESTS),
        (BAD_HOSTS, PATHS, TAGS, DIGESTS),
        (HOSTS, BAD_PATHS, TAGS, DIGESTS),
        (HOSTS, PATHS, BAD_TAGS, DIGESTS),
        (HOSTS, PATHS, TAGS, BAD_DIGESTS),
    ]
)
TEXT = st.text(alphabet="aB0./:@-_[]$ \n", max_size=40) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)


@settings(derandomize=True, max_examples=50)
@given(text=REFERENCES | TEXT)
def test_references_are_parsed_as_by_docker(docker_command: DockerCommand, text: str) -> None:
    try:
        ours = full_name(parse(text))
    except InvalidImageReference:
        ours = None
    assert docker_command.pull(text).image == ours


def full_name(reference: ImageReference) -> str:
    """The image as `docker pull` prints it: with the default tag if it has none."""
    return str(reference) if reference.tag or reference.digest else f"{reference}:latest"
