"""Names of images in Amazon ECR."""

import re

ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)"
)
"""An ECR registry's host, as docker-credential-ecr-login 0.12.0 recognises it."""
