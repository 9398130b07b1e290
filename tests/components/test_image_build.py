"""Images that are built: what the provider is told, and what runners then run."""

import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import ImageBuild, RunnerStack

from tests.components import recording as recording_module
from tests.components.recording import ACCOUNT, REGION, Recording, Registered, run

IMAGE = "docker-build:index:Image"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ci/base"
BUILT = "sha256:" + "b" * 64
SECRET = "canary-of-the-secret"
PINNED = f"FROM debian:12@sha256:{'a' * 64}\n"
UPSTREAM = {"team": {"ecr": {}, "repositories": ["ci/upstream"]}}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(PINNED)
    return tmp_path


def built(
    context: Path, *, preview: bool = False, **args: Any
) -> tuple[Registered, dict[str, str], Recording]:
    """What is registered for a build, what the component tells, and all that happened."""

    def program() -> Any:
        made = ImageBuild("base", {"repository": REPOSITORY, "context": str(context), **args})  # type: ignore[typeddict-item]
        return {"image": made.image, "tag": made.tag, "digest": made.digest, "pin": made.pin}

    recording, told = run(program, preview=preview)
    return recording.registered[IMAGE, "base"], told, recording


def tag(context: Path, **args: Any) -> str:
    registered, *_ = built(context, **args)
    repository, _, found = registered.inputs["tags"][0].rpartition(":")
    assert repository == REPOSITORY
    return found


