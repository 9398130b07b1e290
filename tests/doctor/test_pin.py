"""`runner-doctor pin`: every image gets its digest, and nothing else of the file changes."""

import json
from pathlib import Path

import pytest

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble
from tests.registry.hostile_registry import ANSWERS, serving

OLD = "sha256:" + "0" * 64


@pytest.fixture
def registry(registry: RegistryDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryDouble:
    """The registry, with this user's credentials for it."""
    auths = {registry.host: {"auth": encoded(USERNAME, PASSWORD)}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    tags = ("1", "2", "3.10", "3.12", "latest")
    registry.images = {f"team/{name}:{tag}": DIGEST for name in ("app", "db") for tag in tags}
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


def test_check_reports_images_that_are_not_pinned_and_tags_that_have_moved(
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


def test_a_moved_tag_is_pinned_again(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    file.write_text(f"a: {{image: '{registry.host}/team/app:1@{OLD}'}}\n")
    assert doctor.run("pin", str(file)) == 0
    assert file.read_text() == f"a: {{image: '{registry.host}/team/app:1@{DIGEST}'}}\n"


def test_images_that_cannot_be_pinned_are_unchanged_and_reported(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    text = f"""a: {{image: "{registry.host}/team/app:gone"}}
b: {{image: "$CI_REGISTRY_IMAGE/app:1"}}
c: {{image: "Bad/Name"}}
"""
    file.write_text(text)
    answer = doctor.json("pin", str(file))
    assert {each["name"] for each in answer["findings"]} == {"cannot-be-pinned"}
    messages = [each["what"] for each in answer["findings"]]
    assert [
        "404" in messages[0],
        "the value of CI_REGISTRY_IMAGE is not known" in messages[1],
        "Bad/Name" in messages[2],
    ] == [True] * 3
    fixes = [each["fix"] for each in answer["findings"]]
    assert fixes[0] == "check the name, the connection to the registry, and `docker login`; then pin again"
    assert fixes[1].startswith("write the full name with its digest")
    assert file.read_text() == text


@pytest.mark.parametrize(
    "name", sorted(ANSWERS.keys() - {"slow-body", "slow-headers", "slow-chunks", "silent"})
)
def test_no_answer_except_a_manifest_pins_an_image(
    doctor: Doctor, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with serving("manifest", ANSWERS[name]) as host:
        text = f'job: {{image: "{host}/team/app:1"}}\n'
        file.write_text(text)
        assert list(doctor.findings("pin", str(file))) == ["cannot-be-pinned"]
    assert file.read_text() == text
    assert "\x1b" not in doctor.output


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
    ("content", "message"),
    [(b"a: [", "this is not valid YAML"), (b"\xff", "is not text in UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_cannot_be_pinned(
    doctor: Doctor, file: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    assert doctor.run("pin", str(file)) == 2
    assert message in doctor.errors


UNPINNABLE = {
    "a matrix": (
        """
variables: {PY: "3.12"}
job:
  parallel: {matrix: [{PY: ["3.10", "3.12"]}]}
  image: HOST/team/app:$PY
""",
        "it is HOST/team/app:3.10 and HOST/team/app:3.12, depending on the job",
    ),
    "an extending job": (
        """
.base:
  variables: {PY: "3.12"}
  image: HOST/team/app:$PY
new: {extends: .base}
old: {extends: .base, variables: {PY: "3.10"}}
""",
        "which have different digests",
    ),
    "a job under default": (
        """
default: {image: "HOST/team/app:$PY"}
variables: {PY: "3.12"}
new: {script: [a]}
old: {script: [a], variables: {PY: "3.10"}}
""",
        "which have different digests",
    ),
    "rules": (
        """
variables: {PY: "3.12"}
job:
  image: HOST/team/app:$PY
  rules: [{if: $CI_COMMIT_TAG, variables: {PY: "3.10"}}, {when: on_success}]
""",
        "which have different digests",
    ),
    "rules of the workflow": (
        """
variables: {PY: "3.12"}
workflow: {rules: [{if: $CI_COMMIT_TAG, variables: {PY: "3.10"}}, {when: always}]}
job: {image: "HOST/team/app:$PY"}
""",
        "which have different digests",
    ),
    "a conditional include": (
        """
include: [new.yml, {local: old.yml, rules: [{if: $OLD}]}]
job: {extends: .base, image: "HOST/team/app:$PY"}
""",
        "which have different digests",
    ),
    "a digest for several tags": (
        """
variables: {PY: "3.12"}
job:
  parallel: {matrix: [{PY: ["3.10", "3.12"]}]}
  image: HOST/team/app:$PY@OLD
""",
        "which have different digests",
    ),
    "a block scalar": ("job:\n  image: >-\n    HOST/team/app:1\n", "it is a block scalar"),
    "a literal block scalar": (
        "job:\n  image:\n    name: |-\n      HOST/team/app:1\n",
        "it is a block scalar",
    ),
    "an input": (
        "spec: {inputs: {v: {default: '1'}}}\n---\njob: {image: 'HOST/team/app:$[[ inputs.v ]]'}\n",
        "it contains an input",
    ),
    "a text with another use": (
        "variables: {IMG: &img 'HOST/team/app:1'}\njob: {image: *img, script: ['echo $IMG']}\n",
        "also used for another key",
    ),
    "a text with another use in the default": (
        "default: {image: &img 'HOST/team/app:1', before_script: [*img]}\njob: {script: [x]}\n",
        "also used for another key",
    ),
    "a text with another use in an image": (
        "job: {image: {name: &img 'HOST/team/app:1', entrypoint: [*img]}}\n",
        "also used for another key",
    ),
    "a text with another use in a service": (
        "job: {services: [{name: &db 'HOST/team/app:1', alias: *db}]}\n",
        "also used for another key",
    ),
    "a reference with another use": (
        ".i: {image: 'HOST/team/app:1'}\njob: {image: !reference [.i, image], x: [!reference [.i, image]]}\n",
        "also used for another key",
    ),
}


@pytest.mark.parametrize("kind", UNPINNABLE)
def test_a_name_that_one_digest_does_not_fit_is_unchanged(
    doctor: Doctor, registry: RegistryDouble, file: Path, kind: str
) -> None:
    """A digest overrides the tag: it is written only where all jobs that use the name run the same image."""
    text, message = (each.replace("HOST", registry.host).replace("OLD", OLD) for each in UNPINNABLE[kind])
    (file.parent / "new.yml").write_text(".base: {variables: {PY: '3.12'}}\n")
    (file.parent / "old.yml").write_text(".base: {variables: {PY: '3.10'}}\n")
    file.write_text(text)
    found = doctor.findings("pin", str(file))
    assert list(found) == ["cannot-be-pinned"]
    assert message in found["cannot-be-pinned"]["what"]
    assert file.read_text() == text
    assert doctor.run("pin", "--check", str(file)) == 1


@pytest.mark.parametrize(
    ("tags", "shown"),
    [
        ("1, 2", "it is x:1 and x:2, depending on the job, which have different digests"),
        ("1, 2, 3", "it is x:1 and x:2 and x:3, depending on the job, which have different digests"),
        (
            "1, 2, 3, 4",
            "it is x:1 and x:2 and x:3 and others, depending on the job, which have different digests",
        ),
    ],
)
def test_the_first_three_names_that_result_in_jobs_are_shown(
    doctor: Doctor, file: Path, tags: str, shown: str
) -> None:
    file.write_text(f"job: {{image: 'x:$T', parallel: {{matrix: [{{T: [{tags}]}}]}}}}\n")
    assert doctor.findings("pin", str(file))["cannot-be-pinned"]["what"] == f"x:$T: {shown}"


@pytest.mark.parametrize(
    ("text", "expected_message"),
    [
        ("variables: {IMG: 'HOST/team/app:1@OLD'}\njob: {image: $IMG}\n", "its digest is in a variable"),
        ("variables: {TAG: '1@OLD'}\njob: {image: 'HOST/team/app:$TAG'}\n", "its digest is in a variable"),
        ("job: {image: $IMG, parallel: {matrix: [{IMG: ['a:1@OLD', 'b:1@OLD']}]}}\n", "its digest is in a"),
        ("job: {image: '$REG/app@OLD', parallel: {matrix: [{REG: [a, b]}]}}\n", "a digest and no tag"),
    ],
)
def test_a_name_that_contains_a_digest_is_unchanged(
    doctor: Doctor, registry: RegistryDouble, file: Path, text: str, expected_message: str
) -> None:
    text = text.replace("HOST", registry.host).replace("OLD", OLD)
    file.write_text(text)
    answer = doctor.json("pin", str(file))
    assert expected_message in answer["images"][0]["message"]
    assert answer["findings"] == []
    assert file.read_text() == text
    assert registry.manifests() == []


def test_a_digest_in_a_variable_from_outside(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    file.write_text("job: {image: $IMG}\n")
    assert doctor.run("pin", str(file), "--variable", f"IMG={registry.host}/team/app:1@{OLD}") == 0
    assert file.read_text() == "job: {image: $IMG}\n"


@pytest.mark.parametrize(
    "text",
    [
        ".defs: {node: &node {image: 'HOST/team/app:1'}}\njob: {<<: *node, script: [a]}\n",
        ".defs: {deep: {deeper: {node: &node {name: 'HOST/team/app:1'}}}}\njob: {image: *node}\n",
        ".images: {node: 'HOST/team/app:1'}\njob: {image: !reference [.images, node]}\n",
        ".i: {dbs: ['HOST/team/app:1']}\njob: {image: 'x:1@OLD', services: [!reference [.i, dbs]]}\n",
        ".unused: {image: 'HOST/team/app:1'}\n",
        "default: {image: 'HOST/team/app:1'}\n",
        "default: {image: 'HOST/team/app:1'}\njob: {image: 'x:1@OLD'}\n",
        ".base: {image: 'HOST/team/app:$TAG'}\njob: {extends: .base, variables: {TAG: '1'}}\n",
        "job: {image: 'HOST/team/app:$TAG', variables: {TAG: '1'}, parallel: {matrix: [{A: [x, y]}]}}\n",
        "spec: {inputs: {v: {default: long}}}\n---\n'$[[ inputs.v ]]': {image: 'HOST/team/app:1'}\n",
        "spec: {inputs: {v: {default: a}}}\n---\njob: {image: 'HOST/team/app:1', x: '$[[ inputs.v ]]'}\n",
        "\ufeff# é😀\r\njob:\r\n  image: 'HOST/team/app:1' # 😀\r\n",
    ],
)
def test_an_image_is_pinned_at_every_place_that_names_it(
    doctor: Doctor, registry: RegistryDouble, file: Path, text: str
) -> None:
    text = text.replace("HOST", registry.host).replace("OLD", OLD)
    file.write_bytes(text.encode())
    assert doctor.run("pin", "--check", str(file)) == 1
    assert doctor.run("pin", str(file)) in (0, 1)
    expected = text
    for tag in ("app:1", "app:$TAG"):
        expected = expected.replace(f"{tag}'", f"{tag}@{DIGEST}'")
    assert file.read_bytes().decode() == expected


def test_images_with_an_input_are_in_the_order_of_the_file(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    images = [f"{registry.host}/team/app:{each}" for each in ("$[[ inputs.v ]]", "1", "$[[ inputs.v ]]")]
    jobs = "".join(f"{name}: {{image: '{image}'}}\n" for name, image in zip("abc", images, strict=True))
    file.write_text(f"spec: {{inputs: {{v: {{default: '1'}}}}}}\n---\n{jobs}")
    answer = doctor.json("pin", "--check", str(file))
    assert [each["line"] for each in answer["images"]] == [3, 4, 5]


def test_a_variable_in_a_hidden_job_that_no_job_uses_is_unchanged(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    """A job that extends it may set the variable to another value."""
    text = f".unused: {{image: '{registry.host}/team/app:$TAG', variables: {{TAG: '1'}}}}\n"
    file.write_text(text)
    assert doctor.run("pin", str(file)) == 0
    assert file.read_text() == text


def test_local_includes_are_pinned_in_their_own_files(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    file.write_text(f"include: [ci/**.yml]\njob: {{extends: .base, image: '{registry.host}/team/app:1'}}\n")
    included = file.parent / "ci" / "base.yml"
    included.parent.mkdir()
    included.write_text(f".base:\n  services: [{registry.host}/team/db:1]  # theirs\n")
    answer = doctor.json("pin", str(file), "--check")
    assert [(each["file"], each["line"]) for each in answer["images"]] == [(str(file), 2), (str(included), 2)]
    assert doctor.run("pin", str(file)) == 0
    assert included.read_text() == f".base:\n  services: [{registry.host}/team/db:1@{DIGEST}]  # theirs\n"
    assert doctor.run("pin", "--check", str(file)) == 0


def test_a_file_that_is_included_twice_with_other_inputs(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    (file.parent / "scan.yml").write_text(
        f"spec: {{inputs: {{n: }}}}\n---\n'scan-$[[ inputs.n ]]': {{image: '{registry.host}/team/app:1'}}\n"
    )
    file.write_text(
        "include: [{local: scan.yml, inputs: {n: a}}, {local: scan.yml, inputs: {n: a long one}}]\n"
    )
    assert doctor.run("pin", str(file)) == 0
    assert (file.parent / "scan.yml").read_text().endswith(f"team/app:1@{DIGEST}'}}\n")


def test_an_include_that_was_not_read_is_a_finding(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    text = f"""
include: [{{template: Jobs/SAST.gitlab-ci.yml}}]
variables: {{TAG: "1"}}
job: {{image: "{registry.host}/team/app:1@{DIGEST}"}}
other: {{image: "{registry.host}/team/app:$TAG"}}
"""
    file.write_text(text)
    found = doctor.findings("pin", str(file))
    assert "template Jobs/SAST.gitlab-ci.yml" in found["not-read"]["what"]
    assert "TAG may be set in an include that was not read" in found["cannot-be-pinned"]["what"]
    assert file.read_text() == text
    doctor.run("pin", str(file), "--variable", "TAG=1")
    assert file.read_text() == text.replace("app:$TAG", f"app:$TAG@{DIGEST}")


def test_the_file_is_named_as_in_the_arguments(
    doctor: Doctor, registry: RegistryDouble, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.write_text(f"job: {{image: '{registry.host}/team/app:1'}}\n")
    found = doctor.findings("pin", "--check", ".gitlab-ci.yml")
    assert found["not-pinned"]["where"] == ".gitlab-ci.yml, line 1"


def test_every_digest_stays_correct_where_tags_differ(
    doctor: Doctor, registry: RegistryDouble, file: Path
) -> None:
    """Two places of one name are pinned in the same way, regardless of the rest of their jobs."""
    other = "sha256:" + "1" * 64
    registry.images["team/app:2"] = other
    file.write_text(f"a: {{image: '{registry.host}/team/app:1'}}\nb: {{image: {registry.host}/team/app:2}}\n")
    assert doctor.run("pin", str(file)) == 0
    assert file.read_text() == (
        f"a: {{image: '{registry.host}/team/app:1@{DIGEST}'}}\n"
        f"b: {{image: {registry.host}/team/app:2@{other}}}\n"
    )


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("job: {image: 'HOST/team/app:$V'}\n", "or give the value: --variable V=…"),
        ("job: {image: 'HOST/team/app:${V:-1}'}\n", "write [HOST[:PORT]/]REPOSITORY"),
        ("a: {image: $V, parallel: {matrix: [{V: [a, b]}]}}\n", "write the full name with its digest"),
        ("job: {image: 'HOST/team/gone:1'}\n", "check the name, the connection"),
        ("job:\n  image: >-\n    HOST/team/app:1\n", "write the name as a quoted string"),
        ("include: {template: T}\nvariables: {V: 'HOST/team/app:1'}\njob: {image: $V}\n", "--gitlab URL"),
    ],
)
def test_the_fix_depends_on_the_reason(
    doctor: Doctor, registry: RegistryDouble, file: Path, text: str, fix: str
) -> None:
    file.write_text(text.replace("HOST", registry.host))
    found = doctor.json("pin", "--check", str(file))["findings"][0]
    assert found["name"] == "cannot-be-pinned"
    assert found["fix"].partition(fix)[1]


def test_child_pipelines_are_named(doctor: Doctor, registry: RegistryDouble, file: Path) -> None:
    """The check reports which images it does not see; the file is examined on its own."""
    file.write_text(
        f"job: {{image: '{registry.host}/team/app@{OLD}'}}\nchild: {{trigger: {{include: c.yml}}}}\n"
    )
    assert doctor.run("pin", "--check", str(file)) == 0
    assert "not read: c.yml, the pipeline that child starts: examine that file separately" in doctor.errors
