"""Runs a program against Pulumi's mocks, and keeps what it registers, options and secrets included."""

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
"""The tags and digests of images that are not there yet."""


def digest_of(asked: Mapping[str, Any]) -> str:
    """The digest of an image that is there: another one for every question."""
    return "sha256:" + hashlib.sha256(json.dumps(dict(asked), sort_keys=True).encode()).hexdigest()


class NotThereError(grpc.RpcError):
    """What the engine answers where a provider's function fails."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "reading ECR Images: couldn't find resource"


class Cloud(Mocks):
    """AWS and GitLab, as far as a component asks them; in a preview, they have made nothing yet."""

    delivery_says = "gitlab-runner-deliver: delivered\n"
    """What a container prints that delivers the files of a manager."""

    default_vpcs: Sequence[str] = ("vpc-of-the-account",)
    """The default VPC of the account, if it has one."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview
        self.asked: list[str] = []
        """The functions that were asked, by their tokens."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """What a provider's function answers."""
        self.asked.append(args.token)
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
                    raise NotThereError
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
        """What a provider gives a resource."""
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
    """With the marks of secrets and the tag of the stack taken off."""
    tags: Mapping[str, str]
    """All of its tags."""
    secrets: frozenset[str]
    """The inputs, by their first key, that are or hold a secret."""
    delete_before_replace: bool
    request: Any = field(repr=False)


class Recording(MockMonitor):
    """Pulumi's own mock of the engine, which also keeps every request."""

    def __init__(self, *, preview: bool, cloud: type[Cloud] = Cloud) -> None:
        self.cloud = cloud(preview=preview)
        super().__init__(self.cloud)
        self.requests: list[Any] = []
        self.outputs: dict[tuple[str, str], frozenset[str]] = {}
        """The names of the outputs that each component has registered, by its type and name."""
        self.warnings: list[str] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Keep the request, and answer it."""
        if request.type != "pulumi:pulumi:Stack":
            self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Keep the names of the outputs."""
        kind, name = request.urn.split("::", 3)[2:]
        self.outputs[kind.rpartition("$")[2], name] = frozenset(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def lacking_outputs(self) -> set[tuple[str, str]]:
        """The components that have registered other outputs than their schema has.

        The engine takes one without any for one that has none.
        """
        outputs = {kind: frozenset(each.get("properties", ())) for kind, each in RESOURCES.items()}
        made = {(request.type, request.name) for request in self.requests if request.type in outputs}
        return {each for each in made if self.outputs.get(each) != outputs[each[0]]}

    @property
    def all_registered(self) -> list[Registered]:
        """Everything that was registered, also what has one type and name in different components."""
        return [_registered(request) for request in self.requests]

    @property
    def registered(self) -> dict[tuple[str, str], Registered]:
        """Everything that was registered, by type and name."""
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
    """Inputs without the tag that every resource gets; `tests/components/test_marks.py` looks at it."""
    kept = dict(inputs)
    if isinstance(tags := kept.pop("tags", None), Mapping):
        tags = {key: each for key, each in tags.items() if key != STACK_TAG}
    elif isinstance(tags, list):
        tags = [each for each in tags if not isinstance(each, Mapping) or each["key"] != STACK_TAG]
    return kept | {"tags": tags} if tags else kept


def holds_secret(value: Any) -> bool:
    """Whether a value is marked as a secret, or something in it is."""
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
    """Keeps what a program warns of."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one warning."""
        self._kept.append(record.getMessage())


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        return asyncio.new_event_loop()


EVENT_LOOP = _event_loop()
"""The loop of every program and of Outputs in modules: a test that runs another one leaves none behind."""


def _unsaid(*_: object, **__: object) -> None:
    """Write no debug message."""


def run(
    program: Callable[[], Any],
    *,
    preview: bool = False,
    seen: list[Recording] | None = None,
    cloud: type[Cloud] = Cloud,
) -> tuple[Recording, Any]:
    """Run a program to its end; what it registered, and what its last line gives, known.

    Args:
        program: makes resources.
        preview: whether this is a preview.
        seen: gets what was registered, also where the program fails.
        cloud: what AWS and GitLab answer.
    """
    # An Output that fails makes those fail that follow from it. Python logs each that nobody awaits when it
    # cleans up, during any later test, and parses source for that: one that parses source itself fails then.
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
    # The engine gets the call stack of every resource; here half of the time would go into those of pytest.
    with (
        mock.patch("pulumi.runtime.resource._get_stack_trace", StackTrace),
        mock.patch("pulumi.log.debug", _unsaid),
    ):
        pulumi.runtime.test(lambda: pulumi.Output.from_input(program()).apply(result.append))()  # type: ignore[no-untyped-call]
    return recording, result[0] if result else None
