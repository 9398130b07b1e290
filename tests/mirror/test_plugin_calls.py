"""Each call of the engine's protocol: what it passes to the mirrored images, and its response."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.errors import RunError
from pulumi.provider import Provider, server
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.proto import provider_pb2 as protocol
from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner import plugin as plugin_module
from pulumi_gitlab_runner.plugin import PackageServicer
from pulumi_gitlab_runner.registry.transfer import TransferError

from tests.mirror.test_plugin import SECRET, URN, AbortedError, call

OLD = {"source": "a.example/app:1", "target": "b.example/app:1", "digest": "sha256:old"}
NEW = {"source": "a.example/app:2", "target": "b.example/app:2", "digest": "sha256:new"}


class Images:
    """A double of the mirrored images: records its calls, and returns what a test sets."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.changed: list[str] = []
        self.replaces: list[str] = []
        self.target_digest: str | None = None
        self.refuses = ""

    def accepted_digest(self, olds: Any, news: Any, warn: Any) -> str:
        self.asked.append(("accepted_digest", olds, news))
        warn("it has moved")
        if self.refuses:
            raise TransferError(self.refuses)
        return "sha256:accepted"

    def difference(self, *known: Any) -> Any:
        self.asked.append(("difference", *known))
        return SimpleNamespace(changed=self.changed, replaces=self.replaces)

    def copy(self, inputs: Any, progress: Any) -> None:
        self.asked.append(("copy", inputs))

    def outputs(self, inputs: Any) -> dict[str, Any]:
        return {"digest": inputs["digest"], "reference": f"{inputs['target']}@{inputs['digest']}"}

    def digest_at_target(self, inputs: Any) -> str | None:
        return self.target_digest

    def delete(self, inputs: Any, digest: str) -> None:
        self.asked.append(("delete", inputs, digest))

    def interrupt(self) -> None:
        self.asked.append(("interrupt",))


