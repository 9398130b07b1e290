"""The base of the stand-in providers.

A stand-in serves the resource types and functions of an official provider, under the same names, with the
services of the sandbox. It refuses what it does not know: an unknown type, an unknown property, a value that
is not allowed, and a property whose value the service did not store.

To add a resource type, describe it in one class::

    class Topic(Resource[Client]):
        token = "aws:sns/topic:Topic"
        inputs = {"name": Text(replaces=True), "displayName": Text(), "tags": MapOf(Text())}
        outputs = {"arn": Text()}
        automatic_name = AutomaticName(maximum_length=256)

        def create(self, inputs): return self.connection.create_topic(...)["TopicArn"]   # the id
        def read(self, id, known): return {"name": ..., "displayName": ..., "arn": ...}  # None: gone
        def update(self, id, old, new, changed): ...
        def delete(self, id, state): ...

and add it to the ``resources`` of the `StandIn`. The base class does the rest: checks, defaults and automatic
names; the decision between update and replacement, from the description; previews; drift; imports; messages.
``read`` returns each property with its current value in the service, ``None`` for one that is not set, and
leaves out what the service does not return (a write-only property): the state keeps its value. An ``id`` in
its result replaces the id of the resource. Methods may block: each call runs in a thread of its own.

`plugin` serves a stand-in over the engine's protocol; this module is independent of it.
"""

import hashlib
import importlib
import keyword
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from .properties import Change, Failure, ListOf, Object, Property, SetOf
from .protocol import import_sdk
from .values import UNKNOWN, Properties, is_known

Connection = TypeVar("Connection")

_DEFAULTS = "__defaults"
"""The input that lists the properties with a default, as in the official providers."""


class Refused(Exception):  # noqa: N818 (it is read in sentences)
    """A refused request; the message is one line for the user."""


class Incomplete(Refused):
    """The resource was created, but not as requested; the engine keeps its actual state, ``made``."""

    def __init__(self, message: str, made: "State") -> None:
        super().__init__(message)
        self.made = made


class Unfinished(Refused):
    """An update was sent, but what the provider waits for did not happen; the state keeps the new inputs."""


@dataclass(frozen=True, kw_only=True)
class AutomaticName:
    """Automatic naming of a resource whose program gives no name.

    The name is ``prefix``, the resource's name in the program, ``-`` and 7 random hexadecimal digits; with
    ``suffix`` false, it has no random digits.
    """

    property: str = "name"
    prefix: str = ""
    suffix: bool = True
    lower_case: bool = False
    maximum_length: int = 255

    def make(self, name: str, seed: bytes) -> str:
        """The automatic name for the logical name ``name``; the same for the same ``seed``."""
        digits = hashlib.sha256(seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]
        made = f"{self.prefix}{name}-{digits}" if self.suffix else self.prefix + name
        made = made.lower() if self.lower_case else made
        if len(made) > self.maximum_length:
            limit = f"{self.maximum_length} characters"
            raise Refused(f"the automatic name {made} is longer than {limit}; set {self.property}")
        return made


class Resource(Generic[Connection]):
    """A resource type. One instance serves one call, over ``connection``.

    - ``token``: the type token.
    - ``inputs``: the properties that a program may set.
    - ``outputs``: the properties that only the service sets.
    - ``automatic_name``: the rule of its automatic name; None if the program must give a name.
    - ``deletes_first``: a replacement deletes the old resource before it creates the new one.
    """

    token: ClassVar[str]
    inputs: ClassVar[Mapping[str, Property]]
    outputs: ClassVar[Mapping[str, Property]] = {}
    automatic_name: ClassVar[AutomaticName | None] = None
    deletes_first: ClassVar[bool] = False
    timeout: float | None = None
    """The resource option ``customTimeouts`` for the call, in seconds; None if not set."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """The failures of ``inputs`` in combination; values may be unknown."""
        yield from ()

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """Split the id of an import into the resource's id and the properties that it contains."""
        return resource_id, {}

    @classmethod
    def replaced_by(cls, old: Properties, new: Properties) -> Iterator[str]:
        """Names of further properties of ``new`` whose change from ``old`` requires a replacement."""
        yield from ()

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """The outputs that an update of ``changed`` may change; a preview shows them as unknown."""
        return ()

    def create(self, inputs: Properties) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Complete the creation with further calls. If one fails, the state keeps the resource."""

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the resource, or ``None`` if it does not exist.

        ``known`` are the outputs in the state; empty at an import.
        """
        raise NotImplementedError

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Update the resource from its state ``old`` to its inputs ``new``, which differ in ``changed``."""
        raise NotImplementedError

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the resource; no error if it does not exist."""
        raise NotImplementedError


