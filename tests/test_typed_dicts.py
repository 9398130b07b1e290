"""Values against TypedDicts, with pydantic as the reference for the meaning of Python's types."""

from typing import Annotated, Any, NotRequired

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.typed_dicts import (
    KEY_TYPE,
    MISSING_KEY,
    TYPE,
    UNKNOWN_KEY,
    Mismatch,
    fields_of,
    fitted,
)
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict, is_typeddict

closed = with_config(ConfigDict(extra="forbid"))


@closed
class Part(TypedDict):
    text: str
    number: NotRequired[float]


@closed
class Base(TypedDict):
    whole: NotRequired[int]


@closed
class Whole(Base):
    part: Part
    truth: NotRequired[bool]
    parts: NotRequired[list[Part]]
    by_name: NotRequired[dict[str, Part]]
    texts: NotRequired[dict[str, list[str]]]
    anything: NotRequired[Any]


REFERENCE = TypeAdapter(Whole)

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(0.25, 0.75) | st.sampled_from(["", "a"])
names = st.sampled_from([*Whole.__annotations__, *Part.__annotations__, "whole", "other"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
parts = st.fixed_dictionaries(
    {"text": st.just("a") | scalars}, optional={"number": scalars, "other": scalars}
)
wholes = st.fixed_dictionaries(
    {"part": parts | values},
    optional={
        "whole": scalars,
        "truth": scalars,
        "parts": st.lists(parts, max_size=2) | values,
        "by_name": st.dictionaries(names, parts, max_size=2) | values,
        "texts": st.dictionaries(names, st.lists(scalars, max_size=2), max_size=2) | values,
        "anything": values,
        "other": values,
    },
)


def validated_by_pydantic(value: Any) -> tuple[Any, set[Any]]:
    """The value as pydantic validates it, and the locations that it refuses."""
    try:
        return REFERENCE.validate_python(value, strict=True), set()
    except ValidationError as error:
        return None, {each["loc"] for each in error.errors()}


@given(wholes | values)
def test_values_are_accepted_and_refused_as_by_pydantic(value: Any) -> None:
    found, mismatches = fitted(value, Whole)
    expected, locations = validated_by_pydantic(value)
    assert {each.location for each in mismatches} == locations
    if not locations:
        assert repr(found) == repr(expected)  # in the same order, and of the same types


@pytest.mark.parametrize(
    ("value", "mismatch"),
    [
        ({"part": {}}, Mismatch(("part", "text"), MISSING_KEY, None, str, (Whole, Part))),
        ({"part": {"text": "", "x": 1}}, Mismatch(("part", "x"), UNKNOWN_KEY, 1, None, (Whole, Part))),
        ({"part": {"text": "", 5: 1}}, Mismatch(("part", 5), UNKNOWN_KEY, 1, None, (Whole, Part))),
        (
            {"part": {"text": ""}, "texts": {5: []}},
            Mismatch(("texts", 5), KEY_TYPE, 5, str, (Whole,)),
        ),
        (
            {"part": {"text": ""}, "texts": {"a": [None]}},
            Mismatch(("texts", "a", 0), TYPE, None, str, (Whole,)),
        ),
    ],
)
def test_a_mismatch_says_where_it_is_and_what_was_expected(value: Any, mismatch: Mismatch) -> None:
    assert fitted(value, Whole)[1] == [mismatch]


def test_an_integer_may_be_a_float_without_a_fraction() -> None:
    found, mismatches = fitted({"part": {"text": ""}, "whole": 3.0}, Whole)
    assert (repr(found["whole"]), mismatches) == ("3", [])
    assert [each.location for each in fitted({"part": {"text": ""}, "whole": 3.5}, Whole)[1]] == [("whole",)]


class Doubled:
    """A mark."""

    def fit(self, value: Any, inner: Any, refuse: Any) -> Any:
        if value == 0:
            refuse("nothing to double")
        return inner(2 * value)


class Marked(TypedDict):
    number: Annotated[int, "words", Doubled(), Doubled()]


def test_marks_wrap_their_type_from_the_inside_out() -> None:
    assert fitted({"number": 1}, Marked) == ({"number": 4}, [])
    found = fitted({"number": 0}, Marked)[1]
    assert {each.reason for each in found} == {"nothing to double"}
    assert {each.location for each in found} == {("number",)}


def test_every_type_of_a_declaration_is_supported() -> None:
    """A field of another type, such as a union, would refuse every value."""
    seen: set[Any] = set()

    def look(kind: Any) -> None:
        if is_typeddict(kind):
            if kind not in seen:
                seen.add(kind)
                for field in fields_of(kind).values():
                    look(field)
            return
        mismatches = fitted({"list": [], "dict": {}}.get(name := _name(kind), _EXAMPLES.get(name)), kind)[1]
        assert mismatches == [], kind
        for part in getattr(kind, "__args__", ()):
            look(part)

    look(StackDeclaration)
    assert len(seen) > 50


_EXAMPLES = {"str": "a", "int": 1, "float": 0.5, "bool": True, "Any": None}


def _name(kind: Any) -> str:
    origin = getattr(kind, "__origin__", kind)
    return str(getattr(origin, "__name__", origin))
