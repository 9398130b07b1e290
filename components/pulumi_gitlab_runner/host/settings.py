"""Settings that the scripts of a runner host read."""

import shlex
from collections.abc import Mapping


def shell_settings(settings: Mapping[str, str]) -> str:
    """Lines of shell, each of which sets a variable."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