class Function(Generic[Connection]):
    """A function of the provider, a data source. One instance serves one call, over ``connection``."""

    token: ClassVar[str]
    arguments: ClassVar[Mapping[str, Property]] = {}
    secrets: ClassVar[Sequence[str]] = ()
    """The names of the secret results."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def call(self, arguments: Properties) -> Properties:
        """The result for ``arguments``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Difference:
    """The changes of an update or a replacement."""

    changes: Sequence[Change] = ()
    deletes_first: bool = False


@dataclass(frozen=True)
class State:
    """A resource in the engine's state."""

    resource_id: str
    inputs: Properties
    outputs: Properties


class StandIn(Generic[Connection]):
    """A stand-in provider: its types, and the operations on them.

    - ``package``, ``version``: the name and the version of the official provider.
    - ``go_module``: the Go module of its SDK, for generated SDKs.
    - ``configuration``: the supported properties of the provider's configuration.
    - ``resources``, ``functions``: the supported resource types and functions.
    """

    package: ClassVar[str]
    version: ClassVar[str]
    go_module: ClassVar[str] = ""
    configuration: ClassVar[Mapping[str, Property]]
    resources: ClassVar[Sequence[type[Resource[Any]]]]
    functions: ClassVar[Sequence[type[Function[Any]]]]

    def __init__(self) -> None:
        self.settings: Properties = {}
        self._resources = {resource.token: resource for resource in self.resources}
        self._functions = {function.token: function for function in self.functions}

    # Defined by each provider.

    def connect(self, properties: Properties) -> Connection:
        """The connection for a resource or function with these ``properties``."""
        raise NotImplementedError

    def prepare(self, resource: type[Resource[Any]], inputs: Properties) -> Properties:
        """``inputs`` with the additions of the provider's configuration."""
        return inputs

    def limits(self, resource: type[Resource[Any]], inputs: Properties) -> Iterator[Failure]:
        """The failures of ``inputs`` against the limits of the service; values may be unknown."""
        yield from ()

    def explain(self, error: Exception) -> str | None:
        """The message of a service's error in one line; ``None`` for any other error."""
        return None

    # Called by the engine.

    def check_configuration(self, new: Properties) -> tuple[Properties, list[Failure]]:
        """The provider's configuration ``new`` in its normal form, and its failures."""
        failures = [
            Failure(name, self._unknown(name, "the provider", f"{_sdk(self.package)}.provider", "Provider"))
            for name in new
            if name not in self.configuration
        ]
        return _checked(self.configuration, new, failures), failures

    def configure(self, settings: Properties) -> None:
        """Set the provider's configuration, as `check_configuration` returned it."""
        self.settings = settings

    def check(
        self, token: str, name: str, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """The inputs ``new``, with defaults and an automatic name, and their failures."""
        resource = self._resource(token)
        new = {key: value for key, value in new.items() if key != _DEFAULTS}
        failures = [
            Failure(key, self._unknown(key, token, *official_class(token)))
            for key in new
            if key not in resource.inputs
        ]
        filled = self.prepare(resource, {key: new[key] for key in new if key in resource.inputs})
        filled |= _named(resource, name, old, filled, seed)
        checked = _checked(resource.inputs, filled, failures)
        failures += _conflicts(resource.inputs, new)
        if not failures:
            failures += [*resource.validate(checked), *self.limits(resource, checked)]
        return checked | {_DEFAULTS: sorted(checked.keys() - new.keys())}, failures

    def diff(
        self, token: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> Difference:
        """The difference between a resource's state and its inputs ``new``."""
        resource = self._resource(token)
        changes: list[Change] = []
        for name, kind in resource.inputs.items():
            old = old_outputs.get(name) if kind.computed and name not in old_inputs else old_inputs.get(name)
            changes += kind.changes(old, new.get(name), name)
        forced = set(resource.replaced_by(old_outputs, new))
        changes = [Change(c.path, c.kind, c.replaces or c.path in forced) for c in changes]
        replaces = any(change.replaces for change in changes)
        return Difference(changes, replaces and (resource.deletes_first or _is_named(resource, new)))

    def create(self, token: str, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Create a resource; return its id and its outputs."""
        kind = self._resource(token)
        if preview:
            return "", dict.fromkeys([*_computed(kind), *kind.outputs], UNKNOWN) | _shown(kind, inputs)
        resource = kind(self.connect(inputs))
        resource_id = resource.create(inputs)
        try:
            resource.complete(resource_id, inputs)
            return resource_id, self._outcome(resource, resource_id, inputs, {})
        except Exception as error:
            made = self._as_it_is(token, resource_id, inputs)
            raise Incomplete(self._message(error), made) from error

    def read(self, token: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """The current state of a resource, ``None`` if it does not exist; without ``outputs``, an import."""
        kind = self._resource(token)
        imported = not outputs
        known = outputs
        if imported:
            resource_id, known = kind.identify(resource_id)
        live = kind(self.connect(known)).read(resource_id, known)
        if live is None:
            return None
        now = {**known, **live}
        for name in kind.inputs.keys() & live.keys():
            now[name] = _settled(kind.inputs[name], known.get(name), live[name])
        # A refresh loses a write-only input, as in pulumi-terraform-bridge.
        now_inputs = _shown(kind, inputs) | {name: inputs[name] for name in inputs if name.startswith("__")}
        for name, part in kind.inputs.items():
            # A value that the program did not give is drift only if it is neither computed nor the default.
            drifted = not part.computed and not part.equal(None, live.get(name))
            if name in live and (name in inputs or imported or drifted):
                now_inputs[name] = _unchanged_or(part, inputs.get(name), live[name])
        return State(live.get("id", resource_id), _present(now_inputs), _present(now))

    def update(
        self,
        token: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Update a resource to its inputs ``new``; return its outputs."""
        kind = self._resource(token)
        kept = {
            key: value
            for key, value in old_outputs.items()
            if key not in kind.inputs or key in _computed(kind)
        }
        changed = {change.property for change in self.diff(token, old_inputs, old_outputs, new).changes}
        changed |= _unfinished(kind, old_outputs, new)
        if preview:
            return kept | dict.fromkeys(kind.unsettled(changed), UNKNOWN) | _shown(kind, new)
        resource = kind(self.connect(new))
        try:
            resource.update(resource_id, old_outputs, new, changed)
        except Unfinished as error:
            made = State(resource_id, new, self._outcome(resource, resource_id, new, kept))
            raise Incomplete(str(error), made) from error
        return self._outcome(resource, resource_id, new, kept)

    def delete(self, token: str, resource_id: str, outputs: Properties, timeout: float | None = None) -> None:
        """Delete a resource, within ``timeout`` seconds if the program sets a timeout."""
        resource = self._resource(token)(self.connect(outputs))
        resource.timeout = timeout
        resource.delete(resource_id, outputs)

    def invoke(self, token: str, arguments: Properties) -> tuple[Properties, list[Failure]]:
        """The result of a function, and the failures of its arguments."""
        function = self._functions.get(token)
        if function is None:
            raise Refused(
                f"{token}: the sandbox does not serve this function; {_served(token, self._functions)}"
            )
        served = ", ".join(function.arguments)
        failures = [
            Failure(name, f"not an argument of {token} that the sandbox serves; served are {served}")
            for name in arguments
            if name not in function.arguments
        ]
        checked = _checked(function.arguments, arguments, failures)
        return ({}, failures) if failures else (function(self.connect(checked)).call(checked), [])

    def secret_inputs(self, token: str) -> list[str]:
        """The inputs of a resource type that are always secret."""
        return [name for name, part in self._resource(token).inputs.items() if part.secret]

    def secret_outputs(self, token: str) -> list[str]:
        """The properties of a resource type's state that are always secret."""
        outputs = self._resource(token).outputs
        return self.secret_inputs(token) + [name for name, part in outputs.items() if part.secret]

    def secret_results(self, token: str) -> Sequence[str]:
        """The results of a function that are secret."""
        return self._functions[token].secrets

    # Internal.

    def _resource(self, token: str) -> type[Resource[Any]]:
        if token not in self._resources:
            what = (
                "the sandbox does not serve this type"
                if official_properties(*official_class(token))
                else "no such type"
            )
            raise Refused(f"{token}: {what}; {_served(token, self._resources)}")
        return self._resources[token]

    def _unknown(self, name: str, of: str, module: str, official: str) -> str:
        if name in official_properties(module, official):
            return f"a property that the sandbox does not serve on {of}"
        return f"not a property of {of}"

    def _outcome(
        self, resource: Resource[Any], resource_id: str, inputs: Properties, kept: Properties
    ) -> Properties:
        """The outputs after a create or update; an error if the service did not store a value as given."""
        live = resource.read(resource_id, {**kept, **_public(inputs)})
        if live is None:
            raise Refused("it was made, but the service does not show it")
        lost = [
            change.path
            for name, part in resource.inputs.items()
            if name in live and is_known(inputs.get(name))
            for change in part.changes(live[name], inputs.get(name), name)
        ]
        if lost:
            raise Refused(f"the service did not take {', '.join(lost)} as given")
        shown = {
            name: _settled(resource.inputs[name], inputs.get(name), value)
            if name in resource.inputs
            else value
            for name, value in live.items()
        }
        return _present({**kept, **_shown(type(resource), inputs), **shown})

    def _as_it_is(self, token: str, resource_id: str, inputs: Properties) -> State:
        """The current state of a resource whose creation failed; ``inputs`` if it cannot be read."""
        asked = State(resource_id, inputs, _shown(self._resource(token), inputs))
        try:
            return self.read(token, resource_id, inputs, asked.outputs) or asked
        except Exception:
            return asked

    def _message(self, error: Exception) -> str:
        return (
            str(error)
            if isinstance(error, Refused)
            else self.explain(error) or f"{type(error).__name__}: {error}"
        )


def _served(token: str, served: Iterable[str]) -> str:
    """The supported types or functions of the module of ``token``, by their short names, for a message."""
    package, module = token.split(":")[0], _module(token)
    of_module = [other for other in served if _module(other) == module]
    if not of_module:
        modules = sorted({f"{package}:{_module(other)}" for other in served})
        return f"it serves nothing of {package}:{module}, only of {', '.join(modules)}"
    return f"of {package}:{module} it serves {', '.join(other.rsplit(':', 1)[1] for other in of_module)}"


def _module(token: str) -> str:
    """The module of a token, ``ec2`` of ``aws:ec2/vpc:Vpc``."""
    return token.split(":")[1].split("/")[0]


def _checked(described: Mapping[str, Property], given: Properties, failures: list[Failure]) -> Properties:
    return _present({name: part.check(given.get(name), name, failures) for name, part in described.items()})


def _conflicts(described: Mapping[str, Property], given: Properties) -> Iterator[Failure]:
    for name, part in described.items():
        for other in part.conflicts_with:
            if name in given and other in given:
                yield Failure(name, f"not allowed beside {other}; give one of the two")


def _named(
    resource: type[Resource[Any]], name: str, old: Properties, new: Properties, seed: bytes
) -> Properties:
    """The automatic name, if the program gives none: the existing one, else a new one."""
    rule = resource.automatic_name
    if rule is None or rule.property in new:
        return {}
    if rule.property in old.get(_DEFAULTS, ()):
        return {rule.property: old[rule.property]}
    return {rule.property: rule.make(name, seed)}


def _is_named(resource: type[Resource[Any]], new: Properties) -> bool:
    """Whether the program gives the name of the resource, so that the old one may have the same name.

    The official providers do not compare the names, and consider only properties with an automatic name with
    random digits (`AutoNamed`): pulumi/pulumi-terraform-bridge, pkg/tfbridge/schema.go,
    ``nameRequiresDeleteBeforeReplace``. The key of an S3 object is not one: pulumi/pulumi-aws,
    provider/resources.go, ``aws_s3_object``.
    """
    rule = resource.automatic_name
    if rule is None or not rule.suffix:
        return False
    return rule.property in new and rule.property not in new.get(_DEFAULTS, ())


def _unfinished(resource: type[Resource[Any]], old_outputs: Properties, new: Properties) -> set[str]:
    """The inputs that an incomplete creation (`Incomplete`) did not apply.

    The engine stores the inputs of such a creation as if they were applied, and calls ``Update``.
    """
    return {
        change.property
        for name, part in resource.inputs.items()
        if not part.write_only and is_known(new.get(name))
        for change in part.changes(old_outputs.get(name), new.get(name), name)
    }


def _computed(resource: type[Resource[Any]]) -> list[str]:
    return [name for name, part in resource.inputs.items() if part.computed]


def _unchanged_or(part: Property, old: Any, now: Any) -> Any:
    """``old`` if ``now`` is equal to it, so that the state keeps the declared form; else ``now``."""
    return old if old is not None and part.equal(now, old) else now


def _settled(part: Property, old: Any, now: Any) -> Any:
    """As `_unchanged_or`, with the computed values inside ``old``."""
    kept = _unchanged_or(part, old, now)
    if kept is not old or not old or not now:
        return kept
    if isinstance(part, Object):
        names = [name for name, field in part.fields.items() if name in old or field.computed]
        return _present({name: _settled(part.fields[name], old.get(name), now.get(name)) for name in names})
    if isinstance(part, ListOf) and not isinstance(part, SetOf):
        return [_settled(part.item, *pair) for pair in zip(old, now, strict=True)]
    return kept


def _shown(resource: type[Resource[Any]], inputs: Properties) -> Properties:
    """The inputs that are outputs too."""
    return {
        name: value
        for name, value in inputs.items()
        if name in resource.inputs and not resource.inputs[name].write_only
    }


def _public(inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def _present(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if value is not None}


def official_class(token: str) -> tuple[str, str]:
    """Module and name of the official SDK's class for the resource type ``token``."""
    package, module, name = token.split(":")
    area = module.split("/")[0]
    if keyword.iskeyword(area):
        area += "_"
    return _sdk(package) + ("" if area == "index" else f".{area}"), name


def _sdk(package: str) -> str:
    """The module of the official SDK of a provider."""
    return "pulumi_" + package.replace("-", "_")


def official_properties(module: str, name: str) -> set[str]:
    """The properties of the official SDK's class ``name``; empty if there is no such class.

    The SDK is large, so it is imported only here, for the text of a refusal.
    """
    pulumi = import_sdk()
    try:
        sdk = importlib.import_module(module)
    except ImportError:
        return set()
    # The class of the arguments has another name if the usual one is taken.
    arguments = getattr(sdk, f"{name}InitArgs", None) or getattr(sdk, f"{name}Args", None)
    return set(pulumi._types.input_type_py_to_pulumi_names(arguments).values()) if arguments else set()
