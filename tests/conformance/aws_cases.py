"""The cases of the AWS provider: those of its stand-in's own tests, with the resources that they need."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from sandbox.standin.values import Properties, decode
from tests.conformance.plugin import Plugin, PluginError
from tests.conformance.script import Case
from tests.providers.aws.cases import CASES as OWN
from tests.providers.aws.needs import needs


@dataclass(frozen=True)
class _Made:
    id: str
    outputs: Properties


def cases(plugin: Plugin) -> Iterator[Case]:
    """The cases; the resources that a case needs are created with the plugin just before it."""
    numbers = count(1)

    def make(token: str, inputs: dict[str, Any]) -> _Made:
        checked, failures = plugin.check(token, inputs, seed=f"needed{next(numbers)}")
        if failures:
            raise PluginError(f"{token}: {', '.join(failures)}")
        made = plugin.create(token, checked)
        return _Made(made.id, decode(made.outputs))

    needed = needs(make, plugin.invoke)
    for case in OWN:
        yield Case(
            str(case),
            case.token,
            case.base(**needed(case)),
            updates=[case.update] if case.update else [],
            replaces=[case.replacement] if case.replacement else [],
            refused=[{"colour": "red"}],
            find=case.import_id,
        )
