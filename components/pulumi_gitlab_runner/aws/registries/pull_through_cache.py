"""Pull-through cache rules of ECR for public registries."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.existing import unless_cache_rule
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import renamed_child
from pulumi_gitlab_runner.resolution import given, given_or_none
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.registries import PullThroughRegistry


def pull_through_cache(
    name: str, registry: PullThroughRegistry, tags: AwsTags, parent: pulumi.Resource
) -> None:
    """Create a pull-through cache rule, and the secret with the upstream login if the declaration has one.

    Args:
        name: the resource name of the rule.
        registry: the cached registry.
        tags: the tags of the secret.
        parent: the parent of the resources.
    """
    secret_arn, filled = given_or_none(registry.upstream_secret), []
    if login := registry.upstream_login:
        # ECR accepts only secrets with this prefix. Pulumi appends random characters to the resource name,
        # since the name of a deleted secret stays in use for a while.
        renamed = renamed_child(parent, f"ecr-pullthroughcache/{registry.name}")
        secret = aws.secretsmanager.Secret(
            f"ecr-pullthroughcache/{name}",
            description=f"What ECR logs in with at {registry.upstream_host}",
            # The declaration has the value. Without a recovery window, the deletion succeeds again where its
            # response was lost: docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html.
            recovery_window_in_days=0,
            tags=tag_inputs(tags),
            opts=renamed,
        )
        version = aws.secretsmanager.SecretVersion(
            f"ecr-pullthroughcache/{name}",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps(
                {"username": given(login.username), "accessToken": given(login.password)}
            ),
            opts=renamed,
        )
        secret_arn, filled = secret.arn, [version]
    aws.ecr.PullThroughCacheRule(
        name,
        ecr_repository_prefix=registry.prefix,
        upstream_registry_url=registry.upstream_host,
        credential_arn=secret_arn,
        # ECR refuses a rule whose secret has no value yet.
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=filled,
            aliases=[pulumi.Alias(name=registry.name)],
            hooks=unless_cache_rule(name, parent),
        ),
    )
