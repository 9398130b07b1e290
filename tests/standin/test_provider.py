"""The base of the stand-ins, with a provider of one type over a dictionary."""

from collections.abc import Iterator
from typing import Any, ClassVar

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as protocol

from sandbox.standin.plugin import Service
from sandbox.standin.properties import Failure, Flag, ListOf, MapOf, Number, Object, SetOf, Text
from sandbox.standin.provider import AutomaticName, Function, Incomplete, Refused, Resource, StandIn
from sandbox.standin.values import UNKNOWN, Properties, decode, encode

THING = "example:index/thing:Thing"
World = dict[str, dict[str, Any]]


class Thing(Resource[World]):
    token = THING
    inputs: ClassVar = {
        "name": Text(replaces=True, maximum_length=20),
        "size": Number(default=1, minimum=1, maximum=9),
        "colour": Text(one_of=("red", "blue")),
        "open": Flag(),
        "place": Text(computed=True),
        "labels": MapOf(Text()),
        "ports": SetOf(Number()),
        "steps": ListOf(
            Object({"run": Text(required=True), "times": Number(default=1), "host": Text(computed=True)})
        ),
        "password": Text(secret=True, minimum_length=4),
        "once": Text(write_only=True),
        "ignored": Text(),
    }
    outputs: ClassVar = {"address": Text(), "key": Text(secret=True), "version": Number()}
    automatic_name = AutomaticName(maximum_length=20)

    @classmethod
    def validate(cls, inputs: dict[str, Any]) -> Iterator[Failure]:
        if inputs.get("colour") == "red" and inputs.get("open") is True:
            yield Failure("open", "nothing red is open")

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        return ("version",) if changed else ()

    def create(self, inputs: dict[str, Any]) -> str:
        if inputs["name"] in self.connection:
            raise ValueError("it exists already")
        self.connection[inputs["name"]] = {**inputs, "place": inputs.get("place", "here"), "version": 1}
        return str(inputs["name"])

    def read(self, resource_id: str, known: dict[str, Any]) -> dict[str, Any] | None:
        live = self.connection.get(resource_id)
        if live is None:
            return None
        shown = {name: live.get(name) for name in self.inputs if name not in ("once", "ignored")}
        return {**shown, "ignored": None, "address": "a", "key": "k", "version": live["version"]}

    def update(self, resource_id: str, old: Any, new: dict[str, Any], changed: set[str]) -> None:
        live = self.connection[resource_id]
        live.update({name: new.get(name) for name in changed}, version=live["version"] + 1)

    def delete(self, resource_id: str, state: Any) -> None:
        self.connection.pop(resource_id, None)


class Ask(Function[World]):
    token = "example:index/ask:ask"
    arguments: ClassVar = {"name": Text(required=True)}
    secrets = ("key",)

    def call(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"found": arguments["name"] in self.connection, "key": "k"}


class Example(StandIn[World]):
    package = "example"
    version = "1.0.0"
    configuration: ClassVar = {"region": Text()}
    resources = (Thing,)
    functions = (Ask,)

    def __init__(self) -> None:
        super().__init__()
        self.world: World = {}

    def connect(self, properties: dict[str, Any]) -> World:
        return self.world

    def explain(self, error: Exception) -> str | None:
        return f"Conflict: {error}" if isinstance(error, ValueError) else None


@pytest.fixture
def example() -> Example:
    return Example()


