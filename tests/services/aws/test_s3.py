"""What the sandbox's S3 answers where moto by itself answers something else."""

from collections.abc import Callable
from typing import Any

from botocore.config import Config

from sandbox.services.aws import ACCOUNT


def test_a_bucket_has_the_tags_of_its_creation(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    tags = [{"Key": "team", "Value": "ci"}, {"Key": "empty", "Value": ""}]
    asked = {"LocationConstraint": "eu-west-1", "Tags": tags}
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration=asked)
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    # Its address begins with the account, so that the server is its proxy.
    control = client("s3control", config=Config(proxies={"http": s3.meta.endpoint_url}))
    shown = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::tagged")
    assert shown["Tags"] == tags


def test_a_bucket_without_tags_has_none(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="plain", VersioningConfiguration={"Status": "Enabled"})
    control = client("s3control", config=Config(proxies={"http": s3.meta.endpoint_url}))
    assert control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::plain")["Tags"] == []
