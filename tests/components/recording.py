"""Runs a program against Pulumi's mocks, and records the resources that it registers, with their options."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import grpc
import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi_gitlab_runner.package import SCHEMA
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

PROJECT, STACK = "gitlab-runner", "sandbox"
ACCOUNT, REGION = "123456789012", "eu-west-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
RUNNER_TOKEN = "glrt-canary-of-the-token"

RESOURCES = json.loads(SCHEMA.read_text())["resources"]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


NOT_THERE = ("2026.11", "sha256:" + "f" * 64)
"""The tags and digests of images that do not exist yet."""


def digest_of(query: Mapping[str, Any]) -> str:
    """The digest of an image that exists: a different one for every query."""
    return "sha256:" + hashlib.sha256(json.dumps(dict(query), sort_keys=True).encode()).hexdigest()


class NotFoundError(grpc.RpcError):
    """The response of the engine where a provider's function fails."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "reading ECR Images: couldn't find resource"


class Cloud(Mocks):
    """AWS and GitLab, as far as a component uses them; in a preview, they have created nothing yet."""

    delivery_says = "gitlab-runner-deliver: delivered\n"
    """The output of a container that delivers the files of a manager."""

    default_vpcs: Sequence[str] = ("vpc-of-the-account",)
    """The default VPC of the account, if it has one."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview
        self.called: list[str] = []
        """The tokens of the functions that were called."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Return the result of a provider's function."""
        self.called.append(args.token)
        match args.token:
            case "aws:index/getCallerIdentity:getCallerIdentity":
                answer: dict[str, Any] = {"accountId": ACCOUNT}
            case "aws:index/getRegion:getRegion":
                answer = {"region": REGION}
            case "aws:index/getPartition:getPartition":
                answer = {"partition": "aws"}
            case "aws:index/getAvailabilityZones:getAvailabilityZones":
                answer = {"names": ZONES}
            case "aws:ecr/getImage:getImage":
                if args.args.get("imageTag", args.args.get("imageDigest")) in NOT_THERE:
                    raise NotFoundError
                answer = {"imageDigest": digest_of(args.args)}
            case "aws:ec2/getVpc:getVpc":
                answer = {"id": args.args.get("id", "vpc-of-the-account"), "cidrBlock": "10.0.0.0/16"}
            case "aws:ec2/getVpcs:getVpcs":
                answer = {"ids": list(self.default_vpcs), "region": REGION}
            case "aws:ssm/getParameter:getParameter":
                answer = {"insecureValue": f"ami-named-by-{args.args['name']}"}
            case "aws:ec2/getSubnets:getSubnets":
                answer = {"ids": ["subnet-of-the-account"]}
            case _:
                raise AssertionError(f"no mock of {args.token}")
        return answer, []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return the ID and the outputs that a provider gives a resource."""
        inputs = in_the_clear(args.inputs)
        if self._preview:
            return "", inputs
        known: dict[str, Any] = {"arn": f"arn:of:{args.typ}:{args.name}", "name": f"{args.name}-0a1b2c3"}
        match args.typ:
            case "aws:ecr/repository:Repository":
                known["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{inputs['name']}"
            case "aws:kms/key:Key":
                known["keyId"] = "the-key"
            case "aws:s3/bucket:Bucket":
                known["bucket"] = f"{args.name}-0a1b2c3"
            case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
                host = inputs["url"].partition("://")[2]
                known["arn"] = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
            case "aws:ec2/launchTemplate:LaunchTemplate":
                known["latestVersion"] = 1
            case "aws:ec2/natGateway:NatGateway":
                known["publicIp"] = f"address-of-{args.name}"
            case "docker:index/container:Container" if inputs.get("attach"):
                known["containerLogs"] = self.delivery_says
            case "gitlab-runner:index:MirroredImage":
                digest = inputs.get("digest", digest_of(inputs))
                known |= {"digest": digest, "reference": f"{inputs['target']}@{digest}"}
            case "docker-build:index:Image":
                known["digest"] = "sha256:" + "b" * 64
            case "gitlab:index/userRunner:UserRunner":
                generation = args.name.partition("_")[2]
                known["token"] = RUNNER_TOKEN + generation
                return f"11{generation}", known | inputs
        return f"{args.name}-id", known | inputs


@dataclass(frozen=True)
class Registered:
    """A resource as it was registered."""

    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    """Without the marks of secrets and the tag of the stack."""
    tags: Mapping[str, str]
    """All of its tags."""
    secrets: frozenset[str]
    """The first keys of the inputs that are or contain a secret."""
    delete_before_replace: bool
    request: Any = field(repr=False)


class Recording(MockMonitor):
    """Pulumi's own mock of the engine, which also records every request."""

    def __init__(self, *, preview: bool, cloud: type[Cloud] = Cloud) -> None:
        self.cloud = cloud(preview=preview)
        super().__init__(self.cloud)
        self.requests: list[Any] = []
        self.outputs: dict[tuple[str, str], frozenset[str]] = {}
        """The names of the outputs that each component has registered, by its type and name."""
        self.warnings: list[str] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Record the request, and respond to it."""
        if request.type != "pulumi:pulumi:Stack":
            self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Record the names of the outputs."""
        kind, name = request.urn.split("::", 3)[2:]
        self.outputs[kind.rpartition("$")[2], name] = frozenset(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def lacking_outputs(self) -> set[tuple[str, str]]:
        """The components whose registered outputs differ from those of their schema.

        The engine accepts a component that registers none, which then has no outputs.
        """
        outputs = {kind: frozenset(each.get("properties", ())) for kind, each in RESOURCES.items()}
        made = {(request.type, request.name) for request in self.requests if request.type in outputs}
        return {each for each in made if self.outputs.get(each) != outputs[each[0]]}

    @property
    def all_registered(self) -> list[Registered]:
        """All registered resources, also those with the same type and name in different components."""
        return [_registered(request) for request in self.requests]

    @property
    def registered(self) -> dict[tuple[str, str], Registered]:
        """All registered resources, by type and name."""
        return {(request.type, request.name): _registered(request) for request in self.requests}


def _registered(request: Any) -> Registered:
    inputs = MessageToDict(request.object)
    in_clear = in_the_clear(inputs)
    return Registered(
        type=request.type,
        name=request.name,
        parent="::".join(request.parent.split("::")[2:]).rpartition("$")[2],
        inputs=_without_stack_tag(in_clear),
        tags=_tags(in_clear.get("tags")),
        secrets=frozenset(key for key, value in inputs.items() if holds_secret(value)),
        delete_before_replace=request.deleteBeforeReplace,
        request=request,
    )


def _tags(tags: Any) -> dict[str, str]:
    """Tags as a mapping, also those of an Auto Scaling group."""
    if isinstance(tags, Mapping):
        return dict(tags)
    return {each["key"]: each["value"] for each in tags or () if isinstance(each, Mapping)}


def _without_stack_tag(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs without the tag that every resource has; `tests/components/test_marks.py` tests it."""
    kept = dict(inputs)
    if isinstance(tags := kept.pop("tags", None), Mapping):
        tags = {key: each for key, each in tags.items() if key != STACK_TAG}
    elif isinstance(tags, list):
        tags = [each for each in tags if not isinstance(each, Mapping) or each["key"] != STACK_TAG]
    return kept | {"tags": tags} if tags else kept


def holds_secret(value: Any) -> bool:
    """Whether a value, or a part of it, is marked as a secret."""
    if isinstance(value, Mapping):
        return value.get(_SIGNATURE) == _SECRET or any(map(holds_secret, value.values()))
    return isinstance(value, list) and any(map(holds_secret, value))


def in_the_clear(value: Any) -> Any:
    """A value without the marks of secrets."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return in_the_clear(value["value"])
        return {key: in_the_clear(each) for key, each in value.items()}
    return [in_the_clear(each) for each in value] if isinstance(value, list) else value


class Warnings(logging.Handler):
    """Records the warnings of a program."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Record one warning."""
        self._kept.append(record.getMessage())


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        return asyncio.new_event_loop()


EVENT_LOOP = _event_loop()
"""The loop of every program and of Outputs in modules: a test that runs another loop leaves none set."""


def _discard(*_: object, **__: object) -> None:
    """Write no debug message."""


def run(
    program: Callable[[], Any],
    *,
    preview: bool = False,
    seen: list[Recording] | None = None,
    cloud: type[Cloud] = Cloud,
) -> tuple[Recording, Any]:
    """Run a program to its end; return the recording, and the resolved value that the program returns.

    Args:
        program: creates resources.
        preview: whether this is a preview.
        seen: receives the recording, also where the program fails.
        cloud: the responses of AWS and GitLab.
    """
    # If an Output fails, those that depend on it fail too. Python logs each that is never awaited when it
    # cleans up, during any later test, and parses source for that: one that parses source itself then fails.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asyncio.set_event_loop(EVENT_LOOP)
    recording = Recording(preview=preview, cloud=cloud)
    if seen is not None:
        seen.append(recording)
    logger = logging.Logger("program")
    logger.addHandler(Warnings(recording.warnings))
    pulumi.runtime.set_mocks(
        recording.mocks, PROJECT, STACK, preview=preview, logger=logger, monitor=recording
    )
    result: list[Any] = []
    # The engine receives the call stack of every resource; under pytest, this would take half of the time.
    with (
        mock.patch("pulumi.runtime.resource._get_stack_trace", StackTrace),
        mock.patch("pulumi.log.debug", _discard),
    ):
        pulumi.runtime.test(lambda: pulumi.Output.from_input(program()).apply(result.append))()  # type: ignore[no-untyped-call]
    return recording, result[0] if result else None
