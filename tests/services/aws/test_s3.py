"""Answers of the sandbox's S3 that differ from those of moto."""

from collections.abc import Callable
from typing import Any

from botocore.config import Config

from sandbox.services.aws import ACCOUNT


def test_a_bucket_has_the_tags_of_its_creation(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    tags = [{"Key": "team", "Value": "ci"}, {"Key": "empty", "Value": ""}]
    configuration = {"LocationConstraint": "eu-west-1", "Tags": tags}
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration=configuration)
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    # Its host name starts with the account, so the server is used as a proxy.
    control = client("s3control", config=Config(proxies={"http": s3.meta.endpoint_url}))
    shown = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::tagged")
    assert shown["Tags"] == tags


def test_a_bucket_without_tags_has_none(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="plain", VersioningConfiguration={"Status": "Enabled"})
    control = client("s3control", config=Config(proxies={"http": s3.meta.endpoint_url}))
    assert control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::plain")["Tags"] == []
