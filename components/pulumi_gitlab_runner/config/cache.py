"""The `[runners.cache]` section of `config.toml`: the distributed cache.

Keys, types and defaults are those of the runner's `cache/cacheconfig/cacheconfig.go` (19.4). Unlike all other
keys of the file, these are in CamelCase.
"""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.toml_table import toml_table


@toml_table(
    {
        "server_address": "ServerAddress",
        "access_key": "AccessKey",
        "secret_key": "SecretKey",
        "session_token": "SessionToken",
        "bucket_name": "BucketName",
        "bucket_location": "BucketLocation",
        "insecure": "Insecure",
        "authentication_type": "AuthenticationType",
        "server_side_encryption": "ServerSideEncryption",
        "server_side_encryption_key_id": "ServerSideEncryptionKeyID",
        "dual_stack": "DualStack",
        "path_style": "PathStyle",
        "accelerate": "Accelerate",
        "role_arn": "RoleARN",
        "upload_role_arn": "UploadRoleARN",
        "assume_role_max_concurrency": "AssumeRoleMaxConcurrency",
        "disable_assume_role_credentials_caching": "DisableAssumeRoleCredentialsCaching",
    }
)
class S3CacheConfig(TypedDict):
    """`[runners.cache.s3]`: a cache in S3 or a compatible store."""

    server_address: NotRequired[str]
    """`HOST[:PORT]` of the store. Default: AWS. Since 11.3."""
    access_key: NotRequired[str]
    """Access key ID; leave it out to use the host's role. Since 11.3."""
    secret_key: NotRequired[str]
    """Secret access key; a secret. Since 11.3."""
    session_token: NotRequired[str]
    """Session token of temporary credentials; a secret. Since 16.8."""
    bucket_name: NotRequired[str]
    """Name of the bucket. Since 11.3."""
    bucket_location: NotRequired[str]
    """Region of the bucket, such as `eu-west-1`. Since 11.3."""
    insecure: NotRequired[bool]
    """Use HTTP instead of HTTPS. Default: false. Since 11.3."""
    authentication_type: NotRequired[str]
    """`iam` or `access-key`. Default: access-key if `server_address` and both keys are set. Since 14.4."""
    server_side_encryption: NotRequired[str]
    """Encryption at rest: `S3`, `KMS` or `DSSE-KMS`. Default: the bucket's. Since 15.3."""
    server_side_encryption_key_id: NotRequired[str]
    """Alias, ID or ARN of the KMS key. Since 15.3."""
    dual_stack: NotRequired[bool]
    """Use dual-stack endpoints, with IPv4 and IPv6. Default: true. Since 17.5."""
    path_style: NotRequired[bool]
    """Use path-style URLs. Default: false on AWS and Google, otherwise detected. Since 17.5."""
    accelerate: NotRequired[bool]
    """Use S3 Transfer Acceleration. Default: false. Since 17.5."""
    role_arn: NotRequired[str]
    """Role that the manager assumes to sign cache transfers. Since 17.8."""
    upload_role_arn: NotRequired[str]
    """Role that the manager assumes for multipart uploads. Since 17.5."""
    assume_role_max_concurrency: NotRequired[int]
    """Calls to AWS STS at a time; -1 for no limit. Default: 5. Since 18.11."""
    disable_assume_role_credentials_caching: NotRequired[bool]
    """Call AWS STS for every transfer. Default: false. Since 18.11."""


@toml_table(
    {
        "credentials_file": "CredentialsFile",
        "bucket_name": "BucketName",
        "universe_domain": "UniverseDomain",
        "access_id": "AccessID",
        "private_key": "PrivateKey",
    }
)
class GcsCacheConfig(TypedDict):
    """`[runners.cache.gcs]`: a cache in Google Cloud Storage."""

    credentials_file: NotRequired[str]
    """Path of a service account's key file. Since 11.3."""
    bucket_name: NotRequired[str]
    """Name of the bucket. Since 11.3."""
    universe_domain: NotRequired[str]
    """Universe domain of Google Cloud. Default: `googleapis.com`. Since 18.9."""
    access_id: NotRequired[str]
    """ID of the service account. Since 11.3."""
    private_key: NotRequired[str]
    """Private key of the service account; a secret. Since 11.3."""


@toml_table(
    {
        "container_name": "ContainerName",
        "storage_domain": "StorageDomain",
        "account_name": "AccountName",
        "account_key": "AccountKey",
    }
)
class AzureCacheConfig(TypedDict):
    """`[runners.cache.azure]`: a cache in Azure Blob Storage."""

    container_name: NotRequired[str]
    """Name of the container. Since 13.4."""
    storage_domain: NotRequired[str]
    """Domain of the storage. Default: `blob.core.windows.net`. Since 13.4."""
    account_name: NotRequired[str]
    """Name of the storage account. Since 13.4."""
    account_key: NotRequired[str]
    """Key of the storage account; a secret. Since 13.4."""


@toml_table(
    {
        "type": "Type",
        "path": "Path",
        "shared": "Shared",
        "max_uploaded_archive_size": "MaxUploadedArchiveSize",
    }
)
class CacheConfig(TypedDict):
    """`[runners.cache]`: the distributed cache."""

    type: NotRequired[str]
    """Kind of store: `s3`, `gcs` or `azure`. Since 1.1."""
    path: NotRequired[str]
    """Prefix of every object. Since 1.9."""
    shared: NotRequired[bool]
    """Share caches between runners. Default: false. Since 1.9."""
    max_uploaded_archive_size: NotRequired[int]
    """Maximum size of an uploaded archive, in bytes; 0 for no limit. Default: 0. Since 15.6."""
    s3: NotRequired[S3CacheConfig]
    """A cache in S3 or a compatible store. Since 11.3."""
    gcs: NotRequired[GcsCacheConfig]
    """A cache in Google Cloud Storage. Since 11.3."""
    azure: NotRequired[AzureCacheConfig]
    """A cache in Azure Blob Storage. Since 13.4."""
