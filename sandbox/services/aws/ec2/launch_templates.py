"""Patches moto's launch templates.

moto adds a template's own tags to its instances, always returns a template's original tags, and cannot launch
a later version that has user data. For an unknown template id, its error is that of an unknown name.
"""

from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.ec2.models import launch_templates

    template_class: Any = launch_templates.LaunchTemplate
    template_class.create_version = _with_its_own_data(template_class.create_version)
    template_class.tags = property(lambda template: template.get_tags(), lambda _template, _tags: None)
    backend: Any = launch_templates.LaunchTemplateBackend
    backend.delete_launch_template = _of_a_known_id(backend.delete_launch_template)


def _with_its_own_data(original: Callable[..., Any]) -> Callable[..., Any]:
    from moto.ec2.utils import parse_user_data

    def create_version(template: Any, data: dict[str, Any], description: str) -> Any:
        tags = data.get("TagSpecifications", [])
        passed_on = [one for one in tags if one["ResourceType"] != "launch-template"]
        kept = {name: value for name, value in data.items() if name != "TagSpecifications"}
        if passed_on:
            kept["TagSpecifications"] = passed_on
        if isinstance(kept.get("UserData"), str):
            kept["UserData"] = parse_user_data(kept["UserData"])
        return original(template, kept, description)

    return create_version


def _of_a_known_id(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(backend: Any, name: str | None, template_id: str | None) -> Any:
        from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound

        if template_id and template_id not in backend.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(template_id)
        return original(backend, name, template_id)

    return delete
