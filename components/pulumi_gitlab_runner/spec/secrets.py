"""The fields of a declaration that accept secrets."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from typing_extensions import is_typeddict

from pulumi_gitlab_runner.spec.inputs import InputType
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.variables import VariableDeclaration
from pulumi_gitlab_runner.typed_dicts import fields_of


def clear_secrets(declared: Any, kind: Any, path: str = "stack") -> Iterator[str]:
    """The paths of secrets that are plain text in a part of a declaration.

    Args:
        declared: the part, as in the stack's file; values of a wrong type are ignored.
        kind: its type.
        path: its path in the declaration.
    """
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        if any(isinstance(mark, InputType) and mark.secret for mark in marks):
            if isinstance(declared, str) and declared:
                yield path
            return
        kind = inner
    if is_typeddict(kind) and isinstance(declared, dict):
        kinds = fields_of(kind)
        for key, each in declared.items():
            if key in kinds and not _is_shown(declared, key, kind):
                yield from clear_secrets(each, kinds[key], join_path(path, str(key)))
    elif get_origin(kind) is dict and isinstance(declared, dict):
        _, of_value = get_args(kind)
        for key, each in declared.items():
            yield from clear_secrets(each, of_value, join_path(path, str(key)))
    elif get_origin(kind) is list and isinstance(declared, list):
        [of_item] = get_args(kind)
        for index, each in enumerate(declared):
            yield from clear_secrets(each, of_item, join_path(path, index))


def _is_shown(declared: dict[str, Any], key: str, kind: Any) -> bool:
    """Whether a field is the value of a CI variable that is not masked, which job logs may show."""
    return (
        kind is VariableDeclaration
        and key == "value"
        and not (declared.get("masked") or declared.get("hidden"))
    )
