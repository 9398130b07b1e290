"""The evaluation of ``rules: if`` expressions, in which variables may be unknown.

Source: https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions; GitLab 18,
lib/gitlab/ci/pipeline/expression/.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from pulumi_gitlab_runner.doctor.pipelines.expansion import expand

_MOST_TOKENS = 100
"""The limit of GitLab."""
_MOST_STEPS = 100_000
"""The maximum number of steps of a pattern search; a pattern that may need more is not searched for."""

_TOKENS = re.compile(
    r"""\s*(?:
    (?P<parenthesis>[()])
    | \$(?P<variable>\w+)
    | "(?P<double>.*?)" | '(?P<single>.*?)'
    | (?P<pattern>/(?:[^/]|\\/)+[^\\]/[ismU]*)
    | (?P<word>null|\b(?:true|false)\b)
    | (?P<operator>==|=~|!=|!~|&&|\|\||!)
    )""",
    re.VERBOSE,
)
_PRECEDENCE = {"!": 1, "==": 10, "!=": 10, "=~": 10, "!~": 10, "&&": 11, "||": 12}
"""A lower number binds tighter."""


class _Unknown(Enum):
    """An unknown value."""

    ANY = "any value"
    BOOLEAN = "true or false"


@dataclass(frozen=True)
class _Pattern:
    expression: str
    flags: str


_Value = str | bool | None | _Pattern | _Unknown


class _SyntaxError(Exception):
    """The text is not a valid expression. GitLab refuses the pipeline, or evaluates it to false."""


def evaluated(expression: object, variables: Mapping[str, str]) -> bool | None:
    """Whether an expression is true; None if that depends on unknown variables.

    Args:
        expression: the expression, such as ``$CI_COMMIT_BRANCH == "main" && $DEPLOY``.
        variables: the known variables. Any other may have a value or none.
    """
    if not isinstance(expression, str) or "$[[" in expression:
        return None
    try:
        value = _value_of(_tokens(expression), variables)
    except _SyntaxError:
        return None
    if isinstance(value, _Unknown):
        return None
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def all_of(*conditions: bool | None) -> bool | None:
    """Whether all conditions are true; None if that depends on an unknown condition."""
    if False in conditions:
        return False
    return None if None in conditions else True


@lru_cache(maxsize=4096)
def _tokens(expression: str) -> tuple[tuple[str, str], ...]:
    """The tokens, each with its kind. Cached, since the rules of the workflow are evaluated for every job."""
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(expression.rstrip())
    while at < end:
        found = _TOKENS.match(expression, at, end)
        if not found or not found.lastgroup or len(tokens) == _MOST_TOKENS - 1:
            raise _SyntaxError
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tuple(tokens)


def _value_of(tokens: Iterable[tuple[str, str]], variables: Mapping[str, str]) -> _Value:
    """The value of an expression, by the shunting-yard algorithm, as GitLab evaluates it."""
    values: list[_Value] = []
    operators: list[str] = []

    def apply() -> None:
        operator = operators.pop()
        needed = 1 if operator == "!" else 2
        if operator == "(" or len(values) < needed:
            raise _SyntaxError
        right = values.pop()
        values.append(_not(right) if operator == "!" else _combined(operator, values.pop(), right))

    for kind, text in tokens:
        if text == "(" and kind == "parenthesis":
            operators.append(text)
        elif kind == "parenthesis":
            while operators and operators[-1] != "(":
                apply()
            if not operators:
                raise _SyntaxError
            operators.pop()
        elif kind == "operator":
            while text != "!" and operators and _PRECEDENCE.get(operators[-1], 99) <= _PRECEDENCE[text]:
                apply()
            operators.append(text)
        else:
            values.append(_operand(kind, text, variables))
    while operators:
        apply()
    if len(values) != 1:
        raise _SyntaxError
    return values[0]


def _operand(kind: str, text: str, variables: Mapping[str, str]) -> _Value:
    if kind == "variable":
        if text not in variables:
            return _Unknown.ANY
        value, unknown = expand(variables[text], variables)
        return _Unknown.ANY if unknown else value
    if kind == "pattern":
        return _pattern(text)
    if kind == "word":
        return {"null": None, "true": True, "false": False}[text]
    return text


def _pattern(text: str) -> _Pattern:
    expression, _, flags = text[1:].replace(r"\/", "/").rpartition("/")
    return _Pattern(expression, flags)


def _not(value: _Value) -> _Value:
    if isinstance(value, _Unknown):
        return _Unknown.BOOLEAN
    return not (value.strip() if isinstance(value, str) else value)


def _combined(operator: str, left: _Value, right: _Value) -> _Value:
    match operator:
        case "&&":
            return _and(left, right)
        case "||":
            return _or(left, right)
        case "==" | "!=":
            if isinstance(left, _Unknown) or isinstance(right, _Unknown):
                return _Unknown.BOOLEAN
            equal = type(left) is type(right) and left == right
            return equal == (operator == "==")
        case _:
            found = _matches(left, right)
            return found if isinstance(found, _Unknown) else found == (operator == "=~")


def _and(left: _Value, right: _Value) -> _Value:
    """As in Ruby, every value except nil and false is true, also an empty string."""
    if not isinstance(left, _Unknown):
        return left if left is None or left is False else right
    if right is None or right is False:
        return False
    return _Unknown.BOOLEAN if right is True or right is _Unknown.BOOLEAN else _Unknown.ANY


def _or(left: _Value, right: _Value) -> _Value:
    if not isinstance(left, _Unknown):
        return right if left is None or left is False else left
    # An unknown variable may be empty, which `||` does not treat as false, and the result not as true.
    if left is _Unknown.BOOLEAN:
        return True if right is True else right if isinstance(right, _Unknown) else _Unknown.ANY
    return _Unknown.ANY


def _matches(left: _Value, right: _Value) -> bool | _Unknown:
    """Whether a string matches a pattern."""
    if right is None or right is False:
        return False
    if isinstance(left, _Unknown | _Pattern) or isinstance(right, _Unknown | bool):
        return _Unknown.BOOLEAN
    text = left if isinstance(left, str) else "true" if left is True else "false" if left is False else ""
    if isinstance(right, str):
        if not re.fullmatch(r"/.*/[ismU]*", right):
            return text in right  # without a pattern, Ruby searches the right string for the left one
        right = _pattern(right)
    found = _search(right, text)
    return _Unknown.BOOLEAN if found is None else found


@lru_cache(maxsize=1024)
def _search(pattern: _Pattern, text: str) -> bool | None:
    """Whether a pattern is found; None if it may have another meaning in Python than in RE2, or is too slow.

    GitLab uses RE2, whose search time is linear in the length of the text. The search time of Python may grow
    with a power of it, so it is limited by the number of the pattern's quantifiers.
    """
    expression = pattern.expression
    quantifiers = len(re.findall(r"(?<!\\)(?:[*+]|\{\d*,?\d*\})", expression))
    repeated_group = re.search(r"(?<!\\)\)(?:[*+{])", expression)
    only_in_one = re.search(r"\(\?(?!:)|\\[^\W_](?<!\\[dDsSwWbBnrt])|\[\[:|(?<!\\)[*+?}]\+", expression)
    if repeated_group or only_in_one or max(len(text), 2) ** quantifiers > _MOST_STEPS:
        return None
    flags = re.ASCII
    for letter in pattern.flags.replace("U", ""):
        flags |= {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE}[letter]
    try:
        return bool(re.search(expression, text.rstrip("\n"), flags))
    except (re.error, RecursionError, OverflowError):
        return None