def check(example: Example, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    checked, failures = example.check(THING, "thing", old or {}, inputs, b"seed")
    assert failures == []
    return checked


def refusals(example: Example, inputs: dict[str, Any]) -> dict[str, str]:
    failures = example.check(THING, "thing", {}, inputs, b"seed")[1]
    return {failure.path: failure.reason for failure in failures}


def changes(
    example: Example, old: dict[str, Any], new: dict[str, Any], outputs: Any = None
) -> set[tuple[str, bool]]:
    before, after = check(example, old), check(example, new)
    return {(one.path, one.replaces) for one in example.diff(THING, before, outputs or before, after).changes}


@pytest.mark.parametrize(
    ("inputs", "path", "message"),
    [
        ({"nonsense": 1}, "nonsense", f"not a property of {THING}"),
        ({"size": 10}, "size", "10 is not allowed; allowed is a number of at most 9"),
        ({"size": "big"}, "size", '"big" is not allowed; allowed is a whole number'),
        ({"colour": "green"}, "colour", '"green" is not allowed; allowed is red or blue'),
        ({"open": "yes"}, "open", "allowed is true or false"),
        ({"labels": {"a.b": ["x"]}}, 'labels["a.b"]', "allowed is a string"),
        ({"steps": [{"run": "a"}, {"times": 2}]}, "steps[1].run", "a value is required"),
        (
            {"steps": [{"run": "a", "wait": 1}]},
            "steps[0].wait",
            "not a property that the sandbox serves here",
        ),
        ({"name": "x" * 21}, "name", "allowed is a string of at most 20 characters"),
        ({"colour": "red", "open": True}, "open", "nothing red is open"),
    ],
)
def test_a_bad_input_is_refused_with_its_path_and_what_is_allowed(
    example: Example, inputs: dict[str, Any], path: str, message: str
) -> None:
    assert message in refusals(example, inputs)[path]


def test_a_refusal_does_not_show_a_secret(example: Example) -> None:
    assert "abc" not in refusals(example, {"password": "abc"})["password"]


def test_an_unknown_value_is_allowed_anywhere(example: Example) -> None:
    inputs = {"size": UNKNOWN, "labels": {"a": UNKNOWN}, "steps": UNKNOWN, "colour": UNKNOWN}
    assert inputs.items() <= check(example, inputs).items()


def test_numbers_and_flags_may_come_as_text(example: Example) -> None:
    checked = check(
        example, {"size": "3", "open": "true", "colour": "red", "labels": {"a": True}} | {"colour": "blue"}
    )
    assert (checked["size"], checked["open"], checked["labels"]) == (3, True, {"a": "true"})


def test_defaults_are_filled_in_at_every_depth(example: Example) -> None:
    checked = check(example, {"name": "n", "steps": [{"run": "a"}]})
    assert (checked["size"], checked["steps"]) == (1, [{"run": "a", "times": 1}])


def test_an_automatic_name_is_kept(example: Example) -> None:
    first = check(example, {})
    assert first["name"] == AutomaticName().make("thing", b"seed")
    assert example.check(THING, "thing", first, {"size": 2}, b"other seed")[0]["name"] == first["name"]


def test_a_given_name_is_not_kept_as_an_automatic_one(example: Example) -> None:
    assert check(example, {}, check(example, {"name": "given"}))["name"] != "given"


def test_an_automatic_name_that_is_too_long_is_refused(example: Example) -> None:
    with pytest.raises(Refused, match="longer than 20 characters; set name"):
        example.check(THING, "a-name-of-some-length", {}, {}, b"seed")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"size": 1}, {}, set()),
        ({"labels": {}}, {}, set()),
        ({"ports": [1, 2]}, {"ports": [2, 1]}, set()),
        ({"ports": [1, 1, 2]}, {"ports": [1, 2, 2]}, {("ports", False)}),
        (
            {"labels": {"a": "1", "b": "2"}},
            {"labels": {"a": "2"}},
            {("labels.a", False), ("labels.b", False)},
        ),
        ({"steps": [{"run": "a"}]}, {"steps": [{"run": "b"}]}, {("steps[0].run", False)}),
        ({"place": "here"}, {}, set()),
        ({"once": "a"}, {"once": "b"}, set()),
        ({"size": 2}, {"size": UNKNOWN}, {("size", False)}),
        ({"name": "a"}, {"name": "b"}, {("name", True)}),
    ],
)
def test_the_changes_between_two_inputs(
    example: Example, old: dict[str, Any], new: dict[str, Any], expected: set[tuple[str, bool]]
) -> None:
    assert changes(example, {"name": "n"} | old, {"name": "n"} | new) == expected


def test_the_value_that_the_service_chose_is_not_a_change_when_it_is_given(example: Example) -> None:
    inputs = check(example, {"name": "n"})
    _, outputs = example.create(THING, inputs, preview=False)
    assert changes(example, {"name": "n"}, {"name": "n", "place": "here"}, outputs) == set()
    assert changes(example, {"name": "n"}, {"name": "n", "place": "there"}, outputs) == {("place", False)}


def test_an_update_keeps_unchanged_outputs(example: Example) -> None:
    old = check(example, {"name": "n", "labels": {"a": "1"}, "once": "x"})
    resource_id, outputs = example.create(THING, old, preview=False)
    new = check(example, {"name": "n", "size": 2})
    updated = example.update(THING, resource_id, old, outputs, new, preview=False)
    assert (updated["size"], updated["place"], updated["version"]) == (2, "here", 2)
    assert "labels" not in updated


def test_the_state_has_the_values_that_the_service_chose_within_an_input(example: Example) -> None:
    inputs = check(example, {"name": "n", "steps": [{"run": "a"}, {"run": "b", "host": "there"}]})
    resource_id, _ = example.create(THING, inputs, preview=False)
    example.world["n"]["steps"] = [{"host": "here", **step} for step in inputs["steps"]]
    state = example.read(THING, resource_id, inputs, inputs)
    assert state is not None
    chosen = [{"run": "a", "times": 1, "host": "here"}, {"run": "b", "times": 1, "host": "there"}]
    assert (state.outputs["steps"], state.inputs["steps"]) == (chosen, inputs["steps"])
    updated = example.update(THING, resource_id, inputs, state.outputs, inputs, preview=False)
    assert updated["steps"] == chosen