class Engine:
    """A double of the engine that receives messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, str, str]] = []

    def Log(self, request: Any) -> None:  # noqa: N802 - the protocol's name
        self.messages.append((request.severity, request.message, request.urn))


@pytest.fixture
def images() -> Images:
    return Images()


@pytest.fixture
def plugin(images: Images) -> Iterator[PackageServicer]:
    made = PackageServicer(Provider("1.0.0"), [], "127.0.0.1:1")
    with closing(made._images):
        made._images = images  # type: ignore[assignment]
        made.__dict__["_engine"] = Engine()
        yield made
        made._images = SimpleNamespace(close=lambda: None)  # type: ignore[assignment]


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def secret(value: Any) -> dict[str, Any]:
    return {**SECRET, "value": value}


def test_secrets_resources_outputs_and_previews_are_supported(plugin: PackageServicer) -> None:
    answer = call(plugin, "Configure", protocol.ConfigureRequest())
    names = ("acceptSecrets", "acceptResources", "acceptOutputs", "supportsPreview")
    assert [getattr(answer, name) for name in names] == [True] * 4


def test_a_check_gets_plain_values_and_warns_on_the_resource(plugin: PackageServicer, images: Images) -> None:
    login = {"username": "me", "password": secret("canary")}
    request = protocol.CheckRequest(
        urn=URN, olds=struct(OLD), news=struct({**NEW, "sourceCredentials": secret(login)})
    )
    answer = call(plugin, "Check", request)
    plain = {**NEW, "sourceCredentials": {"username": "me", "password": "canary"}}
    assert images.asked == [("accepted_digest", OLD, plain)]
    assert answer.inputs["digest"] == "sha256:accepted"
    assert list(answer.failures) == []
    assert plugin._engine.messages == [(engine_pb2.LogSeverity.WARNING, "it has moved", URN)]


def test_inputs_of_a_source_without_the_image_are_kept(plugin: PackageServicer, images: Images) -> None:
    images.refuses = "no such image"
    answer = call(plugin, "Check", protocol.CheckRequest(urn=URN, news=struct(NEW)))
    assert [(each.property, each.reason) for each in answer.failures] == [("source", "no such image")]
    assert MessageToDict(answer.inputs) == NEW


def test_the_package_is_served_under_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, list[str], Any]] = []

    def main(provider: Provider, args: list[str]) -> None:
        served.append((provider.version, args, server.ProviderServicer))

    monkeypatch.setattr(server, "ProviderServicer", server.ProviderServicer)
    monkeypatch.setattr(server, "main", main)
    monkeypatch.setattr("sys.argv", ["plugin", "127.0.0.1:1"])
    plugin_module.serve()
    assert served == [(__version__, ["127.0.0.1:1"], PackageServicer)]


def test_progress_is_logged_on_the_resource(plugin: PackageServicer) -> None:
    plugin._shows(URN)("half of it")
    assert plugin._engine.messages == [(engine_pb2.LogSeverity.INFO, "half of it", URN)]


def test_a_difference_lists_the_updated_and_the_replaced_properties(
    plugin: PackageServicer, images: Images
) -> None:
    images.changed, images.replaces = ["source", "target"], ["target"]
    state = {**OLD, "reference": "b.example/app:1@sha256:old"}
    request = protocol.DiffRequest(urn=URN, old_inputs=struct(OLD), olds=struct(state), news=struct(NEW))
    answer = call(plugin, "Diff", request)
    assert images.asked == [("difference", OLD, state, NEW)]
    assert answer.changes == protocol.DiffResponse.DIFF_SOME
    assert (list(answer.diffs), list(answer.replaces)) == (["source", "target"], ["target"])
    assert answer.hasDetailedDiff
    kinds = protocol.PropertyDiff.Kind
    detailed = {name: (each.kind, each.inputDiff) for name, each in answer.detailedDiff.items()}
    assert detailed == {"source": (kinds.UPDATE, True), "target": (kinds.UPDATE_REPLACE, True)}


def test_unchanged_inputs_give_no_difference(plugin: PackageServicer) -> None:
    answer = call(plugin, "Diff", protocol.DiffRequest(urn=URN, news=struct(NEW)))
    assert (answer.changes, list(answer.diffs)) == (protocol.DiffResponse.DIFF_NONE, [])


@pytest.mark.parametrize("preview", [False, True])
def test_a_creation_copies_except_in_a_preview(
    plugin: PackageServicer, images: Images, *, preview: bool
) -> None:
    request = protocol.CreateRequest(urn=URN, properties=struct(NEW), preview=preview)
    answer = call(plugin, "Create", request)
    assert answer.id == ("" if preview else "b.example/app:2")
    assert MessageToDict(answer.properties) == images.outputs(NEW)
    assert images.asked == ([] if preview else [("copy", NEW)])


@pytest.mark.parametrize("preview", [False, True])
def test_an_update_copies_except_in_a_preview(
    plugin: PackageServicer, images: Images, *, preview: bool
) -> None:
    request = protocol.UpdateRequest(urn=URN, olds=struct(OLD), news=struct(NEW), preview=preview)
    assert MessageToDict(call(plugin, "Update", request).properties) == images.outputs(NEW)
    assert images.asked == ([] if preview else [("copy", NEW)])


@pytest.mark.parametrize(("target_digest", "digest"), [("sha256:there", "sha256:there"), (None, "")])
def test_a_refresh_returns_the_digest_at_the_target(
    plugin: PackageServicer, images: Images, target_digest: str | None, digest: str
) -> None:
    images.target_digest = target_digest
    request = protocol.ReadRequest(id="it", urn=URN, inputs=struct(NEW), properties=struct(NEW))
    answer = call(plugin, "Read", request)
    assert (answer.id, MessageToDict(answer.inputs)) == ("it", NEW)
    assert MessageToDict(answer.properties) == images.outputs(NEW) | {"digest": digest}


def test_an_image_is_not_imported(plugin: PackageServicer) -> None:
    with pytest.raises(AbortedError) as aborted:
        call(plugin, "Read", protocol.ReadRequest(id="it", urn=URN))
    assert aborted.value.args == (
        "UNKNOWN",
        "it cannot be imported: declare it; an existing image is not copied again",
    )


def test_a_deletion_uses_the_digest_in_the_state(plugin: PackageServicer, images: Images) -> None:
    request = protocol.DeleteRequest(
        urn=URN, old_inputs=struct(OLD), properties=struct({"digest": "sha256:x"})
    )
    call(plugin, "Delete", request)
    assert images.asked == [("delete", OLD, "sha256:x")]


def test_an_interrupt_ends_the_running_copies(plugin: PackageServicer, images: Images) -> None:
    call(plugin, "Cancel", None)
    assert images.asked == [("interrupt",)]


def construct(**changes: str) -> Any:
    parent = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"
    component = {"monitorEndpoint": "one", "parent": parent, "type": "a:index:B", "name": "c"}
    return SimpleNamespace(**(component | changes))


@pytest.mark.parametrize(
    "other",
    [
        {"monitorEndpoint": "another"},
        {"parent": ""},
        {"parent": "urn:pulumi:s::p::a:index:D::d"},
        {"type": "a:index:E"},
        {"name": "f"},
    ],
)
def test_a_second_component_of_one_urn_is_refused(plugin: PackageServicer, other: dict[str, str]) -> None:
    plugin._claim_name(construct())
    plugin._claim_name(construct(**other))
    with pytest.raises(RunError) as refused:
        plugin._claim_name(construct())
    assert str(refused.value) == "another a:index:B of this program has the name 'c'; give each its own"


@pytest.mark.parametrize(
    ("in_progress", "end_after", "waits"), [(1, 9, 0), (2, 1, 1), (3, 2, 2)], ids=["alone", "one", "two"]
)
def test_an_error_waits_for_the_components_that_are_being_created(
    monkeypatch: pytest.MonkeyPatch, plugin: PackageServicer, in_progress: int, end_after: int, waits: int
) -> None:
    slept: list[float] = []
    plugin._in_progress = in_progress

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) >= end_after:
            plugin._in_progress = 1

    monkeypatch.setattr(plugin_module.asyncio, "sleep", sleep)
    asyncio.run(plugin._until_the_others_end())
    assert slept == [0.02] * waits
    assert plugin._refused == 0


def test_an_error_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch, plugin: PackageServicer) -> None:
    monkeypatch.setattr(plugin_module, "LONGEST_WAIT_S", 0.05)
    plugin._in_progress = 2
    asyncio.run(plugin._until_the_others_end())
    assert plugin._refused == 0
