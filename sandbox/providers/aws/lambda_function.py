"""Lambda functions, and their invocations by a stack.

Source of the properties, of replacements and of the payload of an invocation: the official provider's
``internal/service/lambda``.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.aws.resource import REGION, TAGS, AwsResource
from sandbox.standin.properties import Json, Number, Object, Property, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties

_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
"""The signature of an archive in the engine's protocol: ``sdk/go/common/resource/archive``."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The fixed time of all files in an archive, so that it is reproducible."""


@dataclass(frozen=True, kw_only=True)
class TextArchive(Property):
    """An archive of string assets; two archives with the same hash are equal."""

    def _check(self, value: Any, path: str, failures: list[Any]) -> Any:
        if not isinstance(value, Mapping) or value.get(_SIGNATURE) != _ARCHIVE:
            self._refuse("something else", "an archive", path, failures)
        elif not all(isinstance(each, Mapping) and "text" in each for each in _files(value).values()):
            self._refuse("other files", "an archive of texts", path, failures)
        return value

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Any]:
        if (old or {}).get("hash") != (new or {}).get("hash"):
            yield self._change(old, new, path)


def _files(archive: Mapping[str, Any]) -> Mapping[str, Any]:
    return archive.get("assets") or {}


def _zipped(archive: Mapping[str, Any]) -> bytes:
    """The archive as a ZIP file for Lambda."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as file:
        for path, asset in sorted(_files(archive).items()):
            file.writestr(zipfile.ZipInfo(path, _EARLIEST), asset["text"])
    return zipped.getvalue()


_SETTINGS: Mapping[str, Property] = {
    "description": Text(),
    "role": Text(required=True),
    "runtime": Text(required=True, pattern=r"python3\.\d+", pattern_meaning="a version of Python"),
    "handler": Text(required=True),
    "timeout": Number(default=3, maximum=900),
    "memorySize": Number(default=128, maximum=10240),
    "loggingConfig": Object(
        {"logFormat": Text(required=True), "logGroup": Text(computed=True)}, computed=True
    ),
}


class Function(AwsResource):
    """A function. Its id is its name."""

    token = "aws:lambda/function:Function"
    service = "lambda"
    gone = ("ResourceNotFoundException",)
    automatic_name = AutomaticName(maximum_length=64)
    inputs = {
        "name": Text(replaces=True, service_name="FunctionName"),
        "code": TextArchive(required=True),
        **_SETTINGS,
        **REGION,
        **TAGS,
    }
    outputs = {
        "arn": Text(service_name="FunctionArn"),
        "codeSha256": Text(),
        "sourceCodeSize": Number(service_name="CodeSize"),
    }
    unshown, tagged_by = ("code",), "arn"

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        return ("codeSha256", "sourceCodeSize") if "code" in changed else ()

    def create(self, inputs: Properties) -> str:
        self.call("CreateFunction", {**inputs, "code": None}, Code={"ZipFile": _zipped(inputs["code"])})
        return str(inputs["name"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The current properties of the function; of its code, only the hash."""
        live = self.client.get_function(FunctionName=resource_id)
        return self.shown({**live["Configuration"], "Tags": live.get("Tags", {})})

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        if changed & _SETTINGS.keys():
            emptied = {} if new.get("description") else {"Description": ""}
            self.call("UpdateFunctionConfiguration", new, None, **emptied)
        if "code" in changed:
            self.client.update_function_code(FunctionName=resource_id, ZipFile=_zipped(new["code"]))

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_function(FunctionName=resource_id)


class Invocation(AwsResource):
    """An invocation; with the scope ``CRUD``, one at each update and at the deletion of the resource.

    Its id is the function's name, the qualifier and a hash, separated by commas. It cannot be read.
    """

    token = "aws:lambda/invocation:Invocation"
    service = "lambda"
    inputs = {
        "functionName": Text(required=True, replaces=True),
        "input": Json(required=True),
        "lifecycleScope": Text(default="CREATE_ONLY", one_of=("CREATE_ONLY", "CRUD")),
        **REGION,
    }
    outputs = {"result": Text()}

    _result: str | None = None

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        proper, known = super().identify(resource_id)
        return proper, {**known, "functionName": proper.split(",")[0]}

    @classmethod
    def replaced_by(cls, old: Properties, new: Properties) -> Iterator[str]:
        """With the scope ``CREATE_ONLY``, a change of the input replaces the invocation."""
        if new.get("lifecycleScope") == "CREATE_ONLY" and old.get("input") != new.get("input"):
            yield "input"

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        return ("result",) if "input" in changed else ()

    def create(self, inputs: Properties) -> str:
        self._run(inputs, "create", None)
        return f"{inputs['functionName']},$LATEST,{'0' * 32}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The properties in the state, and the result of this call."""
        return {**known, "result": known.get("result") if self._result is None else self._result}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Invoke the function with the previous input."""
        self._run(new, "update", json.loads(old["input"]))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Invoke the function for the deletion, with the scope ``CRUD``."""
        if state.get("lifecycleScope") == "CRUD":
            self._run(state, "delete", json.loads(state["input"]))

    def _run(self, inputs: Properties, action: str, before: Mapping[str, Any] | None) -> None:
        payload = json.loads(inputs["input"])
        if inputs["lifecycleScope"] == "CRUD":
            payload["tf"] = {"action": action, "prev_input": before}
        name = inputs["functionName"]
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(payload).encode())
        result = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise Refused(f"invoking Lambda Function ({name}): {result}")
        self._result = result