def test_a_read_may_return_another_id(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Thing.read
    monkeypatch.setattr(Thing, "read", lambda *given: {**(read(*given) or {}), "id": "other"})
    example.create(THING, check(example, {"name": "n"}), preview=False)
    state = example.read(THING, "n", {}, {})
    assert state is not None
    assert state.resource_id == "other"


def test_the_preview_of_an_update_knows_unchanged_outputs(example: Example) -> None:
    old = check(example, {"name": "n"})
    resource_id, outputs = example.create(THING, old, preview=False)
    new = check(example, {"name": "n", "size": 2})
    shown = example.update(THING, resource_id, old, outputs, new, preview=True)
    assert (shown["address"], shown["place"], shown["version"]) == ("a", "here", UNKNOWN)
    assert example.world["n"]["size"] == 1


def test_a_write_only_value_is_not_in_the_state(example: Example) -> None:
    inputs = check(example, {"name": "n", "once": "x"})
    assert "once" not in example.create(THING, inputs, preview=True)[1]
    resource_id, outputs = example.create(THING, inputs, preview=False)
    assert "once" not in outputs
    read = example.read(THING, resource_id, inputs, outputs)
    assert read is not None
    assert "once" not in read.inputs


def test_a_property_that_the_service_drops_is_an_error_and_the_resource_is_kept(example: Example) -> None:
    with pytest.raises(Incomplete, match="did not take ignored") as incomplete:
        example.create(THING, check(example, {"name": "n", "ignored": "x"}), preview=False)
    made = incomplete.value.made
    assert made.resource_id == "n"
    wanted = check(example, {"name": "n", "ignored": "x"})
    again = example.diff(THING, made.inputs, made.outputs, wanted).changes
    assert {change.path for change in again} == {"ignored"}


def test_the_next_update_completes_an_incomplete_creation(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(thing: Thing, resource_id: str, inputs: dict[str, Any]) -> None:
        thing.connection[resource_id].update(size=1, labels=None)
        raise ValueError("the second call failed")

    monkeypatch.setattr(Thing, "complete", stopped)
    inputs = check(example, {"name": "n", "size": 5, "labels": {"a": "1"}, "once": "x"})
    with pytest.raises(Incomplete, match="the second call failed") as incomplete:
        example.create(THING, inputs, preview=False)
    made = incomplete.value.made
    # The engine keeps the inputs of the program, and the outputs as the provider returns them.
    outputs = example.update(THING, "n", inputs, made.outputs, inputs, preview=False)
    assert (outputs["size"], outputs["labels"]) == (5, {"a": "1"})
    assert (example.world["n"]["size"], example.world["n"]["labels"]) == (5, {"a": "1"})


def test_drift_is_detected_in_given_and_omitted_properties(example: Example) -> None:
    inputs = check(example, {"name": "n", "labels": {"a": "1"}})
    resource_id, outputs = example.create(THING, inputs, preview=False)
    example.world["n"] |= {"labels": {"a": "2"}, "colour": "red", "place": "there"}
    state = example.read(THING, resource_id, inputs, outputs)
    assert state is not None
    difference = example.diff(THING, state.inputs, state.outputs, inputs)
    assert {change.path for change in difference.changes} == {"labels.a", "colour"}
    assert state.outputs["place"] == "there"


def test_a_deleted_resource_is_read_as_none(example: Example) -> None:
    assert example.read(THING, "n", {"name": "n"}, {"name": "n"}) is None


def test_an_import_needs_only_the_id(example: Example) -> None:
    inputs = check(example, {"name": "n", "size": 3})
    example.create(THING, inputs, preview=False)
    state = example.read(THING, "n", {}, {})
    assert state is not None
    assert example.diff(THING, state.inputs, state.outputs, inputs).changes == []


def test_a_replacement_deletes_first_if_the_program_names_the_resource() -> None:
    class Placed(Thing):
        inputs: ClassVar = {**Thing.inputs, "name": Text(replaces=True), "place": Text(replaces=True)}

    class Other(Example):
        resources = (Placed,)

    example = Other()

    def deletes_first(old: Properties, new: Properties) -> bool:
        inputs = check(example, old)
        difference = example.diff(THING, inputs, inputs, check(example, new))
        assert any(change.replaces for change in difference.changes)
        return difference.deletes_first

    assert deletes_first({"name": "n", "place": "a"}, {"name": "n", "place": "b"})
    assert deletes_first({"name": "n"}, {"name": "m"})
    assert deletes_first({"place": "a"}, {"name": "n", "place": "a"})
    assert not deletes_first({"place": "a"}, {"place": "b"})
    assert not deletes_first({"name": "n"}, {})


def test_an_unknown_type_and_an_unknown_function_are_refused(example: Example) -> None:
    with pytest.raises(Refused, match=r"no such type; of example:index it serves Thing$"):
        example.check("example:index/other:Other", "x", {}, {}, b"")
    with pytest.raises(Refused, match=r"it serves nothing of example:far, only of example:index$"):
        example.check("example:far/other:Other", "x", {}, {}, b"")
    with pytest.raises(Refused, match=r"does not serve this function; of example:index it serves ask$"):
        example.invoke("example:index/other:other", {})


def test_a_function_refuses_unknown_arguments(example: Example) -> None:
    assert [one.path for one in example.invoke("example:index/ask:ask", {"name": "a", "b": 1})[1]] == ["b"]


def test_unknown_configuration_is_refused(example: Example) -> None:
    assert [one.path for one in example.check_configuration({"region": "a", "zone": "b"})[1]] == ["zone"]


# The protocol of the engine.


class AbortedError(Exception):
    pass


class Context:
    """A stand-in for gRPC's context that records how a call ended."""

    def __init__(self) -> None:
        self.metadata: dict[str, bytes] = {}

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.metadata = dict(metadata)

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        raise AbortedError(message)


URN = f"urn:pulumi:dev::app::{THING}::thing"


def create_request(inputs: dict[str, Any]) -> Any:
    return protocol.CreateRequest(urn=URN, properties=encode(inputs))


def test_secrets_are_marked_in_the_answer(example: Example) -> None:
    answer = Service(example).Create(
        create_request({"name": "n", "size": 1, "password": "hidden"}), Context()
    )
    for name, text in (("password", "hidden"), ("key", "k")):
        value = answer.properties.fields[name].struct_value.fields
        assert value["4dabf18193072939515e22adb298388d"].string_value == "1b47061264138c4ac30d75fd1eb44270"
        assert value["value"].string_value == text
    assert decode(answer.properties)["password"] == "hidden"


def test_an_error_of_the_service_is_one_line_with_the_type(example: Example) -> None:
    example.world["n"] = {}
    with pytest.raises(AbortedError, match=f"^{THING}: Conflict: it exists already$"):
        Service(example).Create(create_request({"name": "n"}), Context())


def test_an_incomplete_resource_is_added_to_the_state(example: Example) -> None:
    context = Context()
    with pytest.raises(AbortedError, match="did not take ignored"):
        Service(example).Create(create_request({"name": "n", "size": 1, "ignored": "x"}), context)
    from pulumi.runtime.proto import status_pb2

    status = status_pb2.Status.FromString(context.metadata["grpc-status-details-bin"])
    made = protocol.ErrorResourceInitFailed()
    assert status.details[0].Unpack(made)
    assert made.id == "n"
    assert decode(made.properties)["name"] == "n"


def test_a_diff_distinguishes_updates_from_replacements(example: Example) -> None:
    old, new = check(example, {"name": "a", "size": 1}), check(example, {"name": "b", "size": 2})
    request = protocol.DiffRequest(
        id="a", urn=URN, olds=encode(old), old_inputs=encode(old), news=encode(new)
    )
    answer = Service(example).Diff(request, Context())
    kinds = {path: protocol.PropertyDiff.Kind.Name(one.kind) for path, one in answer.detailedDiff.items()}
    assert kinds == {"name": "UPDATE_REPLACE", "size": "UPDATE"}
    assert (list(answer.replaces), answer.changes) == (["name"], protocol.DiffResponse.DIFF_SOME)


def test_configuration_is_passed_as_text() -> None:
    class Tagged(Example):
        configuration: ClassVar = {"tags": Object({"all": MapOf(Text())})}

    example = Tagged()
    service = Service(example)
    news = encode({"tags": '{"all": {"a": "b"}}'})
    checked = service.CheckConfig(protocol.CheckRequest(news=news), Context())
    assert checked.failures == []
    service.Configure(protocol.ConfigureRequest(args=checked.inputs), Context())
    assert example.settings == {"tags": {"all": {"a": "b"}}}


def test_values_are_unchanged_by_the_protocol() -> None:
    values = {"a": True, "b": 3, "c": 1.5, "d": "x", "e": [1, UNKNOWN], "f": {"g": {"h": "i"}}}
    assert decode(encode(values)) == values


def test_a_null_is_not_a_value() -> None:
    struct = struct_pb2.Struct()
    struct.fields["a"].null_value = struct_pb2.NULL_VALUE
    assert decode(struct) == {}
