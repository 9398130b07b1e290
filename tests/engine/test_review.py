"""Real previews of dangerous changes, and where the note shows each."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from pulumi_gitlab_runner.review.dangers import DangerKind, dangers
from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN
from pulumi_gitlab_runner.review.markup import code
from pulumi_gitlab_runner.review.note import NOTE_SIZE, marker, note
from pulumi_gitlab_runner.review.picture import PICTURE_SIZE, picture
from pulumi_gitlab_runner.review.preview import UNKNOWN, read_preview

from tests.engine.canaries import PASSWORD, TOKEN, written_forms
from tests.engine.project import Project

pytestmark = pytest.mark.engine

POLICIES = {"aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"}
BY_DIGEST = ["**/*@sha256:*"]
VARIABLE = {"group": 42, "key": "DEPLOY_REGION", "value": "eu-west-1", "masked": True, "protected": True}
CAREFUL: dict[str, Any] = {
    "runners/build/protected": True,
    "runners/build/config": {"docker": {"allowed_images": BY_DIGEST, "allowed_services": BY_DIGEST}},
    "runners/build/host/egress": [{"cidr": "10.0.0.0/8", "from_port": 443}],
    "variables": [VARIABLE],
}
CARELESS: dict[str, Any] = {
    "registries/team/allow_pull": ["210987654321"],
    "registries/team/repositories": {
        "ci/base": {"keep_images": 60},
        "private/image": {"mutable_tags": ["latest"], "delete_images": True},
    },
    "registries/partner": {"ecr": {"account": "345678901234"}, "repositories": ["tools/linter"]},
    "registries/hub": {"pull_through": "quay"},
    "runners/build/registries": ["team", "shared", "legacy", "partner"],
    "runners/build/config": {"docker": {"privileged": True}},
    "runners/build/protected": False,
    "runners/build/run_untagged": True,
    "runners/build/host": {"instance_type": "m6i.large", "concurrent": 4, "metrics": "vpc"},
    "variables": [{**VARIABLE, "masked": False, "protected": False}],
}
LESS: dict[str, Any] = {
    "registries/team/repositories": {"ci/base": {"keep_images": 50}},
    "runners": {},
    "variables": [],
}

NEW: dict[str, Any] = {"group": 42, "registries": ["team", "legacy"], "host": {"instance_type": "m6i.large"}}
MORE: dict[str, Any] = {
    "runners/second": NEW,
    "runners/third": {**NEW, "config": {"docker": {"privileged": True}}},
    "runners/fourth": {**NEW, "host": {"instance_type": "m6i.large", "logs": {}}},
    "runners/burst": {
        "group": 42,
        "registries": ["team"],
        "fleet": {"instance_types": ["c7i.large"], "max_instances": 3},
    },
}
"""Four additional runners, one of them privileged."""


@pytest.fixture(scope="module")
def previews(project: Project) -> Iterator[dict[str, str]]:
    """The output of `pulumi preview --json` for a careful stack that becomes careless, shrinks, or grows."""
    with declaring(project, CAREFUL):
        project.up()
        written = {}
        for name, changes in {"careless": CARELESS, "less": LESS, "more": MORE}.items():
            with declaring(project, changes):
                written[name] = project.pulumi("preview", "--json", "--show-sames").stdout
        with declaring(project, LESS):
            refreshed = project.pulumi("preview", "--refresh", "--json", "--show-sames").stdout
            written["less, refreshed"] = refreshed
    yield written
    project.up()


def declaring(project: Project, changes: Mapping[str, Any]) -> ExitStack:
    with ExitStack() as declared:
        for path, value in changes.items():
            declared.enter_context(project.declaring(path, value))
        return declared.pop_all()


def found_dangers(text: str) -> set[tuple[DangerKind, str, str]]:
    """Each danger: its kind, its resource, and its words without the names of what is in danger."""
    return {
        (danger.kind, danger.name, "; ".join(words for words, _ in danger.phrases))
        for danger in dangers(read_preview(text))
    }


def test_every_dangerous_change_is_reported(previews: dict[str, str]) -> None:
    variable = "ci-group-42-DEPLOY_REGION"
    assert found_dangers(previews["careless"]) == {
        (DangerKind.REPLACEMENT, "ci-team/ci/base", "is replaced; changed:"),
        (DangerKind.DELETION, "ci-build-10.0.0.0/8:443/tcp", "is deleted"),
        (DangerKind.PERMISSION, "ci-build", "allows; on"),
        (DangerKind.PERMISSION, "ci-team/ci/base", "allows; to"),
        (DangerKind.PERMISSION, "ci-team/private/image", "allows; to"),
        (DangerKind.REGISTRY, "ci-build", "can pull from"),
        (DangerKind.REGISTRY, "ci-build-files", "its host has credentials for"),
        (DangerKind.REGISTRY, "ci-hub", "ECR imports images from"),
        (
            DangerKind.OWNERS,
            "ci",
            "the owner of the account; must add the policy under; in the output; to the repository",
        ),
        (
            DangerKind.PRIVILEGE,
            "ci-build-files",
            "the runner; is privileged: every job has root access to the host",
        ),
        (DangerKind.PRIVILEGE, "ci-build-files", "the runner; allows images by tag, not only by digest"),
        (DangerKind.PRIVILEGE, "ci-build-files", "the runner; allows services by tag, not only by digest"),
        (
            DangerKind.RUNNER,
            "ci-build",
            "accepts jobs of unprotected branches, to which more people can push",
        ),
        (DangerKind.RUNNER, "ci-build", "accepts jobs without tags, from all pipelines"),
        (
            DangerKind.PROTECTION,
            "ci-team/private/image",
            "some of its tags can be moved to other images:",
        ),
        (DangerKind.PROTECTION, "ci-team/private/image", "it can be deleted while it contains images"),
        (DangerKind.PROTECTION, "ci-build-metrics", "allows inbound connections from; on tcp port 9252"),
        (DangerKind.PROTECTION, "ci-build", "allows outbound connections to; on all protocols and ports"),
        (
            DangerKind.VARIABLE,
            variable,
            "the variable; is no longer protected: jobs of all branches receive it",
        ),
        (
            DangerKind.VARIABLE,
            variable,
            "the variable; is no longer masked: its value can appear in job logs",
        ),
    }


def test_a_loss_is_reported(previews: dict[str, str]) -> None:
    found = found_dangers(previews["less"])
    assert {kind for kind, *_ in found} == {DangerKind.DELETION, DangerKind.QUEUE}
    assert found >= {
        (DangerKind.DELETION, "ci-team/private/image", "is deleted; its images are lost"),
        (DangerKind.DELETION, "ci-build", "is deleted; its token becomes invalid"),
        (
            DangerKind.DELETION,
            "ci-build",
            "is deleted; its instances are terminated, together with their jobs",
        ),
        (DangerKind.DELETION, "ci-group-42-DEPLOY_REGION", "is deleted"),
    }
    read = read_preview(previews["less"])
    deleted = [danger for danger in dangers(read) if danger.kind is DangerKind.DELETION]
    assert len(deleted) == read.counts["delete"]


def test_a_refresh_before_a_preview_changes_nothing_in_its_note(previews: dict[str, str]) -> None:
    less, refreshed = (read_preview(previews[name]) for name in ("less", "less, refreshed"))
    assert "refresh" in {step["op"] for step in json.loads(previews["less, refreshed"])["steps"]}
    assert note(refreshed, "tested") == note(less, "tested")


def test_a_preview_shows_the_rights_of_new_runners(previews: dict[str, str]) -> None:
    preview = read_preview(previews["more"])
    files = {step.name: step.new for step in preview.changes if step.type.endswith(":BucketObjectv2")}
    assert files.keys() == {f"ci-{each.partition('/')[2]}-files" for each in MORE}
    assert UNKNOWN not in {each["content"] for each in files.values()}
    policies = {step.name: step.new["policy"] for step in preview.changes if step.type in POLICIES}
    assert policies.keys() >= {f"ci-{each.partition('/')[2]}" for each in MORE}
    assert UNKNOWN not in policies.values()
    assert NOT_KNOWN not in note(preview, "tested")
    found = found_dangers(previews["more"])
    assert {name for kind, name, _ in found if kind is DangerKind.PRIVILEGE} == {"ci-third-files"}
    assert (DangerKind.REGISTRY, "ci-burst-files", "its host has credentials for") in found


def test_the_note_lists_dangers_by_kind_then_the_counts_and_the_rest(
    previews: dict[str, str],
) -> None:
    text = previews["careless"]
    preview = read_preview(text)
    counted = Counter(json.loads(text)["changeSummary"])
    del counted["same"]
    assert preview.counts == counted - Counter(
        step.operation for step in preview.changes if step.is_component
    )
    written = note(preview, "tested")
    assert written.startswith(marker("tested"))
    kinds = [kind for kind in DangerKind if kind is not DangerKind.QUEUE]
    declared = "- host `ci-build`: `runners.build.docker.privileged` added: `true`"
    parts = [*(f"⚠ {kind}" for kind in kinds), declared, "**Counts:**", "```mermaid", "All changes"]
    places = [written.index(part) for part in parts]
    assert places == sorted(places)
    assert "345678901234.dkr.ecr.eu-west-1.amazonaws.com</b><br>by the manager#39;s role" in written


def test_no_secret_is_in_a_note(previews: dict[str, str]) -> None:
    for text in previews.values():
        written = note(read_preview(text), "tested")
        for secret in (PASSWORD, TOKEN):
            assert not [form for form in written_forms(secret) if form in written]


def many(text: str, minimum: int) -> str:
    """A preview with a minimum of changes: those of a real preview, repeated under other names."""
    preview = json.loads(text)
    changes = [step for step in preview["steps"] if step["op"] != "same"]
    copies = range(-(-minimum // len(changes)))
    preview["steps"] += [{**step, "urn": f"{step['urn']}-{copy}"} for copy in copies for step in changes]
    return json.dumps(preview)


def test_500_changes_are_shown_in_full(previews: dict[str, str]) -> None:
    preview = read_preview(many(previews["careless"], 500))
    written = note(preview, "tested")
    assert len(written.encode()) <= NOTE_SIZE
    assert "… and" not in written
    assert "does not show" not in written
    assert len(preview.changes) >= 500
    for step in preview.changes:
        assert f" {step.type} {step.name}\n" in written
    of_dangers = written[: written.index("**Counts:**")]
    for danger in dangers(preview):  # alone, or in a group
        assert code(danger.name) in of_dangers or f"{danger.name.rpartition('-')[0]}-" in of_dangers
    assert len(picture(preview)) <= PICTURE_SIZE


def test_a_long_note_is_truncated_after_the_summary(previews: dict[str, str]) -> None:
    preview = read_preview(many(previews["careless"], 500))
    written = note(preview, "tested", size=40_000)
    assert 35_000 < len(written.encode()) <= 40_000
    assert f"{preview.counts['update']} to update" in written
    assert written.index("**Counts:**") < written.index("```mermaid") < written.index("All changes")
    assert re.search(r"… and \d+ more lines\n```\n\n</details>\n$", written)


def test_the_preview_and_the_state_describe_each_component(
    previews: dict[str, str], project: Project
) -> None:
    steps = {(step.type, step.name): step for step in read_preview(previews["careless"]).steps}
    host = steps["gitlab-runner:index:RunnerHost", "ci-build"]
    assert host.before is not None
    assert host.after is not None
    assert host.before["runners"]["build"]["docker"] == {
        "allowed_images": BY_DIGEST,
        "allowed_services": BY_DIGEST,
    }
    assert host.after["runners"]["build"]["docker"] == {"privileged": True}
    assert host.after["registries"]["partner"] == {
        "account": "345678901234",
        "authenticates": "by role",
        "repositories": ["tools/linter"],
    }
    state = json.loads(project.pulumi("stack", "export").stdout)["deployment"]["resources"]
    (registered,) = [each for each in state if each["urn"].endswith("RunnerRegistration::ci-build")]
    assert registered["inputs"] == {"declared": {"group": 42, "protected": True, "tags": ["docker"]}}
    shown = json.dumps([each["inputs"] for each in state if not each["custom"] and "inputs" in each])
    assert not [form for form in written_forms(PASSWORD) + written_forms(TOKEN) if form in shown]
