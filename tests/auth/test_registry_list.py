"""The list of registries that the host's credential helper reads."""

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.auth.registry_list import (
    ECR_HELPER,
    CredentialSource,
    read_registry_list,
    registry_list,
)

SOURCES = [
    (
        "registry.example.com:5000",
        CredentialSource("parameter", ("eu-west-1", "/project/stack/build/legacy")),
    ),
    (
        "registry.partner.example",
        CredentialSource(
            "secret", ("eu-west-1", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf")
        ),
    ),
    ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", CredentialSource("helper", (ECR_HELPER,))),
]


def test_a_line_for_each_registry() -> None:
    assert registry_list(SOURCES) == (
        "# The registries of this runner host, and where the credentials of each come from.\n"
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com helper /usr/bin/docker-credential-ecr-login\n"
        "registry.example.com:5000 parameter eu-west-1 /project/stack/build/legacy\n"
        "registry.partner.example secret eu-west-1 "
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf\n"
    )


@given(st.permutations(SOURCES))
def test_the_order_of_the_registries_does_not_change_the_list(
    sources: list[tuple[str, CredentialSource]],
) -> None:
    assert registry_list(sources) == registry_list(SOURCES)


def test_a_written_list_is_read_back_unchanged() -> None:
    assert read_registry_list(registry_list(SOURCES)) == dict(SOURCES)


def test_lines_without_a_registry_and_its_source_are_ignored() -> None:
    lines = (
        "# a comment",
        "  # one of several words",
        "",
        "registry.example.com",
        "registry.example.com helper",
    )
    assert read_registry_list("\n".join(lines)) == {}


def test_a_list_without_registries_has_only_its_heading() -> None:
    assert registry_list([]).splitlines() == [registry_list(SOURCES).splitlines()[0]]
