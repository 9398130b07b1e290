"""Hosts of Amazon ECR."""

import pytest
from pulumi_gitlab_runner.images.ecr import ECR_HOST, classic_host, ecr_declaration, is_dual_stack

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("host", "classic"),
    [
        (f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"),
        (f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws", f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com"),
        (
            f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn",
        ),
        (f"{ACCOUNT}.dkr-ecr.eusc-de-east-1.on.aws", f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_a_dual_stack_name_has_the_classic_name_of_the_same_registry(host: str, classic: str) -> None:
    assert is_dual_stack(host)
    assert classic_host(host) == classic
    assert ECR_HOST.fullmatch(classic)
    assert ecr_declaration(host) == ecr_declaration(classic)
    assert not is_dual_stack(classic)


@pytest.mark.parametrize(
    "host",
    [
        f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws.example.com",
        f"{ACCOUNT}.dkr.ecr.eu-west-1.example.com",
        "1.dkr-ecr.eu-west-1.on.aws",
        "public.ecr.aws",
    ],
)
def test_other_hosts_are_not_hosts_of_ecr(host: str) -> None:
    assert not ECR_HOST.fullmatch(host)
    assert not is_dual_stack(host)


@pytest.mark.parametrize(
    ("host", "declaration"),
    [
        ("public.ecr.aws", "ecr_public: {}"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", f'ecr: {{account: "{ACCOUNT}", region: eu-west-1}}'),
        ("registry.example.com", ""),
    ],
)
def test_the_declaration_of_a_registry(host: str, declaration: str) -> None:
    assert ecr_declaration(host) == declaration
