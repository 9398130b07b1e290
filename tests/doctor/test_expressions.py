"""The expressions of `rules: if`, as GitLab's own tests have them, with variables that are not known here."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.doctor.pipelines.expressions import evaluated

KNOWN = {
    "PRESENT": "my variable",
    "EMPTY": "",
    "BLANK": " ",
    "PATH": "a/path/variable/value",
    "FULL": "/a/full/path/variable/value",
    "OF_OTHERS": "my $NOUN",
    "NOUN": "variable",
    "OF_UNKNOWN": "my $UNKNOWN",
    "PATTERN": "/^my.*/",
    "LOOP": "$LOOP",
    "LINES": "one\ntwo",
}


# Sources: GitLab 18, spec/lib/gitlab/ci/pipeline/expression/statement_spec.rb; where `evaluate` returns a
# value there, the value here is whether that is `present?`.
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('$PRESENT == "my variable"', True),
        ('"my variable" == $PRESENT', True),
        ("$PRESENT == 'my variable'", True),
        ("$PRESENT == null", False),
        ("$EMPTY == null", False),
        ('"" == $EMPTY', True),
        ("$PRESENT", True),
        ("$EMPTY", False),
        ("$BLANK", False),
        ("null", False),
        ("$PRESENT =~ /var.*e$/", True),
        (r"$PRESENT =~ /va\/r.*e$/", False),
        ("$PRESENT =~ /^var.*/", False),
        ("$EMPTY =~ /var.*/", False),
        ("$PRESENT =~ /VAR.*/i", True),
        (r"$PATH =~ /path\/variable/", True),
        (r"$FULL =~ /^\/a\/full\/path\/variable\/value$/", True),
        ('$PRESENT != "my variable"', False),
        ("$EMPTY != null", True),
        ("$PRESENT !~ /var.*e$/", False),
        ("$PRESENT !~ /^var.*/", True),
        ("$EMPTY !~ /var.*/", True),
        ("$PRESENT =~ $PATTERN", True),
        ("$NOUN =~ $PATTERN", False),
        ('$NOUN =~ "a variable"', True),
        ('$PRESENT =~ "a variable"', False),
        ("$PRESENT =~ null", False),
        ("$PRESENT !~ null", True),
        ('$PRESENT && "string"', True),
        ("$PRESENT && $EMPTY", False),
        ("$EMPTY && $PRESENT", True),
        ("null && $PRESENT", False),
        ('$EMPTY == "" && $PRESENT != "nope"', True),
        ("$PRESENT =~ /my var/ && $EMPTY =~ /nope/", False),
        ('$PRESENT && null || $EMPTY == ""', True),
        ("$EMPTY || $PRESENT", False),  # as in Ruby, an empty text is not false
        ("null || $PRESENT", True),
        ('($PRESENT) && (null || $EMPTY == "")', True),
        ('("string" || "test") == "string"', True),
        ('("string" == ("test" && "string"))', True),
        ('("string" == ("test" || "string"))', False),
        ('("string" == ("string" || (("1" == "1") && ("2" == "3"))))', True),
        ("!$EMPTY", True),
        ('!($PRESENT == "x") && !!$PRESENT', True),
        ('"true" == true', False),
        ("$OF_OTHERS == $PRESENT", True),
        ("/ab/ && $PRESENT", True),
        ("true =~ /^tr/", True),
        ("false =~ /^fal/", True),
        ("null =~ /^a*$/", True),
        ("$PRESENT =~ false", False),
        ("$LINES =~ /one.two/", False),
        ("$LINES =~ /one.two/s", True),
        ("$LINES =~ /^two/", False),
        ("$LINES =~ /^two/m", True),
        ("$PRESENT =~ /VAR/iU", True),
        (r"$PRESENT =~ /\Aq/ || true", True),
    ],
)
def test_expressions_with_known_variables(expression: str, value: bool) -> None:
    assert evaluated(expression, KNOWN) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$UNKNOWN", None),
        ("$UNKNOWN == null", None),
        ("$UNKNOWN =~ /^a/", None),
        ("$PRESENT =~ $UNKNOWN", None),
        ("$OF_UNKNOWN == 'my variable'", None),
        ("$LOOP == 'x'", None),
        ("$UNKNOWN && null", False),
        ('$UNKNOWN == "a" && $PRESENT == "x"', False),
        ('$UNKNOWN == "a" || $PRESENT == "my variable"', True),
        ("$UNKNOWN || true", None),  # an empty text is not false, and not present
        ("!$UNKNOWN || true", True),
        ('$UNKNOWN == "a" && true || true', True),
        ('($UNKNOWN == "a" && $UNKNOWN == "b") || true', True),
        ('($UNKNOWN == "a" || $UNKNOWN == "b") || true', True),
        ('($UNKNOWN == "a" && $UNKNOWN) || true', None),
        ('($UNKNOWN == "a" || $UNKNOWN) || true', None),
        ('($UNKNOWN == "a" && "b") || true', None),
        ('($UNKNOWN == "a" || "") || true', None),
        ('($UNKNOWN == "a" || true) == true', True),
        ("$PRESENT =~ true", None),
        ("/^a/ =~ /^a/", None),
        ("$UNKNOWN =~ null", False),
        ("$UNKNOWN !~ null", True),
        ("!($UNKNOWN && null)", True),
        ("!($UNKNOWN && false)", True),
    ],
)
def test_expressions_with_unknown_variables(expression: str, value: bool | None) -> None:
    assert evaluated(expression, KNOWN) is value


# Source: GitLab 18, the `precedence` of each of lib/gitlab/ci/pipeline/expression/lexeme/*.rb, the lower the
# tighter, and from left to right where it is equal.
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!$PRESENT == null", False),
        ('"a" || null && null', True),
        ("null && null == null", False),
        ('null && null != "a"', False),
        ('null && "" =~ /a*/', False),
        ('null && "a" !~ /^a/', False),
        ('"a" == "a" != null', True),
        ('"a" == "a" =~ /true/', True),
        ('"a" =~ /^a/ == true', True),
        ('"a" == "b" !~ /true/', True),
    ],
)
def test_which_operator_is_tighter(expression: str, value: bool) -> None:
    assert evaluated(expression, KNOWN) is value


@pytest.mark.parametrize(("negations", "value"), [(0, True), (2, True), (3, None)])
def test_an_expression_has_fewer_than_a_hundred_tokens(negations: int, value: bool | None) -> None:
    """GitLab 18, lib/gitlab/ci/pipeline/expression/lexer.rb: MAX_TOKENS, the end counted."""
    assert evaluated("!" * negations + "true" + " || true" * 48, {}) is value


@pytest.mark.parametrize(
    ("pattern", "length", "value"),
    [
        ("a+b+", 316, False),
        ("a+b+", 317, None),
        ("a*b{2}c{1,2}d", 46, False),
        ("a*b{2}c{1,2}d", 47, None),
        (r"a+b+c\*d\+e{x}", 316, False),
        ("a*" * 16 + "b", 1, False),
        ("a*" * 17 + "b", 1, None),
    ],
)
def test_each_quantifier_of_a_pattern_adds_a_power_of_the_length_of_the_text(
    pattern: str, length: int, value: bool | None
) -> None:
    assert evaluated(f"$TEXT =~ /{pattern}/", {"TEXT": "x" * length}) is value


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"(?i)a", r"(?P<n>a)", r"\Aa", r"a\Z", r"a\K", "[[:alpha:]]", "a++", "a*+", "a?+", "a{2}+"),
        *("(a)*", "(a)+", "(a){2}"),
    ],
)
def test_a_pattern_that_python_may_read_differently_is_undecided(pattern: str) -> None:
    assert evaluated(f"$TEXT =~ /{pattern}/", {"TEXT": "a"}) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a)",
        r"(a)?",
        r"\d|a",
        r"\w",
        r"a\b",
        r"\n|a",
        r"\(|a",
        r"a[+]?",
        r"a\++|a",
        r"\D",
        r"\S",
        r"\Wa|a",
    ],
)
def test_a_pattern_that_python_reads_in_the_same_way_is_decided(pattern: str) -> None:
    assert evaluated(f"$TEXT =~ /{pattern}/", {"TEXT": "a"}) is True


@pytest.mark.parametrize(
    "expression",
    [
        "", "$PRESENT ==", "&& $PRESENT", "$PRESENT $PRESENT", "($PRESENT", "$PRESENT)", "$PRESENT = 1",
        "$A " + "|| $A " * 50, "$[[ inputs.x ]] == 'a'", "/x", "()", 5, None, ["$PRESENT"],
        "$PRESENT =~ /(?=my)/", "$PRESENT =~ /(my/", r"$PRESENT =~ /\Amy/", "$PRESENT =~ /(a+)+$/",
    ],
)  # fmt: skip
def test_invalid_expressions_and_unsupported_patterns_are_undecided(expression: object) -> None:
    assert evaluated(expression, KNOWN) is None


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "a*a*a*a*a*b", "a{1,99}a{1,99}a{1,99}b", "((a?)*)*b"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.monotonic()
    evaluated(" || ".join(f"$TEXT =~ /{pattern}{n}/" for n in range(25)), {"TEXT": "a" * 5_000})
    assert time.monotonic() - started < 5


VALUES = ["", " ", "a", "b", "/a/"]
OPERANDS = st.sampled_from(["$A", "$B", "$C", "null", '"a"', '""', "true"])
COMPARISONS = OPERANDS | st.tuples(
    OPERANDS, st.sampled_from(["==", "!=", "=~", "!~"]), OPERANDS | st.sampled_from(["/^a/", "/a.b/"])
).map(" ".join)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join)
        | inner.map("({})".format)
        | inner.map("!({})".format)
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.dictionaries(st.sampled_from("ABC"), st.sampled_from(VALUES)), st.data())
def test_a_decided_value_does_not_depend_on_the_other_variables(
    expression: str, known: dict[str, str], data: st.DataObject
) -> None:
    decided = evaluated(expression, known)
    whole = {name: data.draw(st.sampled_from(VALUES)) for name in "ABC"} | known
    assert decided in (None, evaluated(expression, whole))
