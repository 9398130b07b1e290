"""Patches moto's launch templates.

moto adds a template's own tags to its instances, always returns a template's original tags, and cannot launch
a later version that has user data. For an unknown template id, its error is that of an unknown name.
"""

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend
from moto.ec2.utils import parse_user_data

from sandbox.services.aws.patching import around

_template: Any = LaunchTemplate
_template.tags = property(lambda template: template.get_tags(), lambda _template, _tags: None)


@around(LaunchTemplate)
def create_version(
    original: Callable[..., Any], template: Any, data: dict[str, Any], description: str
) -> Any:
    """Create a version without the template's own tags, with decoded user data."""
    tags = data.get("TagSpecifications", [])
    passed_on = [one for one in tags if one["ResourceType"] != "launch-template"]
    kept = {name: value for name, value in data.items() if name != "TagSpecifications"}
    if passed_on:
        kept["TagSpecifications"] = passed_on
    if isinstance(kept.get("UserData"), str):
        kept["UserData"] = parse_user_data(kept["UserData"])
    return original(template, kept, description)


@around(LaunchTemplateBackend)
def delete_launch_template(
    original: Callable[..., Any], backend: Any, name: str | None, template_id: str | None
) -> Any:
    """Refuse an unknown id as such."""
    if template_id and template_id not in backend.launch_templates:
        raise InvalidLaunchTemplateIdNotFound(template_id)
    return original(backend, name, template_id)