def refusal(program: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        run(program)
    return str(caught.value)


def test_the_provider_is_told_all_of_it(context: Path) -> None:
    (context / "ci.Dockerfile").write_text(PINNED)
    registered, *_ = built(
        context,
        dockerfile="ci.Dockerfile",
        args={"VERSION": "3"},
        secrets={"npm": SECRET},
        target="ci",
        platforms=["linux/amd64", "linux/arm64"],
        tags=["latest"],
        cache="cache",
    )
    content, latest = registered.inputs["tags"]
    assert re.fullmatch(re.escape(REPOSITORY) + ":content-[0-9a-f]{16}", content)
    assert latest == f"{REPOSITORY}:latest"
    (kept,) = registered.inputs["cacheTo"]
    assert {"ref": f"{REPOSITORY}:cache", "mode": "max"}.items() <= kept["registry"].items()
    # ECR takes no other form.
    assert kept["registry"]["imageManifest"] is kept["registry"]["ociMediaTypes"] is True
    assert {key: each for key, each in registered.inputs.items() if key not in ("tags", "cacheTo")} == {
        "push": True,
        "buildOnPreview": False,
        "network": "default",
        "context": {"location": str(context)},
        "dockerfile": {"location": str(context / "ci.Dockerfile")},
        "buildArgs": {"VERSION": "3"},
        "secrets": {"npm": SECRET},
        "ignoreSecretsInDiffCalculation": ["npm"],
        "target": "ci",
        "platforms": ["linux/amd64", "linux/arm64"],
        "cacheFrom": [{"registry": {"ref": f"{REPOSITORY}:cache"}}],
    }
    assert registered.secrets == {"secrets"}


def test_what_is_not_declared_is_not_told(context: Path) -> None:
    """Not even as an empty value: the provider would see a change in it each time."""
    registered, *_ = built(context)
    assert registered.inputs.keys() == {"push", "buildOnPreview", "network", "context", "dockerfile", "tags"}


def test_it_stays_in_its_repository_below_its_component(context: Path) -> None:
    registered, *_ = built(context)
    assert registered.request.retainOnDelete
    assert registered.parent == "gitlab-runner:index:ImageBuild::base"


def test_it_is_told_by_tag_and_digest(context: Path) -> None:
    _, told, _ = built(context)
    assert told == {
        "image": f"{REPOSITORY}:{told['tag']}@{BUILT}",
        "tag": tag(context),
        "digest": BUILT,
        "pin": f"{told['tag']}@{BUILT}",
    }


def test_a_preview_shows_its_tag(context: Path) -> None:
    registered, *_ = built(context, preview=True)
    assert registered.inputs["tags"] == [f"{REPOSITORY}:{tag(context)}"]


@pytest.mark.parametrize(
    "args",
    [
        {"args": {"VERSION": "3"}},
        {"secrets": {"npm": SECRET}},
        {"target": "ci"},
        {"platforms": ["linux/arm64"]},
        {"tags": ["latest"]},
        {"cache": "cache"},
    ],
    ids=lambda args: next(iter(args)),
)
def test_every_setting_is_part_of_its_tag(context: Path, args: dict[str, Any]) -> None:
    """The provider builds anew when one changes: into the same tag, ECR would not let it push."""
    assert tag(context, **args) != tag(context)


def test_every_file_is_part_of_its_tag(context: Path) -> None:
    before = tag(context)
    (context / "app").write_text("1")
    assert tag(context) != before


def test_neither_a_secret_s_value_nor_the_repository_is_part_of_its_tag(context: Path) -> None:
    one, other = (tag(context, secrets={"npm": value}) for value in (SECRET, pulumi.Output.secret("other")))
    assert one == other
    registered, *_ = built(context, repository="registry.example.com/elsewhere")
    assert registered.inputs["tags"] == [f"registry.example.com/elsewhere:{tag(context)}"]


def test_a_base_image_that_has_moved_is_another_content(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ci/upstream"
    (context / "Dockerfile").write_text(f"ARG TAG=1\nFROM {upstream}:$TAG")
    before = tag(context, registries=UPSTREAM)
    assert tag(context, registries=UPSTREAM) == before
    monkeypatch.setattr(recording_module, "digest_of", lambda asked: BUILT)
    assert tag(context, registries=UPSTREAM) != before


def test_a_base_image_by_digest_is_not_asked_for(context: Path) -> None:
    _, _, recording = built(context)
    assert recording.warnings == []


def test_a_base_image_that_cannot_be_asked_for_counts_by_its_name_with_a_warning(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM debian:12")
    _, told, recording = built(context)
    (warning,) = recording.warnings
    assert "docker.io/library/debian:12: docker.io cannot be reached" in warning
    assert told["tag"] == tag(context)


def test_a_wrong_build_is_refused_with_its_place(context: Path) -> None:
    args: Any = {"repository": REPOSITORY, "context": str(context), "platforms": ["linux/none"]}
    assert "base.platforms[0]\n  found:   'linux/none'" in refusal(lambda: ImageBuild("base", args))


def test_a_context_that_is_not_there_is_refused(context: Path) -> None:
    args: Any = {"repository": REPOSITORY, "context": str(context / "none")}
    assert "base.context\n  found:   " in refusal(lambda: ImageBuild("base", args))


def declaration(context: Path, **build: Any) -> Any:
    """A stack that builds the image of its runner."""
    return {
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base", "ci/other"]}},
        "builds": {"base": {"repository": "team/ci/base", "context": str(context), **build}},
        "runners": {
            "build": {
                "group": 42,
                "image": "team/ci/base",
                "services": [{"name": "team/ci/base", "alias": "itself"}],
                "registries": ["team"],
                "require_digests": True,
                "host": {},
            }
        },
    }


def test_a_runner_runs_what_its_stack_builds(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "NOT_THERE", ("latest",))

    def program() -> Any:
        return RunnerStack("ci", declaration(context)).builds

    recording, told = run(program)
    image = f"{REPOSITORY}:{tag(context)}@{BUILT}"
    assert told == {"base": image}
    assert recording.lacking_outputs() == set()
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    assert files.count(image) == 2
    assert recording.warnings == []


def test_it_is_pushed_to_another_registry_by_its_address(context: Path) -> None:
    declared = declaration(context, repository="other/app")
    declared["registries"]["other"] = {
        "host": "registry.example.com:5000/team",
        "helper": "/usr/bin/docker-credential-x",
    }
    del declared["runners"]
    recording, _ = run(lambda: RunnerStack("ci", declared).builds)
    (pushed,) = recording.registered[IMAGE, "ci-base"].inputs["tags"]
    assert pushed.startswith("registry.example.com:5000/team/app:content-")


def test_files_are_looked_at_before_anything_is_registered(context: Path) -> None:
    seen: list[Recording] = []
    (context / "Dockerfile").unlink()
    with pytest.raises(pulumi.RunError, match=r"stack\.builds\.base\.dockerfile"):
        run(lambda: RunnerStack("ci", declaration(context)), seen=seen)
    assert seen[0].requests == []
