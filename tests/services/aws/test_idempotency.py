"""A retry after a lost answer has the token of the first request, and creates no duplicate."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.services.aws.server import AwsServer
from tests.faults.proxy import Fault, Traffic, Way, proxy


@pytest.fixture
def lossy() -> Iterator[tuple[Traffic, Any]]:
    """Traffic in which answers can be lost, and a function that creates a client behind it."""
    traffic = Traffic()
    with AwsServer() as server, proxy("aws", server.endpoint, traffic) as address:

        def client(service: str) -> Any:
            return boto3.client(
                service,
                region_name="eu-west-1",
                endpoint_url=address,
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",
                config=Config(retries={"total_max_attempts": 2}),
            )

        yield traffic, client


def test_a_launch_template(lossy: tuple[Traffic, Any]) -> None:
    traffic, client = lossy
    ec2 = client("ec2")
    traffic.begin(Fault("ec2 CreateLaunchTemplate once", 1, Way.LOST))
    data = {"InstanceType": "t3.large"}
    made = ec2.create_launch_template(LaunchTemplateName="once", LaunchTemplateData=data)
    assert traffic.struck == 1
    (found,) = ec2.describe_launch_templates(LaunchTemplateNames=["once"])["LaunchTemplates"]
    assert found["LaunchTemplateId"] == made["LaunchTemplate"]["LaunchTemplateId"]
    with pytest.raises(ec2.exceptions.ClientError, match="AlreadyExists"):  # a separate request
        ec2.create_launch_template(LaunchTemplateName="once", LaunchTemplateData=data)


def test_a_secret(lossy: tuple[Traffic, Any]) -> None:
    traffic, client = lossy
    secrets = client("secretsmanager")
    traffic.begin(Fault("secretsmanager CreateSecret once", 1, Way.LOST))
    arn = secrets.create_secret(Name="once", SecretString="x")["ARN"]
    assert traffic.struck == 1
    found = [each["ARN"] for each in secrets.list_secrets()["SecretList"] if each["Name"] == "once"]
    assert found == [arn]
