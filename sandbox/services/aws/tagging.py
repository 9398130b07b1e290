"""Patches moto's Resource Groups Tagging API, which leaves out what ECR and parts of EC2 have.

Source: docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html.
"""

from collections.abc import Callable, Iterator
from typing import Any


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.ec2.models import EC2Backend
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

    backend: Any = ResourceGroupsTaggingAPIBackend
    ec2: Any = EC2Backend
    if hasattr(ec2.iter_tagged_resources, "patched"):
        return
    ec2.iter_tagged_resources = _with_more_of_ec2(ec2.iter_tagged_resources)
    backend._get_resources_generator = _with_repositories(backend._get_resources_generator)


def _with_more_of_ec2(original: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    from moto.core.resource_tagging import TaggedResource

    def resources(backend: Any) -> Iterator[Any]:
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
        for kind, ids in kinds.items():
            for each in ids:
                place = f"{backend.region_name}:{backend.account_id}"
                yield TaggedResource(
                    arn=f"arn:{backend.partition}:ec2:{place}:{kind}/{each}",
                    tags=dict(backend.tags.get(each, {})),
                    resource_type=f"ec2:{kind}",
                )

    resources.patched = True  # type: ignore[attr-defined]
    return resources


def _with_repositories(original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
    from moto.ecr.models import ecr_backends

    def resources(
        backend: Any,
        tag_filters: Any = None,
        resource_type_filters: Any = None,
        resource_arn_list: Any = None,
    ) -> Iterator[Any]:
        yield from original(backend, tag_filters, resource_type_filters, resource_arn_list)
        matches = make_tag_matcher(tag_filters)
        ecr = ecr_backends[backend.account_id][backend.region_name]
        for each in ecr.repositories.values():
            tags = ecr.tagger.get_tag_dict_for_resource(each.arn)
            wanted = match_resource_type("ecr:repository", resource_type_filters)
            if tags and wanted and matches(tags) and each.arn in (resource_arn_list or [each.arn]):
                yield TaggedResource(arn=each.arn, tags=tags, resource_type="ecr:repository")

    return resources
