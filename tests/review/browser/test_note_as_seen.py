"""The note as GitLab shows it: on a light page and a dark one, with GitLab's versions of Mermaid."""

from itertools import combinations

import pytest
from pulumi_gitlab_runner.review.flowchart import Entry, flowchart
from pulumi_gitlab_runner.review.note import note

from sandbox.paths import sandbox_directory
from tests.review.browser.browser import Box, DrawnNode, View, missing, views
from tests.review.hosts import (
    AZURE,
    GOOGLE,
    LEGACY,
    PUBLIC,
    SHARED,
    TEAM,
    VAULT,
    host_inputs,
    host_step,
)
from tests.review.previews import ROLE_POLICY, UNKNOWN, VARIABLE, allow, policy, preview, step

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=f"no browser: missing {', '.join(missing())}"),
]

ALL_REGISTRIES = ["team", "shared", "legacy", "vault", "google", "public"]
HOSTILE = [
    "1. list",
    "- list",
    "_a_ *b* `c`",
    "<b>x</b>",
    "&lt; #35; ;",
    '"]:::removed',
    "https://a.example",
    "%%{x",
]


def every_change() -> str:
    """A note with every kind of change, and every way to authenticate."""
    return note(
        preview(
            host_step(*[host_inputs(["team", "google"], ["kept"])] * 2),
            host_step(
                host_inputs(["team", "legacy"], ["build", "deploy", "test"]),
                host_inputs(["team", "vault"], ["build", "deploy", "test"], privileged=True),
            ),
            host_step(None, host_inputs(["team", "public", "azure"], ["fresh"])),
            host_step(host_inputs(["shared"], ["leaving"]), None),
            host_step(host_inputs(["team"], ["later"]), {"key": "later/files.json", "content": UNKNOWN}),
            host_step(*[host_inputs([], ["alone"])] * 2),
            step("replace", "aws:ec2/securityGroup:SecurityGroup", "build", {}, {}, replaceReasons=["name"]),
            step("update", ROLE_POLICY, "build", policy(), policy(allow("ecr:BatchGetImage", SHARED))),
            step("update", VARIABLE, "v", {"key": "V", "masked": True}, {"key": "V", "masked": False}),
            messages=(("warning", "mind this"),),
        ),
        "prod",
    )


def ten_runners() -> str:
    """A note of ten runners with six registries; one runner gains a seventh, another its sixth."""
    same = [host_inputs(ALL_REGISTRIES, [f"runner-{n}"]) for n in range(8)]
    return note(
        preview(
            *(host_step(each, each) for each in same),
            host_step(
                host_inputs(ALL_REGISTRIES, ["runner-8"]),
                host_inputs([*ALL_REGISTRIES, "azure"], ["runner-8"]),
            ),
            host_step(
                host_inputs(ALL_REGISTRIES[:5], ["runner-9"]), host_inputs(ALL_REGISTRIES, ["runner-9"])
            ),
        ),
        "prod",
    )


def thirteen_more() -> str:
    """A note of thirty runners, of which thirteen are new, and one of these is privileged."""
    old = [host_inputs(ALL_REGISTRIES[:2], [f"runner-{n}"]) for n in range(17)]
    new = [host_inputs(ALL_REGISTRIES[:3], [f"runner-{n}"], privileged=n == 20) for n in range(17, 30)]
    return note(
        preview(*(host_step(each, each) for each in old), *(host_step(None, each) for each in new)), "prod"
    )


@pytest.fixture(scope="module")
def rendered() -> list[View]:
    """Each note, rendered in each way."""
    picture = sandbox_directory() / "pictures" / "notes.png"
    hostile = flowchart([Entry(name) for name in HOSTILE], [Entry("r", name) for name in HOSTILE], {})
    notes = {
        "every-change": every_change(),
        "ten-runners": ten_runners(),
        "thirteen-more": thirteen_more(),
        "hostile": f"```mermaid\n{hostile}\n```",
    }
    found = views(notes, picture)
    print(f"the notes as seen: {picture}")
    assert picture.stat().st_size > 50_000
    return found


def views_of(rendered: list[View], note: str) -> list[View]:
    """The four views of one note."""
    found = [view for view in rendered if view.note == note]
    assert {(view.mermaid, view.theme) for view in found} == {
        (mermaid, theme) for mermaid in (10, 11) for theme in ("light", "dark")
    }
    return found


def test_mermaid_draws_every_picture(rendered: list[View]) -> None:
    assert [(view.note, view.mermaid, view.error) for view in rendered if view.error or not view.nodes] == []


