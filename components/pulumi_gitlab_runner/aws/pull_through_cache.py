"""Public registries that ECR caches."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.spec.registries import PullThroughRegistry, RegistryDeclaration


def pull_through_cache(
    registry: PullThroughRegistry, declaration: RegistryDeclaration, parent: pulumi.Resource
) -> None:
    """Make the rule of a cache, and the secret that ECR logs in with upstream where it is declared itself.

    Args:
        registry: the cached registry.
        declaration: its declaration, whose access token may be an Output.
        parent: what the resources belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    secret_arn: pulumi.Input[str] | None = registry.upstream_secret
    filled: list[pulumi.Resource] = []
    if "upstream_credentials" in declaration:
        credentials = declaration["upstream_credentials"]
        # ECR may read no secret of another name; Pulumi adds some characters, since a deleted secret keeps
        # its name for a while.
        secret_name = f"ecr-pullthroughcache/{registry.name}"
        secret = aws.secretsmanager.Secret(
            secret_name, description=f"What ECR logs in with at {registry.upstream_host}", opts=child
        )
        version = aws.secretsmanager.SecretVersion(
            secret_name,
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps(
                {
                    "username": credentials["username"],
                    "accessToken": pulumi.Output.secret(credentials["access_token"]),
                }
            ),
            opts=child,
        )
        secret_arn, filled = secret.arn, [version]
    aws.ecr.PullThroughCacheRule(
        registry.name,
        ecr_repository_prefix=registry.prefix,
        upstream_registry_url=registry.upstream_host,
        credential_arn=secret_arn,
        # ECR makes no rule with a secret that is empty yet.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=filled),
    )
