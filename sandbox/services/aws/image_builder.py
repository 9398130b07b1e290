"""EC2 Image Builder, which moto does not have: recipes, components, configurations and pipelines.

A build ends immediately: its image is an AMI in moto's EC2, whose id is stored in the parameter of the
distribution. Requests are validated against the API's model in botocore: members, patterns, lengths. Further
errors are those of docs.aws.amazon.com/imagebuilder/latest/APIReference; a resource that another depends on
cannot be deleted: docs.aws.amazon.com/imagebuilder/latest/userguide/delete-resources.html. Image Builder
writes parameters with its service-linked role, which has access only to those below /imagebuilder/: the
managed policy AWSServiceRoleForImageBuilder.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from moto.backends import get_backend
from werkzeug.wrappers import Request, Response

from sandbox.services.aws import ACCOUNT
from sandbox.services.aws.layers import Application, scope_of

Kept = dict[str, dict[str, Any]]
"""The resources of a kind, by ARN."""

_KINDS = {
    "Component": ("component", "componentBuildVersionArn", "componentVersionList"),
    "ImageRecipe": ("imageRecipe", "imageRecipeArn", "imageRecipeSummaryList"),
    "InfrastructureConfiguration": (
        "infrastructureConfiguration",
        "infrastructureConfigurationArn",
        "infrastructureConfigurationSummaryList",
    ),
    "DistributionConfiguration": (
        "distributionConfiguration",
        "distributionConfigurationArn",
        "distributionConfigurationSummaryList",
    ),
    "ImagePipeline": ("imagePipeline", "imagePipelineArn", "imagePipelineList"),
}
"""By kind, the members of responses with a resource, with its ARN, and with a list of resources."""
_DEFAULTS: dict[str, dict[str, Any]] = {
    "ImagePipeline": {"status": "ENABLED", "enhancedImageMetadataEnabled": True},
    "ImageRecipe": {"platform": "Linux"},
}
_SETTINGS_OF_REQUESTS = ("clientToken", "dryRun", "tags")


class _Refused(Exception):  # noqa: N818 (a response)
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def answer(request: Request, others: Application) -> Application:
    """Answer the requests to Image Builder."""
    region, service = scope_of(request)
    if service != "imagebuilder":
        return others
    try:
        return Response(json.dumps(_answer(_Region(region), request)), content_type="application/json")
    except _Refused as refused:
        headers = {"x-amzn-ErrorType": refused.code}
        body = json.dumps({"message": str(refused)})
        return Response(body, refused.status, headers, content_type="application/json")


@cache
def _model() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("imagebuilder")


def _answer(region: "_Region", request: Request) -> dict[str, Any]:
    path = request.path
    asked: dict[str, Any] = json.loads(request.get_data() or b"{}")
    if path.startswith("/tags/"):
        removed = request.args.getlist("tagKeys")
        return region.tags(request.method, path.removeprefix("/tags/"), asked.get("tags"), removed)
    name = path.removeprefix("/")
    if name not in _model().operation_names:
        raise _Refused("ClientException", f"The sandbox knows no {request.method} {path} of Image Builder.")
    asked |= request.args.to_dict()
    if found := list(_violations(_model().operation_model(name).input_shape, asked, "")):
        raise _Refused("InvalidRequestException", "; ".join(found))
    if name == "StartImagePipelineExecution":
        return region.build(asked["imagePipelineArn"])
    verb, kind = re.findall(r"^(Create|Get|Update|Delete|List)(\w+?)s?$", name)[0]
    if kind not in _KINDS:
        raise _Refused("ClientException", f"The sandbox does not serve {name}.")
    answer: dict[str, Any] = getattr(region, verb.lower())(kind, asked)
    return answer


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    """The violations of the API's model in a request."""
    limits = shape.metadata
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}{name} is required"
        for name, each in value.items():
            if name not in shape.members:
                yield f"{path}{name} is not known"
            else:
                yield from _violations(shape.members[name], each, f"{path}{name}.")
        return
    at = path.rstrip(".")
    if shape.type_name == "list":
        for index, each in enumerate(value):
            yield from _violations(shape.member, each, f"{at}[{index}].")
    if shape.type_name == "map":
        for key, each in value.items():
            yield from _violations(shape.key, key, f"{at} key.")
            yield from _violations(shape.value, each, f"{at}.{key}.")
    if isinstance(value, str):
        if "enum" in limits and value not in limits["enum"]:
            yield f"{at} must be one of {', '.join(limits['enum'])}"
        if "pattern" in limits and not re.search(limits["pattern"], value):
            yield f"{at} must match {limits['pattern']}"
    size = value if isinstance(value, int) else len(value)
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{at} must have {limits.get('min', 0)} to {limits.get('max')}, not {size}"


