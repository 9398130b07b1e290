"""Patches moto's Resource Groups Tagging API, which lacks the resources of ECR and some of EC2.

Source: docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html.
"""

from collections.abc import Callable, Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.ec2.models import EC2Backend
from moto.ecr.models import ecr_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from sandbox.services.aws.patching import around


@around(EC2Backend)
def iter_tagged_resources(
    original: Callable[[Any], Iterator[TaggedResource]], backend: Any
) -> Iterator[TaggedResource]:
    """The tagged resources of EC2."""
    yield from original(backend)
    kinds: dict[str, list[str]] = {
        "elastic-ip": [each.allocation_id for each in backend.addresses],
        "launch-template": [each.id for each in backend.launch_templates.values()],
        "security-group-rule": [
            rule.id
            for groups in backend.groups.values()
            for group in groups.values()
            for rule in (*group.ingress_rules, *group.egress_rules)
        ],
        "vpc-endpoint": [each.id for each in backend.vpc_end_points.values()],
    }
    place = f"{backend.region_name}:{backend.account_id}"
    for kind, ids in kinds.items():
        for each in ids:
            yield TaggedResource(
                arn=f"arn:{backend.partition}:ec2:{place}:{kind}/{each}",
                tags=dict(backend.tags.get(each, {})),
                resource_type=f"ec2:{kind}",
            )


@around(ResourceGroupsTaggingAPIBackend)
def _get_resources_generator(
    original: Callable[..., Iterator[TaggedResource]],
    backend: Any,
    tag_filters: Any = None,
    resource_type_filters: Any = None,
    resource_arn_list: Any = None,
) -> Iterator[TaggedResource]:
    yield from original(backend, tag_filters, resource_type_filters, resource_arn_list)
    matches = make_tag_matcher(tag_filters)
    ecr = ecr_backends[backend.account_id][backend.region_name]
    for each in ecr.repositories.values():
        tags = ecr.tagger.get_tag_dict_for_resource(each.arn)
        wanted = match_resource_type("ecr:repository", resource_type_filters)
        if tags and wanted and matches(tags) and each.arn in (resource_arn_list or [each.arn]):
            yield TaggedResource(arn=each.arn, tags=tags, resource_type="ecr:repository")
