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
}


# Sources: GitLab 18, spec/lib/gitlab/ci/pipeline/expression/statement_spec.rb; where `evaluate` gives a value
# there, here is whether it is `present?`.
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
    ],
)
def test_what_is_known(expression: str, value: bool) -> None:
    assert evaluated(expression, KNOWN) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$UNKNOWN", None),
        ("$UNKNOWN == null", None),
        ("$UNKNOWN =~ /a/", None),
        ("$PRESENT =~ $UNKNOWN", None),
        ("$OF_UNKNOWN == 'my variable'", None),
        ("$LOOP == 'x'", None),
        ("$UNKNOWN && null", False),
        ('$UNKNOWN == "a" && $PRESENT == "x"', False),
        ('$UNKNOWN == "a" || $PRESENT == "my variable"', True),
        ("$UNKNOWN || true", None),  # an empty text is not false, and not present
        ("!$UNKNOWN || true", True),
    ],
)
def test_what_depends_on_what_is_not_known(expression: str, value: bool | None) -> None:
    assert evaluated(expression, KNOWN) is value


@pytest.mark.parametrize(
    "expression",
    [
        "", "$PRESENT ==", "&& $PRESENT", "$PRESENT $PRESENT", "($PRESENT", "$PRESENT)", "$PRESENT = 1",
        "$A " + "|| $A " * 50, "$[[ inputs.x ]] == 'a'", "/x", "()", 5, None, ["$PRESENT"],
        "$PRESENT =~ /(?=my)/", "$PRESENT =~ /(my/", r"$PRESENT =~ /\Amy/", "$PRESENT =~ /(a+)+$/",
    ],
)  # fmt: skip
def test_what_is_no_expression_or_is_not_searched_for_decides_nothing(expression: object) -> None:
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
def test_what_is_decided_stays_so_whatever_the_others_are(
    expression: str, known: dict[str, str], data: st.DataObject
) -> None:
    decided = evaluated(expression, known)
    whole = {name: data.draw(st.sampled_from(VALUES)) for name in "ABC"} | known
    assert decided in (None, evaluated(expression, whole))
