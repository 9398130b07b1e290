"""Images that are built: the inputs of the provider, and the images that runners use."""

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


def record_build(
    context: Path, *, preview: bool = False, **args: Any
) -> tuple[Registered, dict[str, str], Recording]:
    """The registered image of a build, the outputs of the component, and the recording."""

    def program() -> Any:
        build = ImageBuild("base", {"repository": REPOSITORY, "context": str(context), **args})  # type: ignore[typeddict-item]
        return {"image": build.image, "tag": build.tag, "digest": build.digest, "pin": build.pin}

    recording, outputs = run(program, preview=preview)
    return recording.registered[IMAGE, "base"], outputs, recording


def tag(context: Path, **args: Any) -> str:
    registered, *_ = record_build(context, **args)
    repository, _, found = registered.inputs["tags"][0].rpartition(":")
    assert repository == REPOSITORY
    return found


def refusal(program: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        run(program)
    return str(caught.value)


def test_the_provider_receives_every_setting(context: Path) -> None:
    (context / "ci.Dockerfile").write_text(PINNED)
    registered, *_ = record_build(
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
    (cache_to,) = registered.inputs["cacheTo"]
    assert {"ref": f"{REPOSITORY}:cache", "mode": "max"}.items() <= cache_to["registry"].items()
    # ECR accepts no other form.
    assert cache_to["registry"]["imageManifest"] is cache_to["registry"]["ociMediaTypes"] is True
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


def test_the_provider_receives_only_declared_settings(context: Path) -> None:
    """For an empty value, each preview of the provider would show a change."""
    registered, *_ = record_build(context)
    assert registered.inputs.keys() == {"push", "buildOnPreview", "network", "context", "dockerfile", "tags"}


def test_an_image_is_retained_on_deletion_and_a_child_of_its_component(context: Path) -> None:
    registered, *_ = record_build(context)
    assert registered.request.retainOnDelete
    assert registered.parent == "gitlab-runner:index:ImageBuild::base"


def test_the_outputs_have_the_tag_and_the_digest(context: Path) -> None:
    _, outputs, _ = record_build(context)
    assert outputs == {
        "image": f"{REPOSITORY}:{outputs['tag']}@{BUILT}",
        "tag": tag(context),
        "digest": BUILT,
        "pin": f"{outputs['tag']}@{BUILT}",
    }


def test_a_preview_shows_the_tag(context: Path) -> None:
    registered, *_ = record_build(context, preview=True)
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
def test_every_setting_changes_the_tag(context: Path, args: dict[str, Any]) -> None:
    """The provider builds again when a setting changes, and ECR would refuse a push to the same tag."""
    assert tag(context, **args) != tag(context)


def test_every_file_changes_the_tag(context: Path) -> None:
    before = tag(context)
    (context / "app").write_text("1")
    assert tag(context) != before


def test_neither_the_value_of_a_secret_nor_the_repository_changes_the_tag(context: Path) -> None:
    one, other = (tag(context, secrets={"npm": value}) for value in (SECRET, pulumi.Output.secret("other")))
    assert one == other
    registered, *_ = record_build(context, repository="registry.example.com/elsewhere")
    assert registered.inputs["tags"] == [f"registry.example.com/elsewhere:{tag(context)}"]


def test_a_base_image_with_a_new_digest_changes_the_tag(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ci/upstream"
    (context / "Dockerfile").write_text(f"ARG TAG=1\nFROM {upstream}:$TAG")
    before = tag(context, registries=UPSTREAM)
    assert tag(context, registries=UPSTREAM) == before
    monkeypatch.setattr(recording_module, "digest_of", lambda query: BUILT)
    assert tag(context, registries=UPSTREAM) != before


def test_a_base_image_with_a_digest_is_not_looked_up(context: Path) -> None:
    _, _, recording = record_build(context)
    assert recording.warnings == []


def test_a_base_image_that_cannot_be_looked_up_is_a_warning(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM debian:12")
    _, outputs, recording = record_build(context)
    (warning,) = recording.warnings
    assert "docker.io/library/debian:12: docker.io cannot be reached" in warning
    assert outputs["tag"] == tag(context)


def test_an_invalid_build_is_refused_with_its_path(context: Path) -> None:
    args: Any = {"repository": REPOSITORY, "context": str(context), "platforms": ["linux/none"]}
    assert "base.platforms[0]\n  found:   'linux/none'" in refusal(lambda: ImageBuild("base", args))


def test_a_missing_context_is_refused(context: Path) -> None:
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


def test_a_runner_uses_the_image_that_its_stack_builds(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "NOT_THERE", ("latest",))

    def program() -> Any:
        return RunnerStack("ci", declaration(context)).builds

    recording, outputs = run(program)
    image = f"{REPOSITORY}:{tag(context)}@{BUILT}"
    assert outputs == {"base": image}
    assert recording.lacking_outputs() == set()
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    assert files.count(image) == 2
    assert recording.warnings == []


def test_an_image_is_pushed_to_the_host_of_another_registry(context: Path) -> None:
    declared = declaration(context, repository="other/app")
    declared["registries"]["other"] = {
        "host": "registry.example.com:5000/team",
        "helper": "/usr/bin/docker-credential-x",
    }
    del declared["runners"]
    recording, _ = run(lambda: RunnerStack("ci", declared).builds)
    (pushed,) = recording.registered[IMAGE, "ci-base"].inputs["tags"]
    assert pushed.startswith("registry.example.com:5000/team/app:content-")


def test_files_are_checked_before_anything_is_registered(context: Path) -> None:
    seen: list[Recording] = []
    (context / "Dockerfile").unlink()
    with pytest.raises(pulumi.RunError, match=r"stack\.builds\.base\.dockerfile"):
        run(lambda: RunnerStack("ci", declaration(context)), seen=seen)
    assert seen[0].requests == []
