"""The possible changes to a Python file.

Changes without an effect by construction are left out: types and other code for type checkers, decorators,
docstrings, strings with spaces or with values in them, `encoding=`, whose default is UTF-8 anyway, and
`strict=` of `zip`.
"""

import ast
import difflib
import random
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

_OPPOSITES: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.And: ("or",),
    ast.Or: ("and",),
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("//",),
    ast.FloorDiv: ("*",),
}
_OPERATOR = re.compile(r"not\s+in\b|is\s+not\b|\b(?:in|is|and|or)\b|==|!=|<=|>=|//|[<>+*-]")
_TYPES = ("Annotated", "Callable", "Literal", "cast", "TypeVar")
"""The names whose arguments are types, which do not affect the run."""


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Statement:
    """The statement that contains a change.

    Attributes:
        lines: its lines, without those of nested statements.
        at_import: whether it is outside of functions, so that it is executed when the file is imported.
    """

    lines: frozenset[int]
    at_import: bool


@dataclass(frozen=True)
class Mutant:
    """One change to one file.

    Attributes:
        path: the path of the file, relative to the checkout.
        kind: the kind of the change, such as `comparison`.
        start: the offset of the replaced text, in bytes.
        end: the end of the replaced text, in bytes.
        text: the replacement.
    """

    path: str
    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """Return the source with the change."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def line(self, source: bytes) -> int:
        """Return the line number of the change."""
        return source.count(b"\n", 0, self.start) + 1

    def statement(self, source: bytes) -> Statement:
        """Return the innermost statement that contains the change."""
        line = self.line(source)
        nodes = list(ast.walk(ast.parse(source)))
        holding = [each for each in nodes if isinstance(each, ast.stmt) and line in _lines(each)]
        innermost = max(holding, key=lambda each: (each.lineno, -len(_lines(each))))
        within = [
            each for each in ast.walk(innermost) if isinstance(each, ast.stmt) and each is not innermost
        ]
        functions = [each for each in holding if isinstance(each, _FUNCTIONS) and each is not innermost]
        return Statement(
            frozenset(_lines(innermost)).difference(*map(_lines, within)), at_import=not functions
        )

    def diff(self, source: bytes) -> str:
        """Return the change in the format of `diff -u`."""
        before, after = (each.decode().splitlines() for each in (source, self.apply(source)))
        return "\n".join(difflib.unified_diff(before, after, self.path, self.path, n=2, lineterm=""))


def _lines(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def mutants(path: str, source: bytes) -> list[Mutant]:
    """Return all possible changes to a file, in the order of the source."""
    return sorted(_Finder(path, source).found(), key=lambda each: (each.start, each.end, each.text))


def sample(of: Iterable[tuple[str, bytes]], count: int, seed: int) -> list[Mutant]:
    """Return a sample of the possible changes to files, evenly distributed over the kinds.

    Args:
        of: the path and source of each file.
        count: the size of the sample.
        seed: the seed of the random choice.
    """
    chance = random.Random(seed)  # noqa: S311 (not for security)
    by_kind: dict[str, list[Mutant]] = defaultdict(list)
    sources = dict(of)
    for path, source in sorted(sources.items()):
        for mutant in mutants(path, source):
            by_kind[mutant.kind].append(mutant)
    for each in by_kind.values():
        chance.shuffle(each)
    chosen: list[Mutant] = []
    kinds = sorted(by_kind)
    while kinds and len(chosen) < count:
        for kind in tuple(kinds):
            while by_kind[kind]:
                mutant = by_kind[kind].pop()
                if _is_a_change(mutant, sources[mutant.path]):
                    chosen.append(mutant)
                    break
            else:
                kinds.remove(kind)
    return chosen[:count]


def _is_a_change(mutant: Mutant, source: bytes) -> bool:
    try:
        return ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


class _Finder:
    """Finds the changes in a file's syntax tree."""

    def __init__(self, path: str, source: bytes) -> None:
        self._path = path
        self._source = source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def found(self) -> Iterator[Mutant]:
        return self._below(ast.parse(self._source))

    def _below(self, node: ast.AST) -> Iterator[Mutant]:
        yield from self._of(node)
        for child in _run(node):
            yield from self._below(child)

    def _of(self, node: ast.AST) -> Iterator[Mutant]:
        """The changes to one node, without its children."""
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                yield from self._operators("comparison", operands, node.ops)
            case ast.BoolOp():
                yield from self._operators("logic", node.values, [node.op] * (len(node.values) - 1))
            case ast.BinOp() if not any(_is_text(each) for each in (node.left, node.right)):
                yield from self._operators("arithmetic", [node.left, node.right], [node.op])
            case ast.UnaryOp(op=ast.Not()):
                yield self._mutant("logic", *self._span(node), self._text(node.operand))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return
            case ast.If() | ast.While() | ast.IfExp():
                yield self._mutant("condition", *self._span(node.test), f"not ({self._text(node.test)})")
            case ast.comprehension():
                for each in node.ifs:
                    yield self._mutant("condition", *self._span(each), f"not ({self._text(each)})")
            case ast.Constant(value=bool() as truth):
                yield self._mutant("constant", *self._span(node), repr(not truth))
            case ast.Constant(value=int() as number):
                for by in (1, -1):
                    yield self._mutant("number", *self._span(node), repr(number + by))
            case ast.Constant(value=str() as text) if text and not re.search(r"\s", text):
                yield self._mutant("text", *self._span(node), repr(f"XX{text}XX"))
            case ast.Call() if node.keywords:
                given = sorted(self._span(each) for each in (*node.args, *node.keywords))
                named = {self._span(each) for each in node.keywords if not _makes_no_difference(node, each)}
                if named:
                    yield from self._without("argument", given, named)
            case ast.List() | ast.Set() | ast.Tuple():
                yield from self._without("element", [self._span(each) for each in node.elts])
            case ast.Dict() if None not in node.keys:
                keys = [each for each in node.keys if each]
                spans = [(self._span(k)[0], self._span(v)[1]) for k, v in zip(keys, node.values, strict=True)]
                yield from self._without("element", spans)
            case ast.Expr(value=ast.Yield() | ast.YieldFrom() | ast.Call()) | ast.AugAssign():
                yield self._mutant("statement", *self._span(node), "pass")

    def _operators(
        self, kind: str, operands: Sequence[ast.expr], operators: Sequence[ast.AST]
    ) -> Iterator[Mutant]:
        """Replace the operator between two operands."""
        for left, right, operator in zip(operands, operands[1:], operators, strict=False):
            start, end = self._span(left)[1], self._span(right)[0]
            between = _OPERATOR.search(self._source[start:end].decode())
            if between:
                for other in _OPPOSITES.get(type(operator), ()):
                    yield self._mutant(kind, start + between.start(), start + between.end(), other)

    def _without(
        self, kind: str, spans: Sequence[tuple[int, int]], which: Container[tuple[int, int]] = ()
    ) -> Iterator[Mutant]:
        """Remove one of several comma-separated items, or one of `which`, with its comma."""
        for number, (start, end) in enumerate(spans):
            if (start, end) not in (which or spans):
                continue
            if number + 1 < len(spans):
                yield self._mutant(kind, start, spans[number + 1][0], "")
            elif number:
                yield self._mutant(kind, spans[number - 1][1], end, "")
            else:
                yield self._mutant(kind, start, end, "")

    def _mutant(self, kind: str, start: int, end: int, text: str) -> Mutant:
        return Mutant(self._path, kind, start, end, text)

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """The start and end offsets of a node, in bytes."""
        position = node if isinstance(node, ast.expr | ast.stmt | ast.keyword) else None
        assert position and position.end_lineno and position.end_col_offset is not None  # noqa: PT018
        return (
            self._lines[position.lineno - 1] + position.col_offset,
            self._lines[position.end_lineno - 1] + position.end_col_offset,
        )

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _makes_no_difference(call: ast.Call, argument: ast.keyword) -> bool:
    return argument.arg == "encoding" or (isinstance(call.func, ast.Name) and call.func.id == "zip")


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The executed parts of a node, without annotations, decorators, docstrings, types and f-strings."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.args.defaults, *(each for each in node.args.kw_defaults if each), *node.body)
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from [node.value] if node.value else []
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Assign(targets=[ast.Name(id="__all__" | "__version__")]):
            return
        case ast.Subscript(value=ast.Name(id=name)) | ast.Call(func=ast.Name(id=name)) if name in _TYPES:
            return
        case ast.Call():
            given = [each for each in node.keywords if not _makes_no_difference(node, each)]
            yield from (node.func, *node.args, *given)
        case _:
            yield from ast.iter_child_nodes(node)