@dataclass
class _Region:
    """Image Builder in one region; its state is part of moto's."""

    name: str
    kept: dict[str, Kept] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = vars(self._backend("ssm")).setdefault(
            "image_builder", {kind: {} for kind in [*_KINDS, "Image"]}
        )

    def create(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Create a resource."""
        self._check_references(kind, asked)
        arn = self._new_arn(kind, asked)
        if arn in self.kept[kind]:
            raise _Refused("ResourceAlreadyExistsException", f"The resource '{arn}' already exists.")
        self.kept[kind][arn] = {
            "arn": arn,
            **_DEFAULTS.get(kind, {}),
            **{key: each for key, each in asked.items() if key not in _SETTINGS_OF_REQUESTS},
            **({"version": asked["semanticVersion"]} if "semanticVersion" in asked else {}),
            "tags": asked.get("tags", {}),
        }
        return {_KINDS[kind][1]: arn}

    def get(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        """A resource by its ARN."""
        found = self._one(kind, asked[_KINDS[kind][1]])
        # The version has different names in requests and responses.
        return {_KINDS[kind][0]: {key: each for key, each in found.items() if key != "semanticVersion"}}

    def update(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Replace the settings of a resource; those left out are removed."""
        name = _KINDS[kind][1]
        found = self._one(kind, asked[name])
        self._check_references(kind, asked)
        stays = {key: found[key] for key in ("arn", "name", "tags")}
        new = {key: each for key, each in asked.items() if key not in (name, *_SETTINGS_OF_REQUESTS)}
        self.kept[kind][found["arn"]] = {**stays, **_DEFAULTS.get(kind, {}), **new}
        return {name: found["arn"]}

    def delete(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Delete a resource, if no other depends on it."""
        arn = self._one(kind, asked[_KINDS[kind][1]])["arn"]
        for other in ("ImagePipeline", "ImageRecipe"):
            if any(arn in references(each) for each in self.kept[other].values()):
                raise _Refused(
                    "ResourceDependencyException",
                    f"The resource ARN '{arn}' has other resources depended on it.",
                )
        del self.kept[kind][arn]
        return {_KINDS[kind][1]: arn}

    def list(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        """All resources of a kind, as one page."""
        del asked
        return {
            _KINDS[kind][2]: [{"arn": arn, "name": each["name"]} for arn, each in self.kept[kind].items()]
        }

    def tags(
        self, method: str, arn: str, tags: dict[str, str] | None, removed: Sequence[str]
    ) -> dict[str, Any]:
        """Get or change the tags of a resource."""
        found = next((kept[arn] for kept in self.kept.values() if arn in kept), None)
        if found is None:
            raise _missing(arn)
        if method == "GET":
            return {"tags": found["tags"]}
        kept = {key: each for key, each in found["tags"].items() if key not in removed}
        found["tags"] = kept | (tags or {})
        return {}

    def build(self, pipeline_arn: str) -> dict[str, Any]:
        """Build an image, and store its id in the distribution's parameters."""
        pipeline = self._one("ImagePipeline", pipeline_arn)
        recipe = self._one("ImageRecipe", pipeline["imageRecipeArn"])
        parent = self._backend("ec2").describe_images(ami_ids=[self._parent(recipe["parentImage"])])[0]
        number = len(self.kept["Image"]) + 1
        arn = f"{recipe['arn'].replace(':image-recipe/', ':image/')}/{number}"
        distribution = self._one("DistributionConfiguration", pipeline["distributionConfigurationArn"])
        for each in distribution["distributions"]:
            settings = each["amiDistributionConfiguration"]
            image = self._backend("ec2", each["region"]).register_image(
                name=settings["name"].replace("{{ imagebuilder:buildDate }}", f"build-{number}"),
                description=parent.description,
            )
            image.add_tags({"CreatedBy": "EC2 Image Builder", **settings.get("amiTags", {})})
            for parameter in each.get("ssmParameterConfigurations", []):
                self._write(parameter, image.id, each["region"])
        self.kept["Image"][arn] = {"arn": arn, "tags": {}}
        return {"imageBuildVersionArn": arn}

    def _write(self, parameter: dict[str, Any], image: str, region: str) -> None:
        name = parameter["parameterName"]
        if not name.startswith("/imagebuilder/"):
            role = "AWSServiceRoleForImageBuilder"
            raise _Refused(
                "ForbiddenException", f"{role} is not authorized to perform: ssm:PutParameter on {name}"
            )
        self._backend("ssm", region).put_parameter(
            name=name,
            description="",
            value=image,
            parameter_type="String",
            allowed_pattern=None,
            keyid=None,
            overwrite=True,
            tags=[],
            data_type=parameter.get("dataType", "text"),
            tier=None,
            policies=None,
        )

    def _check_references(self, kind: str, asked: dict[str, Any]) -> None:
        for arn in references(asked):
            if not any(arn in kept for kept in self.kept.values()):
                raise _Refused(
                    "InvalidRequestException", f"The value supplied is not valid: {arn} does not exist."
                )
        if kind == "ImageRecipe":
            self._parent(asked["parentImage"])
        if kind == "Component" and ("data" in asked) == ("uri" in asked):
            raise _Refused("InvalidParameterCombinationException", "Exactly one of data and uri is required.")

    def _parent(self, declared: str) -> str:
        if not declared.startswith("ssm:"):
            return declared
        found = self._backend("ssm").get_parameter(declared.removeprefix("ssm:"))
        if found is None:
            raise _Refused("InvalidRequestException", f"The parameter of {declared} does not exist.")
        return str(found.value)

    def _new_arn(self, kind: str, asked: dict[str, Any]) -> str:
        shown = re.sub(r"(?<!^)([A-Z])", r"-\1", kind).lower()
        name = asked["name"].lower().replace(" ", "-")
        arn = f"arn:aws:imagebuilder:{self.name}:{ACCOUNT}:{shown}/{name}"
        if "semanticVersion" in asked:
            arn += f"/{asked['semanticVersion']}"
        if kind == "Component":
            builds = [each for each in self.kept[kind] if each.rpartition("/")[0] == arn]
            arn += f"/{len(builds) + 1}"
        return arn

    def _one(self, kind: str, arn: str) -> dict[str, Any]:
        if arn not in self.kept[kind]:
            raise _missing(arn)
        return self.kept[kind][arn]

    def _backend(self, service: str, region: str | None = None) -> Any:
        return get_backend(service)[ACCOUNT][region or self.name]  # type: ignore[call-overload]


def references(settings: dict[str, Any]) -> set[str]:
    """The ARNs of the resources that a pipeline or a recipe refers to."""
    named = {
        settings[key]
        for key in ("imageRecipeArn", "infrastructureConfigurationArn", "distributionConfigurationArn")
        if key in settings
    }
    return named | {each["componentArn"] for each in settings.get("components", [])}


def _missing(arn: str) -> _Refused:
    message = f"The resource with ARN '{arn}' does not exist."
    return _Refused("ResourceNotFoundException", message, 404)
