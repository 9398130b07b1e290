"""The cases of the GitLab provider: those of its stand-in's own tests."""

from tests.conformance.script import Case
from tests.providers.gitlab.cases import CASES as OWN
from tests.providers.gitlab.stack import token

CASES = [
    Case(
        f"{case.kind} {case.id}",
        token(case.kind),
        case.inputs,
        updates=case.updates,
        replaces=case.replaces,
        refused=[{"colour": "red"}],
    )
    for case in OWN
]
