"""Amazon ECR: the host names of its registries, and the mutability of tags."""

import re
from collections.abc import Sequence

ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(amazonaws\.(com(\.cn)?|eu)|on\.(aws|amazonwebservices\.com\.cn))"
)
"""The host of an ECR registry, as in docker-credential-ecr-login 0.12.0 (ecr-login/api/client.go), except for
the isolated partitions of the United States government."""

PUBLIC_HOST = "public.ecr.aws"
"""The host of the Amazon ECR Public Gallery."""

_DUAL_STACK = re.compile(r"\.dkr-ecr(-fips)?\.([a-z0-9-]+)\.on\.(aws|amazonwebservices\.com\.cn)")
_CLASSIC_DOMAINS = {"aws": "amazonaws.com", "amazonwebservices.com.cn": "amazonaws.com.cn"}

ALL_TAGS = "*"
"""The pattern of mutable tags that matches every tag."""


def ecr_declaration(host: str) -> str:
    """The declaration of a registry for a host of ECR or of its public gallery; empty for another host.

    Args:
        host: the host, without a path.
    """
    if host == PUBLIC_HOST:
        return "ecr_public: {}"
    found = ECR_HOST.fullmatch(host)
    return f'ecr: {{account: "{found["account"]}", region: {found["region"]}}}' if found else ""


def is_dual_stack(host: str) -> bool:
    """Whether a host is a registry's dual-stack name, ``ACCOUNT.dkr-ecr.REGION.on.aws``, for IPv4 and IPv6.

    Source: docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html.
    """
    return ECR_HOST.fullmatch(host) is not None and _DUAL_STACK.search(host) is not None


def classic_host(host: str) -> str:
    """The IPv4 host name of the same registry, as in declarations and Docker credentials."""

    def classic(found: re.Match[str]) -> str:
        region = found[2]
        domain = "amazonaws.eu" if region.startswith("eusc-") else _CLASSIC_DOMAINS[found[3]]
        return f".dkr.ecr{found[1] or ''}.{region}.{domain}"

    return _DUAL_STACK.sub(classic, host)


def tag_mutability(mutable_tags: Sequence[str]) -> tuple[str, list[dict[str, str]]]:
    """The tag mutability setting of a repository, and its exclusion filters.

    Args:
        mutable_tags: the patterns of the tags that may be moved, such as ``latest`` or ``cache-*``.
    """
    if ALL_TAGS in mutable_tags:
        return "MUTABLE", []
    if not mutable_tags:
        return "IMMUTABLE", []
    return "IMMUTABLE_WITH_EXCLUSION", [{"filter": each, "filter_type": "WILDCARD"} for each in mutable_tags]


def is_mutable(tag: str, mutable_tags: Sequence[str]) -> bool:
    """Whether a tag may be moved in a repository with these patterns of mutable tags."""
    return matches_any(tag, mutable_tags)


def matches_any(tag: str, patterns: Sequence[str]) -> bool:
    """Whether a tag matches one of ECR's patterns, in which ``*`` matches any text."""
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) for pattern in patterns)
