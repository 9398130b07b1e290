"""Which tests are for a file."""

from pathlib import Path, PurePath

LIBRARY = "components/pulumi_gitlab_runner"
COMPONENTS = "tests/components"
_ELSEWHERE = {
    "docker": COMPONENTS,  # `tests/docker` needs a Docker Engine
    "plugin.py": "tests/mirror",
}
"""What has no tests of its own name, or more than that."""


def tests_for(path: str, checkout: Path) -> str:
    """Return the folder or file of tests for a source file, both from the top of the checkout.

    They are in `tests/` under the same name. What has none is tested by the components: the folders of
    components themselves, and what joins them to Pulumi.
    """
    top, *parts = PurePath(path).parts
    if top == "components":
        parts = parts[1:]
    elif top == "policy":
        return "tests/policy"
    room = parts[0]
    if top == "components" and room in _ELSEWHERE:
        return _ELSEWHERE[room]
    for tests in (f"tests/{room}", f"tests/test_{room}"):
        if (checkout / tests).exists():
            return tests
    return COMPONENTS if top == "components" else f"tests/{top}"
