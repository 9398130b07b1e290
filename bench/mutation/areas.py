"""The tests for a source file."""

from pathlib import Path, PurePath

LIBRARY = "components/pulumi_gitlab_runner"
COMPONENTS = "tests/components"
_ELSEWHERE = {
    "docker": COMPONENTS,  # `tests/docker` needs a Docker Engine
    "plugin.py": "tests/mirror",
}
"""Folders and files whose tests are not in the folder of the same name."""
_ALSO = {
    "iam/pipeline_roles.py": f"{COMPONENTS}/test_pipeline_roles.py",
    "mirror/image_mirror.py": f"{COMPONENTS}/test_image_mirror.py",
    "mirror/mirrored_image.py": f"{COMPONENTS}/test_image_mirror.py",
}
"""Files that also have tests among those of the components."""


def tests_for(path: str, checkout: Path) -> tuple[str, ...]:
    """Return the folders and files of tests for a source file, all relative to the checkout.

    They are in `tests/` under the name of the file's folder; by default, they are those of the components.
    """
    area = _area(path, checkout)
    return (area, *(tests for file, tests in _ALSO.items() if path == f"{LIBRARY}/{file}"))


def _area(path: str, checkout: Path) -> str:
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
