"""Simple Storage Service: buckets, their configuration, and objects.

Source of updates and replacements: the official provider's ``internal/service/s3``. It tags a bucket at its
creation, and later with S3 Control (``tags.go``); its alternatives, for a principal or a region without
these, are not supported.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.standin.properties import Failure, Flag, ListOf, MapOf, Number, Object, Property, SetOf, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties


class Bucket(AwsResource):
    """A bucket. Its id is its name."""

    token = "aws:s3/bucket:Bucket"
    service = "s3"
    gone = ("NoSuchBucket", "404")
    automatic_name = AutomaticName(property="bucket", maximum_length=63, lower_case=True)
    inputs = {
        "bucket": Text(computed=True, replaces=True),
        "forceDestroy": Flag(default=False),
        **REGION,
        **TAGS,
    }
    outputs = {
        "arn": Text(),
        "bucketDomainName": Text(),
        "bucketRegion": Text(),
        "bucketRegionalDomainName": Text(),
    }

    def create(self, inputs: Properties) -> str:
        region = self.connection.region
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        asked = place | given({"Tags": tag_list(inputs.get("tagsAll") or {})})
        self.client.create_bucket(Bucket=inputs["bucket"], **given({"CreateBucketConfiguration": asked}))
        return str(inputs["bucket"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        region = self.client.head_bucket(Bucket=resource_id)["BucketRegion"]
        named = self._named(resource_id)
        return {
            "bucket": resource_id,
            "tagsAll": tag_map(self._control.list_tags_for_resource(**named)["Tags"]),
            "arn": named["ResourceArn"],
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{region}.amazonaws.com",
        }

    def retag(self, named: str, old: Properties, new: Properties) -> None:
        """Update the tags in place."""
        bucket = self._named(named)
        added, removed = tag_changes(old, new)
        if removed:
            self._control.untag_resource(**bucket, TagKeys=removed)
        if added:
            self._control.tag_resource(**bucket, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the bucket; with ``forceDestroy`` its objects too, in all their versions."""
        if state.get("forceDestroy"):
            _delete_versions(self.client, Bucket=resource_id)
        self.client.delete_bucket(Bucket=resource_id)

    @property
    def _control(self) -> Any:
        """The client of S3 Control, with which the provider reads and updates tags."""
        return self.connection.client("s3control")

    def _named(self, bucket: str) -> dict[str, str]:
        """The arguments that identify a bucket in S3 Control."""
        arn = f"arn:{self.connection.partition}:s3:::{bucket}"
        return {"AccountId": self.connection.account, "ResourceArn": arn}


