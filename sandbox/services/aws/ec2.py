"""Patches moto's EC2.

moto puts a launch template's own tags among those that its instances get, shows a template's tags for ever as
they were when it was made, and cannot launch a later version that has user data. It forgets the description
of a security group's rule whose far end is another group, and deletes a group that an instance uses. It makes
over a thousand images for each region, with a volume and a snapshot each, before any is asked for.
"""

import threading
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.ec2.models import amis, launch_templates, security_groups
    from moto.ec2.utils import parse_user_data

    template_class: Any = launch_templates.LaunchTemplate

    if hasattr(template_class.create_version, "patched"):
        return
    original = template_class.create_version

    def create_version(template: Any, data: dict[str, Any], description: str) -> Any:
        tags = data.get("TagSpecifications", [])
        passed_on = [one for one in tags if one["ResourceType"] != "launch-template"]
        kept = {name: value for name, value in data.items() if name != "TagSpecifications"}
        if passed_on:
            kept["TagSpecifications"] = passed_on
        if isinstance(kept.get("UserData"), str):
            kept["UserData"] = parse_user_data(kept["UserData"])
        return original(template, kept, description)

    create_version.patched = True  # type: ignore[attr-defined]
    template_class.create_version = create_version
    template_class.tags = property(lambda template: template.get_tags(), lambda _template, _tags: None)
    rule_class: Any = security_groups.SecurityGroupRule
    rule_class.description = property(_description)
    _load_images_later(amis.AmiBackend)
    groups_class: Any = security_groups.SecurityGroupBackend
    groups_class.delete_security_group = _not_in_use(groups_class.delete_security_group)


def _load_images_later(backend_class: Any) -> None:
    load = backend_class._load_amis
    loading = threading.RLock()

    def images(backend: Any) -> dict[str, Any]:
        with loading:
            if backend.__dict__.pop("images_to_load", False):
                load(backend)
        found: dict[str, Any] = backend.__dict__["images"]
        return found

    backend_class.amis = property(images, lambda backend, made: backend.__dict__.update(images=made))
    backend_class._load_amis = lambda backend: backend.__dict__.update(images_to_load=True)


def _not_in_use(original: Callable[..., None]) -> Callable[..., None]:
    def delete(backend: Any, name: str | None = None, group_id: str | None = None) -> None:
        from moto.ec2.exceptions import DependencyViolationError

        for instance in backend.all_instances():
            using = {group.id for group in instance.security_groups}
            if group_id in using and instance.state not in ("terminated", "shutting-down"):
                raise DependencyViolationError(f"resource {group_id} has a dependent object")
        original(backend, name, group_id)

    return delete


def _description(rule: Any) -> str | None:
    """The description that a change leaves in the range, which is otherwise empty for a referenced group."""
    found: str | None = (rule.source_group | rule.ip_range).get("Description")
    return found
