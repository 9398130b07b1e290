"""One case for each resource type: inputs, updates in place, replacements, and a change by hand."""

from dataclasses import dataclass, field
from typing import Any

VARIABLE = {"key": "KEY", "value": "a value"}


@dataclass(frozen=True)
class Case:
    """A resource type.

    `inputs` create one, `updates` change it in place, `replaces` need a new one, `path` is its path in the
    API, and `drift` is a change by hand with the property that then differs.
    """

    kind: str
    inputs: dict[str, Any]
    id: str
    path: str
    updates: list[dict[str, Any]] = field(default_factory=list)
    replaces: list[dict[str, Any]] = field(default_factory=list)
    drift: tuple[dict[str, Any], dict[str, Any]] | None = None


CASES = [
    Case(
        "Group",
        {"path": "tools", "name": "Tools", "description": "one"},
        "100",
        "groups/100",
        updates=[
            {"path": "tooling"},
            {"name": "Tooling"},
            {"description": "two"},
        ],
        drift=({"description": "by hand"}, {"description": "by hand"}),
    ),
    Case(
        "Project",
        {"path": "api", "name": "API", "description": "one", "namespaceId": 42},
        "100",
        "projects/100",
        updates=[
            {"path": "interface"},
            {"name": "Interface"},
            {"description": "two"},
        ],
        drift=({"description": "by hand"}, {"description": "by hand"}),
    ),
    Case(
        "UserRunner",
        {"runnerType": "group_type", "groupId": 42, "tagLists": ["aws", "docker"], "description": "build"},
        "1",
        "runners/1",
        updates=[
            {"accessLevel": "ref_protected"},
            {"description": "another"},
            {"locked": True},
            {"maintenanceNote": "note"},
            {"maximumTimeout": 600},
            {"paused": True},
            {"tagLists": ["docker"]},
            {"untagged": False},
        ],
        replaces=[{"groupId": 43}],
        drift=({"tag_list": ["by", "hand"]}, {"tagLists": ["by", "hand"]}),
    ),
    *(
        Case(
            kind,
            {place: place_id, **VARIABLE},
            f"{place_id}:KEY:*",
            f"{place}s/{number}/variables/KEY",
            updates=[
                {"value": "another value"},
                {"description": "why"},
                {"masked": True, "value": "maskable"},
                {"protected": True},
                {"raw": True},
                {"variableType": "file"},
            ],
            replaces=[
                {"key": "OTHER"},
                {place: other},
                {"environmentScope": "production"},
                {"hidden": True, "masked": True, "value": "maskable"},
            ],
            drift=({"value": "by hand"}, {"value": "by hand"}),
        )
        for kind, place, place_id, number, other in [
            ("ProjectVariable", "project", "7", 7, "8"),
            ("ProjectVariable", "project", "team/app", 7, "platform/toolchain"),
            ("GroupVariable", "group", "42", 42, "43"),
        ]
    ),
    Case(
        "InstanceVariable",
        VARIABLE,
        "KEY",
        "admin/ci/variables/KEY",
        updates=[
            {"value": "another value"},
            {"description": "why"},
            {"masked": True, "value": "maskable"},
            {"protected": True},
            {"raw": True},
            {"variableType": "file"},
        ],
        replaces=[{"key": "OTHER"}],
        drift=({"protected": True}, {"protected": True}),
    ),
]