class _BucketConfiguration(AwsResource):
    """One configuration of a bucket, put as a whole, with the name ``aspect`` in the API's operations.

    Its id is the bucket's name.
    """

    service = "s3"
    aspect: ClassVar[str]
    body: ClassVar[Mapping[str, Property]]

    def create(self, inputs: Properties) -> str:
        self.put(inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        return {"bucket": resource_id, **self.get(resource_id)}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.put(resource_id, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Reset the bucket to its default."""
        self.call(f"Delete{self.aspect}", {}, Bucket=resource_id)

    def put(self, bucket: str, inputs: Properties) -> None:
        self.call(f"Put{self.aspect}", {}, Bucket=bucket, **{self._member: self.sent(inputs)})

    def get(self, bucket: str) -> Properties:
        answer = self.call(f"Get{self.aspect}", {}, Bucket=bucket)
        return from_api(self.body, answer.get(self._member, answer))

    def sent(self, inputs: Properties) -> dict[str, Any]:
        """The configuration in ``inputs`` in the format of the API."""
        return to_api(self.body, inputs, self.shape(f"Put{self.aspect}", self._member))

    @property
    def _member(self) -> str:
        """The name of the configuration's parameter in the operations."""
        return str(self.shape(f"Put{self.aspect}").serialization["payload"])


_BUCKET = {"bucket": Text(required=True, replaces=True), **REGION}


class BucketVersioning(_BucketConfiguration):
    """Whether a bucket keeps the old versions of its objects."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    gone = ("NoSuchBucket",)
    body = {
        "versioningConfiguration": Object(
            {"status": Text(required=True), "mfaDelete": Text(computed=True)}, required=True
        )
    }
    inputs = {**_BUCKET, **body}

    @classmethod
    def replaced_by(cls, old: Properties, new: Properties) -> Iterator[str]:
        """The versioning of a bucket can be suspended, but not disabled again."""
        before, after = ((one.get("versioningConfiguration") or {}).get("status") for one in (old, new))
        if after == "Disabled" and before in ("Enabled", "Suspended"):
            raise Refused(f"versioning_configuration.status cannot be updated from '{before}' to '{after}'")
        yield from ()

    def put(self, bucket: str, inputs: Properties) -> None:
        """Set the versioning; a bucket is created without it, which ``Disabled`` keeps."""
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            self.call("PutBucketVersioning", inputs, self.body, Bucket=bucket)

    def get(self, bucket: str) -> Properties:
        live = self.client.get_bucket_versioning(Bucket=bucket)
        unset = {"Status": "Disabled", "MFADelete": "Disabled"}
        return from_api(self.body, {"VersioningConfiguration": {**unset, **live}})

    def remove(self, resource_id: str, state: Properties) -> None:
        """Suspend the versioning; it cannot be removed."""
        if state["versioningConfiguration"]["status"] == "Enabled":
            self.client.put_bucket_versioning(
                Bucket=resource_id, VersioningConfiguration={"Status": "Suspended"}
            )


class BucketPublicAccessBlock(_BucketConfiguration):
    """The public access that a bucket blocks."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    gone = ("NoSuchBucket", "NoSuchPublicAccessBlockConfiguration")
    aspect = "PublicAccessBlock"
    body = {
        "blockPublicAcls": Flag(default=False),
        "blockPublicPolicy": Flag(default=False),
        "ignorePublicAcls": Flag(default=False),
        "restrictPublicBuckets": Flag(default=False),
    }
    inputs = {**_BUCKET, **body}


class BucketServerSideEncryptionConfiguration(_BucketConfiguration):
    """The default encryption of a bucket's objects."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    gone = ("NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError")
    aspect = "BucketEncryption"
    body = {
        "rules": SetOf(
            Object(
                {
                    "applyServerSideEncryptionByDefault": Object(
                        {"sseAlgorithm": Text(required=True), "kmsMasterKeyId": Text()}
                    ),
                    "bucketKeyEnabled": Flag(),
                }
            ),
            required=True,
            minimum_items=1,
        )
    }
    inputs = {**_BUCKET, **body}


class BucketPolicy(_BucketConfiguration):
    """The policy of a bucket."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    gone = ("NoSuchBucket", "NoSuchBucketPolicy")
    aspect = "BucketPolicy"
    body = {"policy": PolicyDocument(required=True)}
    inputs = {**_BUCKET, **body}

    def sent(self, inputs: Properties) -> Any:
        return inputs["policy"]

    def get(self, bucket: str) -> Properties:
        return {"policy": self.client.get_bucket_policy(Bucket=bucket)["Policy"]}


class BucketLifecycleConfiguration(_BucketConfiguration):
    """The rules for the expiration of a bucket's objects."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    gone = ("NoSuchBucket", "NoSuchLifecycleConfiguration")
    aspect = "BucketLifecycleConfiguration"
    body = {
        "rules": ListOf(
            Object(
                {
                    "id": Text(required=True),
                    "status": Text(required=True),
                    "filter": Object({"prefix": Text()}),
                    "expiration": Object({"days": Number(minimum=1), "date": Text()}),
                    "abortIncompleteMultipartUpload": Object({"daysAfterInitiation": Number(minimum=1)}),
                    "noncurrentVersionExpiration": Object(
                        {"noncurrentDays": Number(required=True, minimum=1)}
                    ),
                }
            ),
            required=True,
            minimum_items=1,
        )
    }
    inputs = {**_BUCKET, **body}

    def sent(self, inputs: Properties) -> dict[str, Any]:
        """The rules, each with a filter, by default for all objects."""
        rules = super().sent(inputs)["Rules"]
        return {"Rules": [{**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in rules]}

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_bucket_lifecycle(Bucket=resource_id)


class BucketObjectv2(AwsResource):
    """An object in a bucket, with its content as text. Its id is ``BUCKET/KEY``."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    service = "s3"
    gone = ("NoSuchBucket", "NoSuchKey", "404")
    automatic_name = AutomaticName(property="key", suffix=False, maximum_length=1024)
    inputs = {
        "bucket": Text(required=True, replaces=True),
        "key": Text(computed=True, replaces=True),
        "content": Text(),
        "contentType": Text(computed=True),
        "metadata": MapOf(Text()),
        "etag": Text(computed=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "versionId": Text()}
    unshown = ("content",)

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """The service lower-cases the keys of metadata, so others are refused."""
        metadata = inputs.get("metadata")
        for key in metadata if isinstance(metadata, Mapping) else ():  # unknown in a preview
            if key != key.lower():
                yield Failure(f"metadata.{key}", f"not allowed; write it in lower case: {key.lower()}")

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """The id of an import may start with ``s3://`` and end in ``@REGION``."""
        path, known = super().identify(resource_id.removeprefix("s3://"))
        if "/" not in path:
            raise Refused(f"{resource_id} is not the id of an object; write BUCKET/KEY")
        return path, known

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """New content creates a new version."""
        return ("etag", "versionId") if changed - {"tags", "tagsAll"} else ()

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The current properties of the object; of its content, only the ETag."""
        bucket, key = resource_id.split("/", 1)
        live = self.client.head_object(Bucket=bucket, Key=key)
        tags = self.client.get_object_tagging(Bucket=bucket, Key=key)
        return {
            **self.shown(live),
            "bucket": bucket,
            "key": key,
            "etag": live["ETag"].strip('"'),
            "tagsAll": tag_map(tags["TagSet"]),
            "arn": f"arn:{self.connection.partition}:s3:::{resource_id}",
            "versionId": live.get("VersionId", ""),
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the object again, or only its tags."""
        if changed - {"tags", "tagsAll"}:
            self._put(new)
        elif "tagsAll" in changed:
            self.client.put_object_tagging(
                Bucket=new["bucket"], Key=new["key"], Tagging={"TagSet": tag_list(new.get("tagsAll"))}
            )

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the object in all its versions."""
        _delete_versions(self.client, state["key"], Bucket=state["bucket"], Prefix=state["key"])

    def _put(self, inputs: Properties) -> None:
        tags = "&".join(f"{_quoted(k)}={_quoted(v)}" for k, v in (inputs.get("tagsAll") or {}).items())
        content = inputs.get("content", "").encode()
        self.call(
            "PutObject", {"contentType": "application/octet-stream", **inputs}, Body=content, Tagging=tags
        )


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _delete_versions(client: Any, key: str | None = None, **listed: str) -> None:
    """Delete the listed objects in all their versions; with ``key``, only that one."""
    for page in client.get_paginator("list_object_versions").paginate(**listed):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            if key in (None, version["Key"]):
                client.delete_object(
                    Bucket=listed["Bucket"], Key=version["Key"], VersionId=version["VersionId"]
                )
