"""What tests of other languages need: the engine's host for the language."""

import os

import pytest

from sandbox.commands import LANGUAGES_UNAVAILABLE
from sandbox.engine.release import Engine


def require_language(engine: Engine, language: str) -> None:
    """Skip the test, with the reason, where the engine has no host for a language."""
    if not engine.runs(language):
        reason = os.environ.get(LANGUAGES_UNAVAILABLE) or "`./dev test` gets one"
        pytest.skip(f"no language host for {language}: {reason}")
