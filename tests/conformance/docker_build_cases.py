"""The cases of the docker-build provider, on the sandbox's own BuildKit and registry."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.docker.__main__ import LEGACY
from tests.conformance.script import Case

IMAGE = "docker-build:index:Image"
DOCKERFILE = "FROM scratch\nARG GREETING\nLABEL greeting=$GREETING\nCOPY app /app\n"
CONTEXTS: Mapping[str, Mapping[str, str]] = {
    "one": {"Dockerfile": DOCKERFILE, "app": "1", "Other": DOCKERFILE + "LABEL other=1\n"},
    "other": {"Dockerfile": DOCKERFILE, "app": "2"},
    "ignoring": {"Dockerfile": DOCKERFILE, "app": "1", "log": "a", ".dockerignore": "log\n"},
    "broken": {"Dockerfile": "FROM scratch\nCOPY none /none\n"},
    "wrong": {"Dockerfile": "FROM scratch\nCOPPY app /app\n"},
}
"""The files of each build."""


def cases(directory: Path) -> list[Case]:
    """The cases, with their files below a directory."""
    for name, files in CONTEXTS.items():
        for file, content in files.items():
            written = directory / name / file
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(content)

    def location(name: str, dockerfile: str = "Dockerfile") -> dict[str, dict[str, str]]:
        context = directory / name
        return {"context": {"location": str(context)}, "dockerfile": {"location": str(context / dockerfile)}}

    def tag(name: str) -> list[str]:
        return [f"{LEGACY.host}/tools/{name}:1"]

    pushed = {"push": True, "buildOnPreview": False}
    return [
        Case(
            "image",
            IMAGE,
            {
                **pushed,
                **location("one"),
                "tags": tag("image"),
                "buildArgs": {"GREETING": "hello"},
                "secrets": {"npm": "canary", "apt": "canary"},
                "ignoreSecretsInDiffCalculation": ["apt", "new"],
            },
            updates=[
                {"buildArgs": {"GREETING": "good day"}},
                {"secrets": {"npm": "canary", "apt": "another"}},
                {"secrets": {"npm": "another", "apt": "canary"}},
                {"secrets": {"npm": "canary", "apt": "canary", "new": "one"}},
                {"ignoreSecretsInDiffCalculation": ["apt"]},
                {"tags": [*tag("image"), *tag("image-again")]},
                {"platforms": ["linux/amd64"]},
                location("other"),
                location("one", "Other"),
            ],
            refused=[
                {"colour": "red"},
                {"tags": ["Not A Tag"]},
                {"platforms": ["plan9/toaster"]},
                {"context": {"location": str(directory / "none")}},
                location("one", "None"),
                location("wrong"),
                {"network": "bridge"},
            ],
            find=None,
        ),
        Case(
            "image without some files",
            IMAGE,
            {**pushed, **location("ignoring"), "tags": tag("ignoring")},
            find=None,
        ),
        Case(
            "image that cannot be built",
            IMAGE,
            {**pushed, **location("broken"), "tags": tag("broken")},
            find=None,
        ),
        Case(
            "image that no registry takes",
            IMAGE,
            {**pushed, **location("one"), "tags": ["registry.invalid/tools/none:1"]},
            find=None,
        ),
    ]