def test_every_runner_and_registry_is_drawn_and_changes_are_marked(rendered: list[View]) -> None:
    marks = {
        "kept": "",
        "alone": "",
        "build": "changed",
        "deploy": "",
        "test": "",
        "fresh": "added",
        "leaving": "removed",
        "later": "changed",
        TEAM: "",
        GOOGLE: "",
        LEGACY: "removed",
        VAULT: "added",
        AZURE: "added",
        PUBLIC: "added",
        SHARED: "removed",
    }
    for view in views_of(rendered, "every-change"):
        assert {name: view.node_of(name).change for name in marks} == marks
        assert view.node_of("build").lines == ["build", "changed"]
        assert view.node_of(VAULT).lines == [VAULT, "by a password in Secrets Manager", "added"]


def test_many_runners_with_the_same_registries_are_one_node_with_few_arrows(rendered: list[View]) -> None:
    for view in views_of(rendered, "ten-runners"):
        assert view.node_of("runner-0 to runner-7").lines == ["runner-0 to runner-7", "8 in total"]
        assert {TEAM, SHARED, LEGACY, VAULT, GOOGLE} <= set(view.node_of(TEAM).lines)
        assert (len(view.nodes), view.arrows) == (6, 7)


def test_thirty_runners_are_a_small_picture_that_separates_new_runners(
    rendered: list[View],
) -> None:
    for view in views_of(rendered, "thirteen-more"):
        assert view.node_of("runner-17 to runner-29").lines == [
            "runner-17 to runner-29",
            "13 in total",
            "added",
        ]
        assert view.node_of("runner-17 to runner-29").change == "added"
        assert view.node_of("runner-0 to runner-16").change == ""
        assert (len(view.nodes), view.arrows) == (4, 3)


def test_nothing_is_cut_or_hidden(rendered: list[View]) -> None:
    for view in rendered:
        assert all(_across(box, view.page) for box in view.boxes)
        for node in view.nodes:
            assert _within(node.text, node.shape), node
            assert _within(node.shape, view.picture), node
        assert [pair for pair in combinations(view.nodes, 2) if _overlap(pair[0].shape, pair[1].shape)] == []


def test_no_line_wraps(rendered: list[View]) -> None:
    for view in rendered:
        for node in view.nodes:
            assert node.text[3] - node.text[1] < (len(node.lines) + 0.5) * 1.5 * node.size, node


def test_every_text_is_large_enough_and_has_enough_contrast(rendered: list[View]) -> None:
    for view in (
        views_of(rendered, "every-change")
        + views_of(rendered, "ten-runners")
        + views_of(rendered, "thirteen-more")
    ):
        for node in view.nodes:
            assert node.size > 12, node
            assert _contrast(node) > 4.5, node  # w3.org/TR/WCAG21, contrast (minimum)


def test_dangers_come_first_and_the_rest_is_collapsed(rendered: list[View]) -> None:
    for view in views_of(rendered, "every-change"):
        listed = {"build", "build-files", "fresh-files", "leaving-files", "v", "create:"}
        assert [part for part in view.parts if part.split()[0] not in listed] == [
            "Preview of prod",
            "⚠ More privileges for jobs",
            "⚠ Deleted",
            "⚠ Replaced",
            "⚠ Reduced protection of CI variables",
            "⚠ New access to registries",
            "⚠ Additional permissions",
            "Known only after the update (2): check then",
            "Counts: 1 to create, 1 to delete, 1 to replace, 4 to update",
            "picture",
            "Warnings",
            "All changes",
        ]


def test_names_with_mermaid_syntax_are_shown_literally(rendered: list[View]) -> None:
    for view in views_of(rendered, "hostile"):
        names, registries = view.nodes
        assert names.lines == HOSTILE
        assert registries.lines == [line for name in HOSTILE for line in ("r", name)]


def _within(inner: Box, outer: Box) -> bool:
    left, top, right, bottom = inner
    return outer[1] - 1 <= top and bottom <= outer[3] + 1 and _across((left, top, right, bottom), outer)


def _across(inner: Box, outer: Box) -> bool:
    return outer[0] - 1 <= inner[0] and inner[2] <= outer[2] + 1


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _contrast(node: DrawnNode) -> float:
    """The contrast of a text with its background: w3.org/TR/WCAG21, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(each) / 255 for each in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        red, green, blue = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(node.colour), luminance(node.ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
