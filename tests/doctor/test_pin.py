"""`runner-doctor pin`: every image gets its digest, and nothing else of the file changes."""

import json
from pathlib import Path

import pytest

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble

OLD = "sha256:" + "0" * 64


@pytest.fixture
def registry(registry: RegistryDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryDouble:
    """The registry, with this user's credentials for it."""
    auths = {registry.host: {"auth": encoded(USERNAME, PASSWORD)}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    registry.images = {f"team/{name}:{tag}": DIGEST for name in ("app", "db") for tag in ("1", "latest")}
    return registry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".gitlab-ci.yml"


def test_comments_and_layout_stay(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    text = """# a comment: HOST/team/app:1 stays
variables:
    TAG:   "1"   # odd spaces stay
default:
    image:   'HOST/team/app:1'   # and this
.base: &base
  services: [ "HOST/team/db:$TAG", {name: HOST/team/db, alias: db} ]
job:
  <<: *base
  image:
    name: &name $REGISTRY/team/app:${TAG}
  variables: {REGISTRY: HOST}
  script:
    - "image: HOST/team/app:1"
other: {image: HOST/team/app@DIGEST}
another: {image: &quoted  !!str "HOST/team/app:1"}
once more: {image: *quoted}
""".replace("HOST", registry.host)
    file.write_bytes(text.replace("DIGEST", OLD).replace("\n", "\r\n").encode())
    assert doctor.run("pin", str(file)) == 0
    expected = (
        text.replace(f"'{registry.host}/team/app:1'", f"'{registry.host}/team/app:1@{DIGEST}'")
        .replace(f'!!str "{registry.host}/team/app:1"', f'!!str "{registry.host}/team/app:1@{DIGEST}"')
        .replace("/team/db:$TAG", f"/team/db:$TAG@{DIGEST}")
        .replace("/team/db,", f"/team/db:latest@{DIGEST},")
        .replace("${TAG}", f"${{TAG}}@{DIGEST}")
        .replace("@DIGEST", f"@{OLD}")
    )
    assert file.read_bytes().decode() == expected.replace("\n", "\r\n")
    assert doctor.run("pin", str(file), "--check") == 0


def test_check_says_what_is_not_pinned_and_what_has_moved(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    text = f"""a: {{image: "{registry.host}/team/app:1"}}
b: {{image: "{registry.host}/team/app:1@{OLD}"}}
c: {{image: "{registry.host}/team/app:1@{DIGEST}"}}
"""
    file.write_text(text)
    answer = doctor.json("pin", str(file), "--check")
    assert len(registry.manifests()) == 1
    assert [image["state"] for image in answer["images"]] == ["not pinned", "moved", "pinned"]
    assert [(each["name"], each["where"]) for each in answer["findings"]] == [
        ("not-pinned", f"{file}, line 1"),
        ("tag-moved", f"{file}, line 2"),
    ]
    assert file.read_text() == text


def test_a_moved_tag_is_pinned_anew(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    file.write_text(f"a: {{image: '{registry.host}/team/app:1@{OLD}'}}\n")
    assert doctor.run("pin", str(file)) == 0
    assert file.read_text() == f"a: {{image: '{registry.host}/team/app:1@{DIGEST}'}}\n"


def test_what_cannot_be_pinned_stays_and_is_told(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    text = f"""a: {{image: "{registry.host}/team/app:gone"}}
b: {{image: "$CI_REGISTRY_IMAGE/app:1"}}
c: {{image: "Bad/Name"}}
"""
    file.write_text(text)
    answer = doctor.json("pin", str(file))
    assert {each["name"] for each in answer["findings"]} == {"cannot-be-pinned"}
    said = [each["what"] for each in answer["findings"]]
    assert ["404" in said[0], "CI_REGISTRY_IMAGE has no value" in said[1], "Bad/Name" in said[2]] == [
        True
    ] * 3
    assert file.read_text() == text


def test_variables_from_outside(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    file.write_text("a: {image: $CI_REGISTRY_IMAGE:1}\n")
    assert doctor.run("pin", str(file), "--variable", f"CI_REGISTRY_IMAGE={registry.host}/team/app") == 0
    assert file.read_text() == f"a: {{image: $CI_REGISTRY_IMAGE:1@{DIGEST}}}\n"


def test_each_image_is_asked_for_once(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    file.write_text("".join(f"j{n}: {{image: '{registry.host}/team/app:1'}}\n" for n in range(20)))
    assert doctor.run("pin", str(file)) == 0
    assert len(registry.manifests()) == 1
    assert file.read_text().count(DIGEST) == 20


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a: [", "this is not YAML"), (b"\xff", "is not text in UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_cannot_be_pinned(doctor: Doctor, file: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        file.write_bytes(content)
    assert doctor.run("pin", str(file)) == 2
    assert said in doctor.errors
