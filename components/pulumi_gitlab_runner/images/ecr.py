"""Names of images in Amazon ECR."""

import re

ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)"
)
"""An ECR registry's host, as docker-credential-ecr-login 0.12.0 recognises it."""

DUAL_STACK = ".on.aws"
"""How the host ends that answers by IPv6 as well: ``ACCOUNT.dkr-ecr.REGION.on.aws``."""


def classic_host(host: str) -> str:
    """The host of the same registry as declarations know it."""
    return re.sub(r"\.dkr-ecr(-fips)?\.([a-z0-9-]+)\.on\.aws$", r".dkr.ecr\1.\2.amazonaws.com", host)
